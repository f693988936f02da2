"""What a look-up of a git repository is asked and what it answers: what a branch holds, without fetching any data.

The order goes in as one JSON document in the environment, the answer comes back as the pod's termination message, as
for a training. It knows neither who asks nor what follows from the answer.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from sentiment_contract.base import Wire
from sentiment_contract.data import DVCSource
from sentiment_contract.parameters import Parameters, ParametersFrom
from sentiment_contract.training import TrainingFailed
from sentiment_contract.values import DataContent, GitCommit

LOOK_UP_VARIABLE = "SENTIMENT_LOOK_UP_ORDER"


class LookUpOrder(Wire):
    """One look-up, as the operator asks for it."""

    namespace: str
    model: str
    source: DVCSource
    parameters_from: ParametersFrom | None = None


class LookedUp(Wire):
    """The answer of a look-up that found everything."""

    outcome: Literal["LookedUp"] = "LookedUp"
    commit: GitCommit
    content: DataContent
    parameters: Parameters | None = Field(
        default=None, description="What parametersFrom holds, where it was asked for."
    )


LookUpAnswer = TypeAdapter[LookedUp | TrainingFailed](
    Annotated[LookedUp | TrainingFailed, Field(discriminator="outcome")]
)

"""Searching for parameters, as a person asks for it and as it is told: a part of spec.training and of its status.

As in model.py, descriptions and bounds are those of the CRD schema. This module knows no client and no clock.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from sentiment_contract.base import Wire
from sentiment_contract.searching import Search

QueueName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", min_length=1, max_length=63)]


class SearchSpec(Search):
    """Sets of parameters to try by cross-validation before the best of them is trained with."""

    parallelism: int = Field(
        default=2, ge=1, le=50, description="Pods that try at once, each with the resources of a training."
    )
    queue_name: QueueName | None = Field(
        default=None,
        description="Queue of Kueue that the Job of the search waits in, its label kueue.x-k8s.io/queue-name. Absent: none.",
    )

    def of_recipe(self) -> Search:
        """What decides which version comes out: how many pods try at once does not."""
        return Search(strategy=self.strategy, parameters=self.parameters, max_trials=self.max_trials)


class BestTried(Wire):
    """The best set of parameters, for people. The version that is trained with it records all of them."""

    trial: int = Field(ge=1, description="Number of its trial.")
    accuracy: Annotated[str, StringConstraints(max_length=32)] = Field(
        description="Share of the reviews to learn from that it got right in cross-validation."
    )
    parameters: Annotated[str, StringConstraints(max_length=512)] = Field(
        default="", description="The values of what was searched."
    )


class SearchStatus(Wire):
    """How far the search for the parameters of the wanted version is, or what it came to."""

    job_name: Annotated[str, StringConstraints(max_length=256)] = Field(
        default="", description="Name of the Job. Empty: it is gone."
    )
    trials: int = Field(default=0, ge=0, description="How many sets of parameters are tried.")
    done: int = Field(default=0, ge=0, description="How many of them ended well, in groups that are done.")
    failed: int = Field(default=0, ge=0, description="How many could not be tried.")
    best: BestTried | None = Field(default=None, description="The best of those that ended well.")

"""What a followed branch or tag was last found to hold, as it stands in the status of its model.

It stands there so that no process has to remember it: a new one trains nothing that was trained, and an unreachable
repository takes nothing away. This module knows neither how it is looked up nor what follows from it.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from sentiment_contract.base import Wire
from sentiment_contract.values import DataContent, GitCommit


class Followed(Wire):
    """One answer of a look-up."""

    question: Annotated[str, StringConstraints(max_length=64)] = Field(
        description="Hash of what was looked up: repository, revision and paths. Of anything else nothing is known yet."
    )
    revision: Annotated[str, StringConstraints(max_length=255)] = Field(
        description="The branch or tag that was looked up."
    )
    commit: GitCommit = Field(description="The commit that it stood for.")
    content: DataContent = Field(description="Hash that git or DVC names the data file by at that commit.")
    parameters: Annotated[str, StringConstraints(max_length=2048)] = Field(
        default="", description="What training.parametersFrom held there, as JSON."
    )
    time: Annotated[str, Field(max_length=40, json_schema_extra={"format": "date-time"})] = Field(
        description="When it was first found so, RFC 3339."
    )

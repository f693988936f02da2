"""A person's answer to one trained version as a value. Admission proves who gave it: see the chart's policies.

As in model.py, descriptions and bounds are those of the CRD schema. This module knows no client and no clock.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from sentiment_contract.base import Wire
from sentiment_contract.values import Sha256
from sentiment_operator.api.model import VersionLabel
from sentiment_operator.api.promotion import Decision, UserName
from sentiment_operator.api.stages import ModelReference

Note = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x08\x0b-\x1f]+$", min_length=1, max_length=1024)]
"""Free text of several lines."""


class SentimentModelApprovalSpec(Wire):
    """One person's answer to one revision: who says yes or no, and to exactly which bytes."""

    model_ref: ModelReference = Field(
        description="The model whose version is answered for. Whoever answers needs the verb approve on it."
    )
    version: VersionLabel = Field(description="Label of the version that is answered for.")
    revision_digest: Sha256 = Field(
        description=(
            "Digest of exactly what is answered for: spec.artifactDigest of the SentimentModelRevision <model>.<version>."
            " An answer to other bytes does not count."
        )
    )
    decision: Decision = Field(
        description=(
            "Approve or Reject. One Reject keeps the version from serving, however many approve it. Of several answers of"
            " one person the latest counts."
        )
    )
    note: Note | None = Field(default=None, description="Why, for those who read it later.")
    approved_by: UserName = Field(
        description="Who answers. Has to be the user who creates this: nobody answers in another's name."
    )

"""What a version has to pass before it serves, and who may let it: gates, approvals, and the evidence that they leave.

As in model.py, descriptions and bounds are those of the CRD schema. This module knows no client and no clock.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from sentiment_contract.base import Wire
from sentiment_contract.gates import OnFailure, Verdict
from sentiment_operator.api.stages import NamespaceName, PromotionSource

UserName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]+$", min_length=1, max_length=256)]
Figure = Annotated[str, StringConstraints(max_length=32)]
Short = Annotated[str, StringConstraints(max_length=256)]
Text = Annotated[str, StringConstraints(max_length=1024)]
Moment = Annotated[str, Field(max_length=40, json_schema_extra={"format": "date-time"})]


class ApprovalPolicy(StrEnum):
    """Whether a person has to agree."""

    NONE = "None"
    MANUAL = "Manual"


class SeparationOfDuties(StrEnum):
    """Whether the person who agrees has to be another than those who asked for the version and wrote what it learnt."""

    NONE = "None"
    REQUIRED = "Required"


class Approval(Wire):
    """Which agreement a new version needs."""

    policy: ApprovalPolicy = Field(
        default=ApprovalPolicy.NONE, description="Manual: a new version serves once people have approved it."
    )
    min_approvals: int = Field(default=1, ge=1, le=10, description="How many different people have to approve.")
    separation_of_duties: SeparationOfDuties = Field(
        default=SeparationOfDuties.NONE,
        description=(
            "Required: an approval by the person named in requestedBy does not count, nor one by who wrote the commit that the"
            " version was trained from, where the user name is that person's e-mail address."
        ),
    )


class Promotion(Wire):
    """What a version needs, beyond its gates, to serve."""

    source: PromotionSource | None = Field(
        default=None,
        alias="from",
        description=(
            "Serve only what this other model has served in good health: the same bytes, after the gates and approvals of"
            " this one. Nothing is trained here. Instead of spec.data."
        ),
    )
    allowed_namespaces: tuple[NamespaceName, ...] = Field(
        default=(),
        max_length=20,
        description="Other namespaces whose models may follow this one, or be compared with it.",
    )
    approval: Approval = Field(default=Approval(), description="Which agreement a new version needs.")
    requested_by: UserName | None = Field(
        default=None,
        description=(
            "Who asks for what the spec says: has to be the user who writes it. Required with separationOfDuties Required."
        ),
    )


class GateEvidence(Wire):
    """What one gate came to for one version. Kept for good: going back to a proven version needs no new gate."""

    name: Short = Field(description="Name of the gate.")
    verdict: Verdict = Field(description="Passed, Failed or Inconclusive.")
    on_failure: OnFailure = Field(default=OnFailure.BLOCK, description="What was to follow where it is not passed.")
    message: Text = Field(default="", description="The figures and what they were held against, in one sentence.")
    metric: Short = Field(default="", description="What was measured.")
    value: Figure = Field(default="", description="The version's figure, a decimal string.")
    threshold: Figure = Field(default="", description="What it was held against.")
    baseline_version: Short = Field(default="", description="The version it was compared with.")
    baseline_value: Figure = Field(default="", description="That version's figure on the same reviews.")
    low: Figure = Field(default="", description="Lower bound of the difference, one-sided, 95 % confidence.")
    high: Figure = Field(default="", description="Upper bound of the difference, one-sided, 95 % confidence.")
    p_value: Figure = Field(default="", description="McNemar's exact test, two-sided.")
    samples: int = Field(default=0, ge=0, description="Reviews that were scored; 0: the figure is the training's own.")
    time: Moment = Field(description="When it was judged, RFC 3339.")
    key: Short = Field(default="", description="Hash of the gate and of the digests it was judged for.")
    retry: Short = Field(default="", description="Value of the retry annotation at that time.")


class Decision(StrEnum):
    """A person's answer."""

    APPROVE = "Approve"
    REJECT = "Reject"


class ApprovalEvidence(Wire):
    """One person's answer for one version, copied so that it outlives the SentimentModelApproval."""

    approval: Short = Field(description="Name of the SentimentModelApproval.")
    uid: Short = Field(description="Its uid.")
    approved_by: UserName = Field(description="Who answered, as admission made sure.")
    decision: Decision = Field(description="Approve or Reject.")
    note: Text = Field(default="", description="What the person wrote.")
    time: Moment = Field(description="When the person answered, RFC 3339.")

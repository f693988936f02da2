"""What would follow if a suspended model went on: the part of its status that is a forecast.

As in model.py, descriptions and bounds are those of the CRD schema. This module knows no client and no clock.
"""

from enum import StrEnum

from pydantic import Field

from sentiment_contract.base import Wire
from sentiment_operator.api.promotion import Figure, Short, Text


class Action(StrEnum):
    """How the wanted version would be had."""

    NOTHING = "Nothing"
    SERVE = "Serve"
    REUSE = "Reuse"
    PROMOTE = "Promote"
    TRAIN = "Train"
    UNKNOWN = "Unknown"


class GateOutlook(StrEnum):
    """What stands before a gate."""

    PASSED = "Passed"
    FAILED = "Failed"
    INCONCLUSIVE = "Inconclusive"
    OPEN = "Open"
    NOT_REQUIRED = "NotRequired"


class Room(StrEnum):
    """Whether there are nodes for the pods to come."""

    ENOUGH = "Enough"
    NOT_ENOUGH = "NotEnough"
    UNKNOWN = "Unknown"


class PreviewedGate(Wire):
    """One gate of the spec."""

    name: Short = Field(description="Its name.")
    outlook: Short = Field(description="Passed, Failed, Inconclusive; Open: yet to be judged; or NotRequired.")


class Preview(Wire):
    """What would follow for the wanted version. Words that come from other parts of the API have no list here."""

    action: Short = Field(
        description=(
            "Serve: it exists, or serves already and how it does would change. Reuse: MLflow holds it."
            " Promote: the followed model has proven it. Train."
            " Nothing: something is in the way. Unknown: it cannot be told yet."
        )
    )
    why: Text = Field(default="", description="Why that.")
    summary: Text = Field(default="", description="All of this in one sentence.")
    job_cpu: Figure = Field(default="", alias="jobCPU", description="CPU for the Job that trains or compares.")
    job_memory: Figure = Field(default="", description="Its memory.")
    gates: tuple[PreviewedGate, ...] = Field(default=(), max_length=10, description="What is to be proven.")
    approvals: Short = Field(default="", description="There, of how many; NotRequired; or Rejected.")
    strategy: Short = Field(default="", description="How it would take over.")
    surge_pods: int = Field(default=0, ge=0, description="Most serving pods beyond those that run now.")
    surge_cpu: Figure = Field(default="", alias="surgeCPU", description="CPU for them all.")
    surge_memory: Figure = Field(default="", description="Memory for them all.")
    room: Short = Field(
        default="",
        description=(
            "Whether untainted nodes have it left, by requests: Enough, NotEnough or Unknown. Quotas, affinities and"
            " autoscaling of nodes are not looked at."
        ),
    )
    room_message: Text = Field(default="", description="How much, or why that is not known.")
    refused: Text = Field(default="", description="Why the API server refuses the first write, by a dry run.")
    go_back: Text = Field(default="", description="The command that wants what serves again.")

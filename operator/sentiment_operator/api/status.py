"""What the operator answers in the status of a SentimentModel. What a person may write: model.py.

The field descriptions are the documentation that `kubectl explain` prints, and the bounds are those of the CRD schema:
both are generated from here. This module knows no client and no clock.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from sentiment_contract.base import Wire
from sentiment_operator.api.following import Followed
from sentiment_operator.api.model import Message, ShortText, Timestamp
from sentiment_operator.api.notifications import MOST_RECORDS, NotificationRecord
from sentiment_operator.api.preview import Preview
from sentiment_operator.api.promotion import ApprovalEvidence, GateEvidence, UserName
from sentiment_operator.api.rollout import RolloutStatus
from sentiment_operator.api.search import SearchStatus


class ConditionType(StrEnum):
    """Every condition a SentimentModel carries, in the order they are shown."""

    READY = "Ready"
    AVAILABLE = "Available"
    ACCEPTED = "Accepted"
    DEPENDENCIES_READY = "DependenciesReady"
    DATA_VERIFIED = "DataVerified"
    TRAINED = "Trained"
    REGISTERED = "Registered"
    GATES_PASSED = "GatesPassed"
    ROLLED_OUT = "RolledOut"
    UP_TO_DATE = "UpToDate"
    LINEAGE_VERIFIED = "LineageVerified"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    AWAITING_APPROVAL = "AwaitingApproval"
    DRIFTED = "Drifted"
    NOTIFIED = "Notified"


class Condition(Wire):
    """One observation about the model, as the Kubernetes API conventions define it."""

    type: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]+$", max_length=64)] = Field(
        description="Name of the condition."
    )
    status: Literal["True", "False", "Unknown"] = Field(description="True, False or Unknown.")
    reason: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9]*$", max_length=128)] = Field(
        description="Why, in one word."
    )
    message: Message = Field(default="", description="What, where and why, and the next step.")
    observed_generation: int = Field(ge=0, description="The generation of spec that this was observed for.")
    last_transition_time: Timestamp = Field(description="When status last changed, RFC 3339.")


class Lineage(Wire):
    """Where the served version comes from."""

    git_commit: ShortText = Field(default="", description="Commit of the data repository.")
    git_author: ShortText = Field(
        default="", description="E-mail address of who wrote that commit, in lower case. Empty where git tells none."
    )
    data_hash: ShortText = Field(default="", description="SHA-256 of the data file.")
    recipe_hash: ShortText = Field(default="", description="Hash of data reference and parameters.")
    fingerprint: ShortText = Field(default="", description="Hash of data bytes, parameters, sample and split.")
    run_id: ShortText = Field(default="", alias="runID", description="MLflow run.")
    registry_version: ShortText = Field(default="", description="MLflow model version.")
    artifact_digest: ShortText = Field(default="", description="SHA-256 of the compiled model.")
    image_digest: ShortText = Field(default="", description="Image that trained it.")
    environment_hash: ShortText = Field(default="", description="Hash of the trainer's installed packages.")
    summary: ShortText = Field(default="", description="Commit, data, run and digest, shortened.")


class Metric(Wire):
    """One figure as a decimal string."""

    name: ShortText = Field(description="Name of the metric.")
    value: ShortText = Field(description="Its value as a decimal string.")


class TrainingStatus(Wire):
    """The latest training of the wanted version."""

    job_name: ShortText = Field(default="", description="Name of the Job.")
    attempt: int = Field(default=0, ge=0, description="How often this version's training was started.")
    progress_percent: int = Field(default=0, ge=0, le=100, description="How far the running training is, in percent.")
    metrics: tuple[Metric, ...] = Field(default=(), max_length=20, description="Metrics of the wanted version.")
    search: SearchStatus | None = Field(
        default=None, description="The search for its parameters. Absent: they are not searched for."
    )


ON_TRIAL = "OnTrial"


class HistoryEntry(Wire):
    """A version that served."""

    version: ShortText = Field(description="Its label.")
    since: Timestamp = Field(description="When it began to serve, RFC 3339.")
    reason: ShortText = Field(
        default="",
        description=(
            "Why it began to serve. Wanted, RecipeFollowed or Promoted: it took over. OnTrial: a candidate has all"
            " requests, and its rollout is not over. RolledBack, CandidateRemoved: such a trial ended."
        ),
    )
    approved_by: tuple[UserName, ...] = Field(default=(), max_length=10, description="Who had approved it by then.")

    @property
    def on_trial(self) -> bool:
        """Whether it was given all requests as a candidate: until its rollout is over, what it answers proves nothing."""
        return self.reason == ON_TRIAL


class LastFailure(Wire):
    """The latest failure of the wanted version, kept until a version succeeds."""

    version: ShortText = Field(description="Label of the version that failed.")
    step: ShortText = Field(description="Condition that failed.")
    reason: ShortText = Field(description="Reason in one word.")
    message: Message = Field(default="", description="What happened and what to do.")
    exit_code: int | None = Field(default=None, description="Exit code of the trainer, if it had one.")
    time: Timestamp = Field(description="When, RFC 3339.")
    recipe_hash: ShortText = Field(default="", description="The recipe that failed; another recipe is tried anew.")
    retry: ShortText = Field(
        default="", description="The value of the retry annotation at that time; another value is tried anew."
    )
    attempt: int = Field(default=0, ge=0, description="The attempt that failed.")


class SentimentModelStatus(Wire):
    """What is true of the model now."""

    observed_generation: int = Field(default=0, ge=0, description="The generation of spec that status speaks of.")
    wanted_version: ShortText = Field(default="", description="The version that spec asks for.")
    serving_version: ShortText = Field(default="", description="The version that answers requests.")
    candidate_version: ShortText = Field(default="", description="The version that is being rolled out.")
    previous_version: ShortText = Field(default="", description="The version that served before.")
    canary_percent: int | None = Field(
        default=None,
        ge=0,
        le=100,
        description="Share of requests that the candidate answered in this step, as measured. Absent: there is none.",
    )
    rollout: RolloutStatus | None = Field(default=None, description="The rollout that runs.")
    plan: Preview | None = Field(
        default=None,
        description=(
            "While spec.suspend is true and another version is wanted than serves, or another spec.serving: what would"
            " follow."
        ),
    )
    url: ShortText = Field(default="", description="Where the model answers inside the cluster.")
    replicas: int = Field(default=0, ge=0, description="Serving pods.")
    ready_replicas: int = Field(default=0, ge=0, description="Serving pods that are ready.")
    lineage: Lineage | None = Field(default=None, description="Where the served version comes from.")
    training: TrainingStatus | None = Field(default=None, description="The latest training of the wanted version.")
    gates: tuple[GateEvidence, ...] = Field(
        default=(), max_length=10, description="What the gates of the wanted version came to."
    )
    gates_summary: ShortText = Field(
        default="", description="How many gates of the wanted version are passed, of how many."
    )
    approvals: tuple[ApprovalEvidence, ...] = Field(
        default=(), max_length=10, description="What people answered for the wanted version, the latest last."
    )
    history: tuple[HistoryEntry, ...] = Field(
        default=(), max_length=10, description="Versions that served, the latest first."
    )
    last_failure: LastFailure | None = Field(default=None, description="The latest failure of the wanted version.")
    notifications: tuple[NotificationRecord, ...] = Field(
        default=(), max_length=MOST_RECORDS, description="What was told to whom, the latest first."
    )
    followed: Followed | None = Field(
        default=None, description="What the branch or tag of data.dvc.revision was last found to hold."
    )
    conditions: tuple[Condition, ...] = Field(
        default=(),
        max_length=20,
        description="Observations, one per type.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )

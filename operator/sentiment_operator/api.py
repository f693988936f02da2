"""The SentimentModel as a value: what a person may write and what the operator answers in status. Revisions: api_revision.py.

The field descriptions are the documentation that `kubectl explain` prints, and the bounds are those of the CRD schema:
both are generated from here. This module knows no client and no clock.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from sentiment_contract.base import Wire
from sentiment_contract.gates import Gate
from sentiment_contract.names import GROUP
from sentiment_contract.recipe import (
    Data,
    Parameters,
    ParametersFrom,
    Preset,
    Recipe,
    TrainerName,
    effective_parameters,
    followed_label,
)
from sentiment_operator.api_following import Followed
from sentiment_operator.api_notifications import MOST_RECORDS, MOST_SINKS, Notification, NotificationRecord
from sentiment_operator.api_preview import Preview
from sentiment_operator.api_promotion import ApprovalEvidence, GateEvidence, Promotion, UserName
from sentiment_operator.api_resources import SERVER_RESOURCES, TRAINER_RESOURCES, Resources
from sentiment_operator.api_rollout import Rollout, RolloutStatus
from sentiment_operator.api_search import SearchSpec, SearchStatus
from sentiment_operator.remembered import remembered

VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
LABEL_PATTERN = r"^[a-z0-9]+([.-][a-z0-9]+)*$"

VersionLabel = Annotated[str, StringConstraints(pattern=LABEL_PATTERN, min_length=1, max_length=40)]
Message = Annotated[str, StringConstraints(max_length=4096)]
ShortText = Annotated[str, StringConstraints(max_length=256)]
Timestamp = Annotated[str, Field(max_length=40, json_schema_extra={"format": "date-time"})]
TrackingURL = Annotated[str, StringConstraints(pattern=r"^https?://[!-~]+$", min_length=10, max_length=1024)]
RegisteredModelName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", min_length=1, max_length=128)
]


class Training(Wire):
    """How a version that does not exist yet is trained."""

    preset: Preset = Field(
        default=Preset.DEFAULT,
        description=(
            "Named set of parameters: Fast trains in seconds, Default is the better model, Best the most accurate one,"
            " which takes longest."
        ),
    )
    parameters: Parameters = Field(
        default=Parameters(),
        description="Overrides of the preset. What is absent, the preset decides; a version records what it came to.",
    )
    parameters_from: ParametersFrom | None = Field(
        default=None,
        description=(
            "Parameters from a file of the repository in data.dvc, read at the commit that is trained from. They override the"
            " preset, and parameters override them."
        ),
    )
    search: SearchSpec | None = Field(
        default=None,
        description=(
            "Sets of parameters to try by cross-validation on the reviews to learn from. The best is trained with. Absent:"
            " the parameters as they stand."
        ),
    )
    trainer: TrainerName | None = Field(
        default=None,
        description="Name of a trainer image, one of the operator's list of trainers. Absent: the operator's own.",
    )
    resources: Resources = Field(
        default=Resources(),
        description=f"Resources of the training pod. Default: {TRAINER_RESOURCES.told()}.",
    )
    active_deadline_seconds: int = Field(
        default=1800,
        ge=30,
        le=604_800,
        description="A training that takes longer is stopped and fails; so is the search before it.",
    )
    backoff_limit: int = Field(
        default=2,
        ge=0,
        le=10,
        description=(
            "How often a crashed training pod is replaced before the training fails; in a search, before its trials count as"
            " failed."
        ),
    )


class Registry(Wire):
    """Which MLflow holds the versions. Immutable."""

    tracking_url: TrackingURL | None = Field(
        default=None,
        alias="trackingURL",
        description="MLflow tracking server. Absent: the one the operator was installed with.",
    )
    model_name: RegisteredModelName | None = Field(
        default=None, description="Name of the registered model. Absent: <namespace>.<name>."
    )


class Autoscaling(Wire):
    """Bounds and target of the HorizontalPodAutoscaler."""

    min_replicas: int = Field(default=1, ge=1, le=1000, description="Fewest pods.")
    max_replicas: int = Field(default=5, ge=1, le=1000, description="Most pods.")
    target_cpu_utilization_percent: int = Field(
        default=70,
        ge=1,
        le=100,
        alias="targetCPUUtilizationPercent",
        description="Average CPU use, in percent of the request, that the autoscaler aims at.",
    )


class ServiceType(StrEnum):
    """How the Service is reached."""

    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"


class Serving(Wire):
    """How the wanted version is served."""

    resources: Resources = Field(
        default=Resources(),
        description=f"Resources of a serving pod. Default: {SERVER_RESOURCES.told()}.",
    )
    autoscaling: Autoscaling | None = Field(
        default=None, description="Let a HorizontalPodAutoscaler choose the number of pods. Absent: replicas."
    )
    replicas: int | None = Field(
        default=None, ge=1, le=1000, description="Number of pods while autoscaling is absent. Absent: 1."
    )
    service_type: ServiceType = Field(
        default=ServiceType.CLUSTER_IP, description="ClusterIP, or NodePort to be reached from outside the cluster."
    )
    node_port: int | None = Field(
        default=None, ge=1, le=65535, description="Fixed port of a NodePort Service. Absent: the cluster chooses."
    )


class SentimentModelSpec(Wire):
    """What a person wants: data, training, serving, and which version."""

    version: VersionLabel | None = Field(
        default=None,
        description=(
            "Label of the version to serve. A known label is served as recorded, an unknown one is trained."
            " Absent: follow the recipe, or with promotion.from what that model has proven last."
        ),
    )
    suspend: bool = Field(
        default=False,
        description=(
            "True: start no new training and no rollout. What runs is kept as it is, and repaired; serving and rollout"
            " as edited meanwhile come into force when it is false again."
        ),
    )
    data: Data | None = Field(
        default=None,
        description=(
            "The reviews a new version is trained on: exactly one of dvc, url, volume. Absent with promotion.from alone:"
            " such a model trains nothing."
        ),
    )
    training: Training = Field(default=Training(), description="How a new version is trained.")
    registry: Registry = Field(
        default=Registry(), description="Where versions that are trained here are registered. Immutable."
    )
    gates: tuple[Gate, ...] = Field(
        default=(),
        max_length=10,
        description="What a new version must prove before it serves. One that served before needs no new proof.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    promotion: Promotion = Field(default=Promotion(), description="Who has to agree before a new version serves.")
    rollout: Rollout = Field(default=Rollout(), description="How a new version takes over.")
    serving: Serving = Field(default=Serving(), description="How the version is served.")
    notifications: tuple[Notification, ...] = Field(
        default=(),
        max_length=MOST_SINKS,
        description="Who is told of what happens to the model. Where a sink leads, the installation of the operator says.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["sink"]},
    )

    @model_validator(mode="after")
    def _has_one_origin(self) -> "SentimentModelSpec":
        if (self.data is None) == (self.promotion.source is None):
            raise ValueError("set exactly one of data, promotion.from")
        return self

    def recipe(self) -> Recipe | None:
        """What a new version would be trained with: data reference and effective parameters; None: it trains nothing."""
        if self.data is None:
            return None
        return Recipe(
            data=self.data,
            parameters=effective_parameters(self.training.preset, self.training.parameters),
            trainer=self.training.trainer,
            search=self.training.search.of_recipe() if self.training.search is not None else None,
        )

    def own_recipe(self) -> Recipe:
        """The same, of a model that trains. Raises ValueError for one that follows another."""
        recipe = self.recipe()
        if recipe is None:
            raise ValueError("a model that follows another one has no recipe of its own")
        return recipe

    def recipe_hash(self) -> str:
        """The hash of that, empty for a model that trains nothing."""
        return _recipe_hash(self)

    def wanted_label(self) -> str:
        """The label that the spec alone names: as written, or following the recipe. Empty: another model tells."""
        return self.version or (followed_label(self.recipe_hash()) if self.data is not None else "")


@remembered
def _recipe_hash(spec: SentimentModelSpec) -> str:
    recipe = spec.recipe()
    return recipe.recipe_hash() if recipe is not None else ""


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

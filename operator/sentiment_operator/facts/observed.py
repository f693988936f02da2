"""What was seen of the world in one pass, as values: the only input of the deciding core besides the model and the time.

`None` means absent. Nothing here reads, decides or knows a client; passes/observe.py fills it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sentiment_contract.search import SearchResult
from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.api.notifications import Delivery
from sentiment_operator.api.promotion import ApprovalEvidence
from sentiment_operator.api.revision import SentimentModelRevisionSpec, SentimentModelRevisionStatus
from sentiment_operator.api.status import SentimentModelStatus
from sentiment_operator.facts.jobs import ComparisonJob, LookUpJob, TrainingJob, Trouble

Manifest = dict[str, Any]
"""A Kubernetes object as the API server speaks it."""


class ChildKind(StrEnum):
    """The serving children by what they are; names.py names them."""

    SERVICE_ACCOUNT = "ServiceAccount"
    SERVICE = "Service"
    DEPLOYMENT = "Deployment"
    CANDIDATE = "candidate Deployment"
    CANDIDATE_SERVICE = "candidate Service"
    ROLLOUT_SETTING = "ConfigMap"
    AUTOSCALER = "HorizontalPodAutoscaler"
    DISRUPTION_BUDGET = "PodDisruptionBudget"
    NETWORK_POLICY = "NetworkPolicy"
    ROUTE = "HTTPRoute"


@dataclass(frozen=True, slots=True)
class Model:
    """One SentimentModel as it was read."""

    namespace: str
    name: str
    uid: str
    generation: int
    spec: SentimentModelSpec
    """As written, with a followed branch pinned to what it was last found to hold."""
    status: SentimentModelStatus
    """What the last pass wrote; only transition times, history, lastFailure and followed may be taken from it."""
    created_at: datetime
    edited_at: datetime
    """Last change of anything but status, from managedFields, whole seconds."""
    retry: str
    """Value of the retry annotation, empty without one."""
    deleting: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose statuses they are: as much of a model as is known even where its spec cannot be read."""

    namespace: str
    name: str
    uid: str
    generation: int
    retry: str
    """Value of the retry annotation: with the generation, it tells two tries of a person from those of the operator."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One SentimentModelRevision."""

    name: str
    uid: str
    spec: SentimentModelRevisionSpec
    status: SentimentModelRevisionStatus
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Source:
    """The model that this one follows."""

    allows: bool
    """Its spec lets models of this one's namespace follow it."""
    status: SentimentModelStatus = field(default_factory=SentimentModelStatus)
    revisions: Mapping[str, Revision] = field(default_factory=dict[str, Revision])
    """By label."""


@dataclass(frozen=True, slots=True)
class Child:
    """A live object that stands under a child's name."""

    body: Manifest
    ours: bool
    """True where the controller ownerReference names this very model (by uid)."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the git server said of a branch or tag."""

    commit: str = ""
    reason: str = ""
    """Why there is no commit, empty where there is one."""
    message: str = ""


@dataclass(frozen=True, slots=True)
class ServingPod:
    """One pod of the Deployment, terminating ones included."""

    name: str
    label: str
    """The version label it carries."""
    ready: bool
    deleting: bool
    trouble: Trouble | None
    is_shadow: bool = False
    """It answers copies of requests only."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the living pods of one version answered since each of them started: requests for predictions only."""

    requests: int = 0
    errors: int = 0
    """Replies with a status of 500 or above."""
    buckets: tuple[tuple[float, int], ...] = ()
    """Upper bound in seconds → so many requests took at most so long; the last bound is infinite."""
    compared: int = 0
    """Reviews that were also judged by the version that serves."""
    disagreements: int = 0
    """Those among them that it judges otherwise."""
    comparing: int = 0
    """Pods that have loaded what serves, to judge with it too."""
    by_pod: Mapping[str, int] = field(default_factory=dict[str, int])
    """Requests by name of every pod that tells its figures: each counts from its own start."""
    silent: tuple[str, ...] = ()
    """Names of the ready pods that do not tell them."""


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """One model version of MLflow with the tags the trainer wrote."""

    number: str
    run_id: str
    labels: Mapping[str, str]
    """Version label → hash of the recipe that the label was trained from."""
    fingerprint: str
    data_hash: str
    git_commit: str
    git_author: str
    artifact_digest: str
    environment_hash: str
    image_digest: str
    metrics: Mapping[str, str]
    search: SearchResult | None = None
    """What the search for its parameters came to, where there was one."""


@dataclass(frozen=True, slots=True)
class RegistryAnswer:
    """MLflow answered: the versions of this model's registered model, empty if it has none."""

    versions: tuple[RegisteredVersion, ...]


@dataclass(frozen=True, slots=True)
class RegistryAway:
    """MLflow did not answer."""

    message: str


@dataclass(frozen=True, slots=True)
class RegistryNotAsked:
    """Nothing about this model needs MLflow now."""


RegistryFacts = RegistryAnswer | RegistryAway | RegistryNotAsked


@dataclass(frozen=True, slots=True)
class ServiceProbe:
    """A known review was sent through the Service."""

    version: str
    """Version that answered, empty if none did."""
    digest: str
    """Digest the answer named."""
    error: str
    """Why there was no right answer, empty if there was one."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A write of the pass before came to nothing: quota, admission, Pod Security, missing right, or somebody's will."""

    kind: str
    name: str
    message: str
    """The API server's; empty where it took the write."""
    rival: str = ""
    """Field manager that undoes the write whenever it is made."""


@dataclass(frozen=True, slots=True)
class NodeRoom:
    """What one node that takes pods of models has left, by requests."""

    name: str
    cpu: Decimal
    memory: Decimal
    pods: int


@dataclass(frozen=True, slots=True)
class NodesSeen:
    """Every node that takes pods of models."""

    nodes: tuple[NodeRoom, ...]


@dataclass(frozen=True, slots=True)
class NodesUnknown:
    """The nodes could not be looked at."""

    why: str


@dataclass(frozen=True, slots=True)
class Post:
    """What is known of those who may be told, and of what they took."""

    sinks: frozenset[str] = frozenset()
    """Names of the sinks that the operator was installed with."""
    outcomes: Mapping[tuple[str, str], Delivery] = field(default_factory=dict[tuple[str, str], Delivery])
    """(id of the message, sink) → what came of it since the status was written."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that was seen in one pass."""

    revisions: Mapping[str, Revision] = field(default_factory=dict[str, Revision])
    """By label."""
    children: Mapping[ChildKind, Child | None] = field(default_factory=dict[ChildKind, "Child | None"])
    jobs: tuple[TrainingJob, ...] = ()
    comparisons: tuple[ComparisonJob, ...] = ()
    look_ups: tuple[LookUpJob, ...] = ()
    """Of this model, and of others of its namespace that ask the same."""
    head: Head | None = None
    """None: the git server was not asked yet, or not by the operator."""
    look_up_asked_at: datetime | None = None
    """When a webhook last told that the repository changed."""
    look_ups_elsewhere: int = 0
    """Unfinished Jobs of other models that look up."""
    answers: tuple[ApprovalEvidence, ...] = ()
    """What people answered for the wanted version, as far as it stands in SentimentModelApprovals now."""
    pods: tuple[ServingPod, ...] = ()
    pods_are_fresh: bool = False
    """True where pods come from a LIST made in this pass and not from the watch."""
    answered: Mapping[str, Answered] | None = None
    """By version label; None: the pods' metrics were not read in this pass."""
    registry: RegistryFacts = RegistryNotAsked()
    probe: ServiceProbe | None = None
    """None: not made in this pass."""
    trainings_elsewhere: int = 0
    """Unfinished Jobs of other models, trainings and comparisons."""
    rollouts_elsewhere: int = 0
    """Models whose Deployment rolls because the operator changed it, without a person having asked."""
    source: Source | None = None
    """None: it follows nobody, or that model is not there."""
    named_by_followers: frozenset[str] = frozenset()
    """Labels of this model that others name which follow it."""
    stages: Mapping[str, Source] = field(default_factory=dict[str, Source])
    """Models that gates compare with, by their compareWith; one that is not there is not in it."""
    rival: str = ""
    """namespace/name of an older model that names the same registered model."""
    refusals: tuple[Refusal, ...] = ()
    post: Post = Post()
    nodes: NodesSeen | NodesUnknown | None = None
    """None: not looked at in this pass."""
    rehearsed: tuple[Refusal, ...] | None = None
    """What the API server refused of a dry run; None: there was none in this pass."""

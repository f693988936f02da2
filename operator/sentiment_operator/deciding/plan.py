"""What is to be done next, as a value: decide.py makes it, the shell performs it, telling/status.py reports it."""

from dataclasses import dataclass
from datetime import datetime

from sentiment_contract.gates import Gate
from sentiment_operator.api.following import Followed
from sentiment_operator.api.preview import Preview
from sentiment_operator.api.promotion import ApprovalEvidence, GateEvidence
from sentiment_operator.api.rollout import FailedRollout
from sentiment_operator.deciding.approving import Awaiting
from sentiment_operator.facts.jobs import ComparisonJob, TrainingJob
from sentiment_operator.facts.observed import Manifest, RegisteredVersion, Revision
from sentiment_operator.promoting.source import Standing
from sentiment_operator.reading.pinning import Question
from sentiment_operator.rollout.analysis import Figures
from sentiment_operator.rollout.progress import Progress
from sentiment_operator.rollout.stages import Stage


@dataclass(frozen=True, slots=True)
class Train:
    """Create the training Job of this attempt."""

    label: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Search:
    """Create the Job of this attempt that tries sets of parameters, before one of them is trained with."""

    label: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Settle:
    """The spec was edited just now: wait for the edits to end, so that quick edits cost one Job."""


@dataclass(frozen=True, slots=True)
class Queued:
    """As many Jobs run as are allowed at once."""

    running: int
    limit: int


@dataclass(frozen=True, slots=True)
class AwaitTraining:
    """The Job that trains, or searches for what to train with, runs."""

    job: TrainingJob


@dataclass(frozen=True, slots=True)
class Record:
    """MLflow holds the wanted version, or the followed model has proven it, and no revision does: create it."""

    label: str
    known: RegisteredVersion | Revision


@dataclass(frozen=True, slots=True)
class AskRegistry:
    """The wanted version is unknown here: MLflow must be asked before anything is trained."""


@dataclass(frozen=True, slots=True)
class Compare:
    """Create the Job that scores the revision, and what served last, for the gates."""

    revision: Revision
    baseline: Revision | None
    gates: tuple[Gate, ...]
    key: str
    attempt: int


@dataclass(frozen=True, slots=True)
class AwaitComparison:
    """The Job that scores for the gates runs."""

    job: ComparisonJob


@dataclass(frozen=True, slots=True)
class Seal:
    """Append what was found out about the revision to its status, for good."""

    revision: Revision
    gates: tuple[GateEvidence, ...] = ()
    approvals: tuple[ApprovalEvidence, ...] = ()
    failed_rollouts: tuple[FailedRollout, ...] = ()


@dataclass(frozen=True, slots=True)
class AwaitApproval:
    """The revision passed its gates, and people have to agree."""

    revision: Revision
    standing: Awaiting


@dataclass(frozen=True, slots=True)
class Candidate:
    """Pods of a version beside those that serve."""

    revision: Revision
    stable: Revision
    """What serves meanwhile."""
    stage: Stage
    progress: Progress


@dataclass(frozen=True, slots=True)
class Shift:
    """A candidate runs beside what serves, and its stage is not over."""

    revision: Revision
    candidate: Candidate | None
    """None: another candidate stands in its place and has to go first, or what serves is being rolled out itself."""
    stages: int = 0
    figures: Figures | None = None
    """None: nothing is known of what it answers."""
    measured_percent: int = 0
    """Share of the requests of this stage that it answered."""
    lacking: str = ""
    """What the stage still waits for, in words; empty: only for its time, or its pods."""
    not_before: datetime | None = None
    """When the stage may end."""
    deadline: datetime | None = None
    """When the candidate has failed at latest."""
    waits_for: str = ""
    """The version that is to serve beside it, and is being rolled out itself."""
    unrouted: str = ""
    """Why the Gateway takes no requests for the model, in words; empty: it does, or none is asked to."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """The candidate has proven itself: its pods become those of the model, which serves nothing else then."""

    revision: Revision
    candidate: Candidate | None
    """None: its pods were handed over, and its Deployment is ending."""
    hand_over: bool = False
    """True: the model's Deployment waits for the pods, so the candidate's lets go of them."""


@dataclass(frozen=True, slots=True)
class Roll:
    """Bring the Deployment to the revision, or wait until it is there."""

    revision: Revision


@dataclass(frozen=True, slots=True)
class Steady:
    """The wanted revision serves: keep it so."""

    revision: Revision


@dataclass(frozen=True, slots=True)
class Held:
    """spec.suspend is true and what is wanted differs from what serves."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """The wanted version cannot be had now."""

    step: str
    """The condition that is False for it."""
    reason: str
    message: str
    """What, where, why; then `Next:` and one command."""
    dead_end: bool
    """True: a person has to act or nothing more is tried for now; sets Stalled."""
    exit_code: int | None = None
    attempt: int = 0


Step = (
    Train
    | Search
    | Settle
    | Queued
    | AwaitTraining
    | AskRegistry
    | Record
    | Compare
    | AwaitComparison
    | Seal
    | AwaitApproval
    | Shift
    | TakeOver
    | Roll
    | Steady
    | Held
    | Blocked
)


@dataclass(frozen=True, slots=True)
class LookUp:
    """Create the Job that looks up what the branch holds."""

    question: Question
    commit: str
    """The commit that is known to be new, empty where only the Job can know."""
    attempt: int


@dataclass(frozen=True, slots=True)
class Following:
    """What is known of a followed branch or tag and what is done to know more; nothing, where none is followed."""

    followed: Followed | None = None
    """What it holds, to be kept in the status."""
    look_up: LookUp | None = None
    failure: Blocked | None = None
    """Why the latest look-up failed. What was known before goes on."""
    unresolved: Blocked | Held | None = None
    """What is waited for where nothing is known yet, and so no version can be wanted."""
    obsolete_jobs: tuple[str, ...] = ()
    needs_pods: bool = False
    requeue_after: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision of one pass."""

    step: Step
    wanted: str
    """Label of the wanted version."""
    target: Revision | None
    """The revision that the Deployment has to run after this pass: the wanted one, or the one that serves until then;
    None: nothing serves and nothing can yet."""
    candidate: Candidate | None = None
    """The pods to run beside those; None: there must be none."""
    only_version: str = ""
    """The one version that the Service leads to; empty: whichever runs."""
    candidate_percent: int = 0
    """Share of the requests that a Gateway leads to the candidate."""
    obsolete_revisions: tuple[str, ...] = ()
    """Names of revisions beyond those to be kept."""
    obsolete_jobs: tuple[str, ...] = ()
    """Names of Jobs to delete with their pods: superseded, or older ended attempts."""
    source_standing: Standing | None = None
    """What the followed model has proven; None: there is none, or it tells nothing."""
    requeue_after: float | None = None
    """Seconds until the next pass even if nothing is heard; None: only when something changes."""
    is_tried_again: bool = False
    """True: what is blocked now goes on by itself, without a person."""
    needs_registry: bool = False
    """True: the next pass must ask MLflow (or, after an outage, ask again)."""
    needs_pods: bool = False
    """True: the next pass must list the pods afresh: a Job ended, and what its pod said was not heard yet."""
    needs_metrics: bool = False
    """True: the next pass must read the metrics of the serving pods."""
    needs_probe: bool = False
    """True: the next pass must list the pods afresh and send a known review through the Service."""
    following: Following = Following()
    preview: Preview | None = None
    """What would follow if the model were not suspended; None: it is not, or nothing would."""
    needs_nodes: bool = False
    """True: the next pass must look at the room on the nodes."""
    to_rehearse: Manifest | None = None
    """The first object that would be written: the next pass must have the API server try it, as a dry run."""

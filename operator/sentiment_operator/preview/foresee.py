"""Follows the way that a suspended model would go, by asking decide() about the model as it would be without suspension.

Where the answer is a write, the write is supposed to have been made and decide() is asked again, until what comes next
needs time, pods or people. So no rule stands here a second time. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import ValidationError

from sentiment_contract.training import FailureReason
from sentiment_operator import children
from sentiment_operator.api.preview import Action
from sentiment_operator.api.revision import SentimentModelRevisionSpec, SentimentModelRevisionStatus
from sentiment_operator.children.candidate import candidate_deployment
from sentiment_operator.children.deployment import deployment
from sentiment_operator.deciding.decide import decide
from sentiment_operator.deciding.evidence import is_proven
from sentiment_operator.deciding.looking_again import TIMESTAMP_GRAIN
from sentiment_operator.deciding.plan import (
    AskRegistry,
    AwaitComparison,
    Blocked,
    Candidate,
    Compare,
    Plan,
    Queued,
    Record,
    Roll,
    Seal,
    Search,
    Shift,
    Steady,
    Step,
    Train,
)
from sentiment_operator.deciding.sealing import sealed
from sentiment_operator.facts.observed import Manifest, Model, Observed, Revision
from sentiment_operator.reading.in_force import held_back
from sentiment_operator.settings import Settings

MOST_WRITES = 5
"""To record a version and to seal what people said, what gates came to and how a rollout went are four."""
SETTLED = {"settle_seconds": -TIMESTAMP_GRAIN.total_seconds()}
"""To go on is an edit, which gives a rollout its time anew; what follows is asked for as if it had settled already."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The way, as far as it can be told."""

    model: Model
    """The model without suspension."""
    begins: Plan
    """What would be decided first."""
    ends: Plan
    """What would be decided once everything was written that can be at once."""
    observed: Observed
    """The world after that."""

    @property
    def wanted(self) -> str:
        """Label of the version it is about."""
        return self.begins.wanted

    @property
    def revision(self) -> Revision | None:
        """The wanted version, where it exists or only has to be recorded."""
        return self.observed.revisions.get(self.wanted)

    @property
    def is_proven(self) -> bool:
        """Whether nothing has to be proven anew."""
        return self.revision is not None and is_proven(self.model, self.observed, self.revision)

    @property
    def obstacle(self) -> Blocked | None:
        """What keeps the version from serving until a person acts."""
        step = self.ends.step
        return step if isinstance(step, Blocked) and not self.ends.is_tried_again else None

    @property
    def changed(self) -> tuple[str, ...]:
        """What else of the spec would come into force for the pods that serve."""
        return held_back(self.model, self.observed)

    @property
    def serves_already(self) -> bool:
        """Whether the version serves, and only how it does would change."""
        return isinstance(self.ends.step, Steady)

    @property
    def scores(self) -> bool:
        """Whether a Job has to score the version for its gates."""
        waits = isinstance(self.ends.step, Queued) and self.revision is not None
        return waits or isinstance(self.ends.step, Compare | AwaitComparison)

    @property
    def cannot_be_recorded(self) -> bool:
        """Whether what is known of the version elsewhere has no place here."""
        return isinstance(self.ends.step, Record)

    @property
    def action(self) -> Action:
        """How the version would be had."""
        step = self.begins.step
        if isinstance(step, AskRegistry) or self.cannot_be_recorded or self.mlflow_is_away:
            return Action.UNKNOWN
        if self.begins.following.unresolved is not None:
            return Action.UNKNOWN
        if isinstance(step, Record):
            return Action.PROMOTE if isinstance(step.known, Revision) else Action.REUSE
        if self.obstacle is not None:
            return Action.NOTHING
        return Action.SERVE if self.revision is not None else Action.TRAIN

    @property
    def mlflow_is_away(self) -> bool:
        """Whether nobody can say what MLflow holds."""
        step = self.begins.step
        away = isinstance(step, Blocked) and step.reason == FailureReason.REGISTRY_UNREACHABLE and not step.attempt
        return away and self.revision is None


def foresee(model: Model, observed: Observed, settings: Settings, now: datetime) -> Foreseen:
    """What would follow for the model if it were not suspended."""
    resumed = replace(model, spec=model.spec.model_copy(update={"suspend": False}), edited_at=now)
    settings = settings.model_copy(update=SETTLED)
    begins = ends = decide(resumed, observed, settings, now)
    for _ in range(MOST_WRITES):
        written = _written(ends.step, resumed, settings, now)
        if written is None:
            break
        revisions: Mapping[str, Revision] = {**observed.revisions, written.spec.version: written}
        observed = replace(observed, revisions=revisions)
        ends = decide(resumed, observed, settings, now)
    return Foreseen(resumed, begins, ends, observed)


def _written(step: Step, model: Model, settings: Settings, now: datetime) -> Revision | None:
    """The revision after the step; None where the step writes none, and so is where the way ends for now."""
    match step:
        case Record():
            return _recorded(model, step, settings, now)
        case Seal():
            return replace(step.revision, status=sealed(step))
        case _:
            return None


def _recorded(model: Model, step: Record, settings: Settings, now: datetime) -> Revision | None:
    """The version as it would stand here; None where its tags cannot be recorded, which must not stop a suspended model."""
    try:
        body = children.revision(model, step, settings)
        recorded = SentimentModelRevisionSpec.model_validate(body["spec"])
    except ValidationError:
        return None
    return Revision(body["metadata"]["name"], "", recorded, SentimentModelRevisionStatus(), now)


def to_write(ahead: Foreseen, settings: Settings) -> Manifest | None:
    """The first workload that would be written on the way; None where it waits for something before."""
    model, step = ahead.model, ahead.ends.step
    match step:
        case Train():
            return children.training_job(model, step, settings)
        case Search():
            return children.search_job(model, step, settings)
        case Compare():
            return children.comparison_job(model, step, settings)
        case Roll(revision) | Steady(revision):
            return deployment(model, revision, settings)
        case Shift(candidate=Candidate() as candidate):
            return candidate_deployment(model, candidate, settings)
        case _:
            return None

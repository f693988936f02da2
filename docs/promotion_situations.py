"""Situations between a trained version and its rollout: gates, comparisons, the agreement of people."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from docs.reasons import TRAINING_WAITS
from sentiment_contract.gates import Compared, Figures
from sentiment_contract.training import FailureReason, TrainingFailed
from sentiment_operator.api.promotion import ApprovalEvidence, Decision
from sentiment_operator.api.status import HistoryEntry
from sentiment_operator.deciding.decide import decide
from sentiment_operator.deciding.plan import Compare, Seal
from sentiment_operator.facts.jobs import ComparisonJob, JobState, Trouble
from sentiment_operator.facts.observed import Model, Observed, Revision
from sentiment_operator.settings import Settings

Situation = tuple[Model, Observed]

GATE = {"name": "no-regression", "metric": "accuracy", "compareWith": "Serving", "maxDecrease": "0.005"}
MANUAL = {"approval": {"policy": "Manual"}}
_WORSE = Figures(
    gate="no-regression", value="0.871", baseline_value="0.904", low="-0.041", high="-0.025", samples=10_000
)
_UNCLEAR = Figures(gate="no-regression", value="0.903", baseline_value="0.904", low="-0.02", high="0.018", samples=200)
_BETTER = Figures(
    gate="no-regression", value="0.917", baseline_value="0.904", low="0.009", high="0.017", samples=10_000
)


def situations_of_promotion(
    model: Model, recorded: Observed, why: str, settings: Settings, now: datetime
) -> Iterator[Situation]:
    """Situations of a model whose wanted version is recorded, with another that served."""
    gated, seen = _with(model, gates=[GATE]), with_one_that_served(recorded)
    job = _job(gated, seen, settings, now)
    yield gated, seen
    yield gated, replace(seen, trainings_elsewhere=settings.max_concurrent_trainings)
    yield gated, replace(seen, comparisons=(job,))
    for reason in TRAINING_WAITS:
        yield gated, replace(seen, comparisons=(replace(job, trouble=Trouble(reason, why)),))
    for reason in (FailureReason.REGISTRY_UNREACHABLE, FailureReason.DATA_UNREACHABLE):
        answer = TrainingFailed(reason=reason, message=why)
        yield gated, replace(seen, comparisons=(replace(job, state=JobState.FAILED, answer=answer),))
    for figures in (_WORSE, _UNCLEAR, _BETTER):
        yield gated, _judged(gated, seen, job, figures, settings, now)
    warning = _with(model, gates=[{**GATE, "onFailure": "Warn"}])
    yield warning, _judged(gated, seen, job, _WORSE, settings, now)
    yield gated, _served_before(recorded)
    manual = _with(model, promotion=MANUAL)
    yield manual, seen
    yield manual, _answered(seen, Decision.REJECT, why)
    yield manual, _answered(seen, Decision.APPROVE, "")
    yield manual, _served_before(recorded)


def _with(model: Model, **changes: Any) -> Model:
    spec = model.spec.model_dump(mode="json", by_alias=True, exclude_none=True) | changes
    return replace(model, spec=type(model.spec).model_validate(spec))


def with_one_that_served(recorded: Observed) -> Observed:
    """The same, with a version 1 that has served."""
    (label, wanted), *_ = recorded.revisions.items()
    old = wanted.spec.model_copy(update={"version": "1", "artifact_digest": "1" * 64})
    before = Revision("NAME.1", "uid-before", old, _serving(wanted, "1"), wanted.created_at)
    return replace(recorded, revisions={"1": before, label: wanted})


def _served_before(recorded: Observed) -> Observed:
    (label, wanted), *_ = recorded.revisions.items()
    return replace(recorded, revisions={label: replace(wanted, status=_serving(wanted, label))})


def _serving(revision: Revision, label: str) -> Any:
    since = HistoryEntry(version=label, since="2026-01-01T12:00:00Z")
    return revision.status.model_copy(update={"serving": (since,)})


def _job(model: Model, observed: Observed, settings: Settings, now: datetime) -> ComparisonJob:
    step = decide(model, observed, settings, now).step
    if not isinstance(step, Compare):
        raise TypeError(f"a comparison was to be the next step, not {step}")
    return ComparisonJob(
        name="NAME-gate-HASH-1",
        key=step.key,
        attempt=1,
        state=JobState.RUNNING,
        created_at=model.created_at,
        finished_at=None,
        answer=None,
        failure=None,
        trouble=None,
    )


def _judged(
    model: Model, observed: Observed, job: ComparisonJob, figures: Figures, settings: Settings, now: datetime
) -> Observed:
    """After the figures were sealed."""
    ended = replace(job, state=JobState.SUCCEEDED, answer=Compared(figures=(figures,)))
    step = decide(model, replace(observed, comparisons=(ended,)), settings, now).step
    if not isinstance(step, Seal):
        raise TypeError(f"evidence was to be sealed, not {step}")
    return _sealed(observed, step.revision, gates=step.gates)


def _answered(observed: Observed, decision: Decision, note: str) -> Observed:
    """After a person answered."""
    *_, wanted = observed.revisions.values()
    answer = ApprovalEvidence(
        approval="NAME", uid="uid", approved_by="USER", decision=decision, note=note, time="2026-01-02T12:00:00Z"
    )
    return _sealed(observed, wanted, approvals=(answer,))


def _sealed(observed: Observed, revision: Revision, **found: Any) -> Observed:
    sealed = replace(revision, status=revision.status.model_copy(update=found))
    return replace(observed, revisions={**observed.revisions, revision.spec.version: sealed})

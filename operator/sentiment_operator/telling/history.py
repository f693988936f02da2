"""Which version serves, and the history of a model: one entry for each time that all requests came to another. Pure.

A version begins to serve once it has taken over. A candidate that has all requests serves too, but is on trial: what it
answers proves nothing until its rollout is over. If that ends badly, what served before begins to serve again.
"""

from datetime import datetime

from sentiment_operator.api.conditions import timestamp
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.status import ON_TRIAL, HistoryEntry
from sentiment_operator.deciding.approving import Granted, missing
from sentiment_operator.deciding.plan import Blocked, Plan, Seal, Steady
from sentiment_operator.facts.observed import Model, Observed
from sentiment_operator.telling.answering import answering, only_led_to

KEPT_HISTORY = 10
KEPT_APPROVERS = 10


def serving_version(model: Model, observed: Observed, plan: Plan) -> str:
    """The version that answers. While two do, it is the one that did before: the new one has not all traffic yet."""
    found = answering(observed, plan, observed.pods)
    return model.status.serving_version if model.status.serving_version in found else min(found, default="")


def history(model: Model, observed: Observed, plan: Plan, serving: str, now: datetime) -> tuple[HistoryEntry, ...]:
    """The history after this pass, the latest first."""
    before, is_steady = model.status.history, isinstance(plan.step, Steady)
    latest = before[0] if before else None
    if not serving:
        return before
    if latest is not None and latest.version == serving:
        has_passed = is_steady and latest.on_trial
        return (_entry(model, observed, plan, serving, latest.since), *before[1:]) if has_passed else before
    was_on_trial = latest is not None and latest.on_trial
    if not (
        is_steady or _is_on_trial(observed, plan, serving) or (was_on_trial and _is_alone(observed, plan, serving))
    ):
        return before
    return (_entry(model, observed, plan, serving, timestamp(now)), *before)[:KEPT_HISTORY]


def _entry(model: Model, observed: Observed, plan: Plan, serving: str, since: str) -> HistoryEntry:
    revision = observed.revisions.get(serving)
    standing = missing(model.spec.promotion, revision) if revision is not None else None
    return HistoryEntry(
        version=serving,
        since=since,
        reason=_why(model, observed, plan, serving),
        approved_by=standing.by[-KEPT_APPROVERS:] if isinstance(standing, Granted) else (),
    )


def _why(model: Model, observed: Observed, plan: Plan, serving: str) -> str:
    if _is_on_trial(observed, plan, serving):
        return ON_TRIAL
    if serving != plan.wanted:
        return Reason.ROLLED_BACK if _has_failed(plan) else "CandidateRemoved"
    if model.spec.version is not None:
        return "Wanted"
    return "RecipeFollowed" if model.spec.promotion.source is None else "Promoted"


def _is_on_trial(observed: Observed, plan: Plan, serving: str) -> bool:
    """Whether a candidate has all requests, and not only because nobody else answers."""
    of_candidate = plan.candidate is not None and plan.candidate.revision.spec.version == serving
    return of_candidate and only_led_to(observed, plan) == frozenset({serving})


def _is_alone(observed: Observed, plan: Plan, serving: str) -> bool:
    return answering(observed, plan, observed.pods) == frozenset({serving})


def _has_failed(plan: Plan) -> bool:
    step = plan.step
    if isinstance(step, Seal):
        return bool(step.failed_rollouts)
    return isinstance(step, Blocked) and step.reason == Reason.ROLLED_BACK

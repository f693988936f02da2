"""When a model is looked at again although nothing happened: at the end of a pause, or now and then. Pure.

The step is given; why it is that step is not known here.
"""

from datetime import datetime, timedelta

from sentiment_contract.training import FailureReason
from sentiment_operator.api.reasons import Reason
from sentiment_operator.deciding import attempts, gating
from sentiment_operator.deciding.plan import (
    AskRegistry,
    AwaitApproval,
    AwaitComparison,
    AwaitTraining,
    Blocked,
    Compare,
    Held,
    Queued,
    Record,
    Roll,
    Seal,
    Search,
    Settle,
    Shift,
    Steady,
    Step,
    TakeOver,
    Train,
)
from sentiment_operator.facts.observed import Model, Observed
from sentiment_operator.settings import Settings

PROGRESS_SECONDS = 5.0
ROLLOUT_SECONDS = 2.0
LEAST_SECONDS = 0.5
QUEUE_SECONDS = 30.0
REGISTRY_SECONDS = 15.0
CONFLICT_SECONDS = 30.0
"""The older model may have let go of the name without anybody telling: its end may be heard of late."""
TIMESTAMP_GRAIN = timedelta(seconds=1)


def due_in(
    model: Model, observed: Observed, wanted: str, settings: Settings, step: Step, now: datetime
) -> float | None:
    """Seconds until the next look at the model; None where something has to happen first."""
    match step:
        case Settle():
            return max(0.1, settled_in(model, settings, now))
        case AwaitTraining() | AwaitComparison():
            return PROGRESS_SECONDS
        case Shift():
            return _until_looked_at(step, now)
        case Roll() | TakeOver():
            return ROLLOUT_SECONDS
        case Queued():
            return QUEUE_SECONDS
        case Blocked():
            return _until_next_try(model, observed, wanted, step, now)
        case Steady() if observed.rollouts_elsewhere >= settings.rollouts_of_a_shard:
            return QUEUE_SECONDS
        case Train() | Search() | AskRegistry() | Record() | Compare() | Seal() | AwaitApproval() | Steady() | Held():
            return None


def settled_in(model: Model, settings: Settings, now: datetime) -> float:
    """Seconds until the last edit counts as the last one. Its time is known to the whole second only."""
    settled = model.edited_at + TIMESTAMP_GRAIN + timedelta(seconds=settings.settle_seconds)
    return (settled - now).total_seconds()


def _until_looked_at(step: Shift, now: datetime) -> float:
    """Seconds until a candidate is looked at again: at the end of its stage, and now and then before."""
    if step.candidate is None:
        return ROLLOUT_SECONDS
    if step.not_before is None:
        return PROGRESS_SECONDS
    return min(PROGRESS_SECONDS, max((step.not_before - now).total_seconds(), LEAST_SECONDS))


def _until_next_try(model: Model, observed: Observed, wanted: str, step: Blocked, now: datetime) -> float | None:
    if step.reason == FailureReason.REGISTRY_UNREACHABLE and not step.attempt:
        return REGISTRY_SECONDS
    if step.reason == Reason.CONFLICT:
        return CONFLICT_SECONDS
    if wanted in observed.revisions:
        return gating.until_next_try(observed, step, now)
    return attempts.until_next_try(model, observed, step, now)


def soonest(*seconds: float | None) -> float | None:
    """The least of them; None where there is none."""
    return min((one for one in seconds if one is not None), default=None)

"""What status says of a rollout that runs: the condition RolledOut, the figures, and the measured share. Pure."""

from sentiment_operator.api.conditions import Verdict, timestamp
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.rollout import RolloutStatus, Strategy
from sentiment_operator.deciding.plan import Plan, Shift, TakeOver
from sentiment_operator.deciding.view import View
from sentiment_operator.explaining.next_step import look_at_pods, look_at_route, then
from sentiment_operator.facts.observed import Model, Revision
from sentiment_operator.names import SERVER, SHADOW
from sentiment_operator.rollout import explain, routing
from sentiment_operator.rollout.stages import Flow

_RUNNING = {
    Strategy.ROLLING_UPDATE: Reason.ROLLING_OUT,
    Strategy.CANARY: Reason.CANARY_RUNNING,
    Strategy.BLUE_GREEN: Reason.BLUE_GREEN_RUNNING,
    Strategy.SHADOW: Reason.SHADOW_RUNNING,
}


def rolled_out(view: View, step: Shift | TakeOver) -> Verdict:
    """The condition RolledOut while a candidate is on its way."""
    label = step.revision.spec.version
    if isinstance(step, TakeOver):
        return Verdict("False", Reason.TAKING_OVER, f"Version {label} has proven itself and takes over.")
    has_begun = step.candidate is not None and step.candidate.progress.since is not None
    if step.candidate is not None and step.unrouted:
        return Verdict("False", Reason.ROUTE_NOT_ACCEPTED, explain.unrouted(view.model, step, step.candidate))
    strategy, message = view.model.spec.rollout.strategy, explain.shifting(step)
    if view.trouble is not None:
        component = SHADOW if strategy is Strategy.SHADOW else SERVER
        what = f"{message} A pod is not ready: {view.trouble.message or view.trouble.reason}"
        return Verdict("False", view.trouble.reason, then(what, look_at_pods(view.model, component)))
    return Verdict("False", _RUNNING[strategy] if has_begun else Reason.CANDIDATE_STARTING, message)


def complete(view: View, revision: Revision) -> Verdict:
    """The condition RolledOut once every pod runs the version: what only a Gateway is asked for may still be missing."""
    what = f"Every pod runs version {revision.spec.version}."
    unrouted = routing.not_routed(view.model, view.observed)
    message = then(f"{what} {unrouted}", look_at_route(view.model)) if unrouted else what
    return Verdict("True", Reason.COMPLETE, message)


def canary_percent(plan: Plan) -> int | None:
    """The share of requests that the candidate answered; None while there is none that is to answer any."""
    step = plan.step
    if not isinstance(step, Shift) or step.candidate is None or step.candidate.stage.flow is Flow.COPIES:
        return None
    return step.measured_percent


def rollout_status(model: Model, plan: Plan) -> RolloutStatus | None:
    """The rollout that runs, None if none does."""
    step, candidate = plan.step, plan.candidate
    if not isinstance(step, Shift) or candidate is None:
        return None
    found, has_begun = step.figures, candidate.progress.since is not None
    return RolloutStatus(
        strategy=model.spec.rollout.strategy,
        step=candidate.progress.stage + 1 if has_begun else candidate.progress.stage,
        steps=step.stages,
        weight_percent=candidate.stage.weight,
        replicas=candidate.stage.pods,
        requests=found.requests if found is not None else 0,
        error_percent=_one_decimal(found.error_percent if found is not None else None),
        p95Milliseconds=_one_decimal(found.p95_milliseconds if found is not None else None),
        disagreement_percent=_one_decimal(found.disagreement_percent if found is not None else None),
        not_before=timestamp(step.not_before) if step.not_before is not None else None,
        deadline=timestamp(step.deadline) if step.deadline is not None else None,
    )


def _one_decimal(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"

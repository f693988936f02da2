"""Puts what would follow for a suspended model into its plan, for status to show. Pure; nothing is done about it.

What it has to ask, MLflow, nodes, a dry run, are reads: asked only while the forecast hangs on them.
"""

from dataclasses import replace
from datetime import datetime

from sentiment_operator.api.preview import Action, GateOutlook, Preview, PreviewedGate
from sentiment_operator.api.promotion import ApprovalPolicy
from sentiment_operator.deciding.approving import Awaiting, Granted, Rejected, missing
from sentiment_operator.deciding.evidence import trial
from sentiment_operator.deciding.plan import AskRegistry, Held, Plan, Steady
from sentiment_operator.explaining import next_step
from sentiment_operator.facts.observed import Model, Observed, Refusal
from sentiment_operator.preview import footprint, told
from sentiment_operator.preview.foresee import Foreseen, foresee, to_write
from sentiment_operator.preview.room import has_room
from sentiment_operator.reading.deployed import deployed
from sentiment_operator.reading.in_force import held_back, serving_in_force
from sentiment_operator.settings import Settings

NOT_REQUIRED = "NotRequired"
REJECTED = "Rejected"
HAS_A_WAY = frozenset({Action.SERVE, Action.REUSE, Action.PROMOTE, Action.TRAIN})


def with_preview(plan: Plan, model: Model, observed: Observed, settings: Settings, now: datetime) -> Plan:
    """The plan, and where it is to do nothing because the model is suspended, what would follow otherwise."""
    is_served_otherwise = model.spec.suspend and isinstance(plan.step, Steady) and bool(held_back(model, observed))
    if not isinstance(plan.step, Held) and not is_served_otherwise:
        return plan
    ahead = foresee(model, observed, settings, now)
    goes_on = _goes_on(ahead)
    write = to_write(ahead, settings) if goes_on else None
    return replace(
        plan,
        preview=_preview(plan, ahead, observed),
        needs_registry=isinstance(ahead.begins.step, AskRegistry),
        needs_nodes=goes_on and observed.nodes is None,
        to_rehearse=write if observed.rehearsed is None else None,
        # MLflow being away ends without anything being heard of it.
        requeue_after=ahead.begins.requeue_after if ahead.mlflow_is_away else plan.requeue_after,
    )


def _goes_on(ahead: Foreseen) -> bool:
    return ahead.action in HAS_A_WAY and ahead.obstacle is None


def _preview(plan: Plan, ahead: Foreseen, observed: Observed) -> Preview:
    found = Preview(
        action=ahead.action,
        why=told.why(ahead),
        gates=_gates(ahead),
        approvals=_approvals(ahead),
        go_back=_go_back(plan, ahead, observed),
    )
    if _goes_on(ahead):
        found = found.model_copy(update=_pods(ahead, observed))
    return found.model_copy(update={"summary": told.summary(ahead, found)})


def _gates(ahead: Foreseen) -> tuple[PreviewedGate, ...]:
    revision, gates = ahead.revision, ahead.model.spec.gates
    found = trial(ahead.model, ahead.observed, revision).found() if revision is not None else {}
    otherwise = GateOutlook.NOT_REQUIRED if ahead.is_proven else GateOutlook.OPEN
    outlooks = {name: GateOutlook(entry.verdict) for name, entry in found.items()}
    return tuple(PreviewedGate(name=gate.name, outlook=outlooks.get(gate.name, otherwise)) for gate in gates)


def _approvals(ahead: Foreseen) -> str:
    promotion, revision = ahead.model.spec.promotion, ahead.revision
    need = promotion.approval.min_approvals
    if promotion.approval.policy is ApprovalPolicy.NONE or ahead.is_proven:
        return NOT_REQUIRED
    if revision is None:
        return f"0/{need}"
    match missing(promotion, revision):
        case Granted(by):
            return f"{len(by)}/{need}"
        case Awaiting(have):
            return f"{have}/{need}"
        case Rejected():
            return REJECTED


def _pods(ahead: Foreseen, observed: Observed) -> dict[str, object]:
    job, surge = footprint.job(ahead), footprint.surge(ahead)
    room = has_room(observed.nodes, [*([("the Job", job)] if job is not None else []), ("serving", surge)])
    return {
        **({"job_cpu": job.cpu_told(), "job_memory": job.memory_told()} if job is not None else {}),
        "strategy": footprint.strategy(ahead),
        "surge_pods": surge.pods,
        "surge_cpu": surge.cpu_told(),
        "surge_memory": surge.memory_told(),
        "room": room.room,
        "room_message": room.message[: told.CHARACTERS],
        "refused": _refused(observed.rehearsed or ()),
    }


def _refused(refusals: tuple[Refusal, ...]) -> str:
    return " ".join(f"{one.kind} {one.name}: {one.message}" for one in refusals)[: told.CHARACTERS]


def _go_back(plan: Plan, ahead: Foreseen, observed: Observed) -> str:
    """Wants again what serves, or how it is served. Where nothing does there is nothing to go back to."""
    live = deployed(observed)
    if ahead.serves_already:
        return next_step.serve_as_before(ahead.model, serving_in_force(ahead.model, observed))
    if plan.target is not None:
        return next_step.go_back(ahead.model, plan.target.spec.version)
    return next_step.go_back(ahead.model, live.version) if live is not None else ""

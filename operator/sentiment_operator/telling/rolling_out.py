"""The station at which a version gets its pods and its traffic: how far that is, and what it waits for. Pure.

A candidate beside what serves is told of in rollout/told.py.
"""

from sentiment_operator.api.conditions import NOT_REACHED, Verdict
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.status import ConditionType
from sentiment_operator.deciding.plan import AwaitApproval, Held, Roll, Seal, Shift, Steady, TakeOver
from sentiment_operator.deciding.view import View
from sentiment_operator.explaining import explain_promotion
from sentiment_operator.explaining.next_step import look_at_limits, look_at_pods, sentence, then
from sentiment_operator.facts.observed import ServiceProbe
from sentiment_operator.names import SERVER
from sentiment_operator.reading.deployed import Deployed, deployed
from sentiment_operator.rollout import told
from sentiment_operator.telling.suspended import suspended


def rolled_out(view: View) -> Verdict:
    """What is found about it."""
    step = view.plan.step
    match step:
        case Steady(revision):
            return told.complete(view, revision)
        case Roll():
            return _rolling(view)
        case Shift() | TakeOver():
            return told.rolled_out(view, step)
        case Seal() if step.failed_rollouts:
            return Verdict("False", Reason.ROLLED_BACK, step.failed_rollouts[-1].message)
        case Held() if view.revision is not None:
            return suspended(view)
        case AwaitApproval(revision, standing):
            message = explain_promotion.awaited(view.model, revision, standing)
            return Verdict("False", ConditionType.AWAITING_APPROVAL, message)
        case _:
            return NOT_REACHED


def _rolling(view: View) -> Verdict:
    live, trouble, wanted = deployed(view.observed), view.trouble, view.plan.wanted
    if live is None:
        return Verdict("False", Reason.STARTING, f"The first pods of version {wanted} start.")
    counts, look = _counts(live, wanted), look_at_pods(view.model, SERVER)
    if trouble is not None:
        what = f"{counts}. A new pod is not ready: {trouble.message or trouble.reason}"
        return Verdict("False", trouble.reason, then(what, look))
    if live.refused:
        what = f"{counts}. The API server takes no more pods: {live.refused}"
        return Verdict("False", "FailedCreate", then(what, look_at_limits(view.model)))
    if live.deadline_exceeded:
        what = f"{counts}, and nothing has moved for too long."
        return Verdict("False", Reason.PROGRESS_DEADLINE_EXCEEDED, then(what, look))
    probe = view.observed.probe
    if probe is not None and live.is_complete:
        return _not_proven(view, counts, probe)
    return Verdict("False", Reason.ROLLING_OUT, f"{counts}.")


def _counts(live: Deployed, wanted: str) -> str:
    """How many pods run the wanted version, and how many answer, of whatever version."""
    # What the Deployment says of pods is of its template before until its controller has seen this one.
    updated = live.updated if live.version == wanted and live.is_current else 0
    pods = "pod" if live.wanted_replicas == 1 else "pods"
    runs = "runs" if 1 in (updated, live.wanted_replicas) else "run"
    answer = {0: "none answers yet", 1: "1 answers"}.get(live.available, f"{live.available} answer")
    return f"{updated} of {live.wanted_replicas} {pods} {runs} version {wanted}, {answer}"


def _not_proven(view: View, counts: str, probe: ServiceProbe) -> Verdict:
    """Every pod runs the wanted version, yet it has not all traffic for certain."""
    ending = sum(pod.label != view.plan.wanted for pod in view.observed.pods)
    if ending:
        finish = (
            "1 pod of another version finishes its" if ending == 1 else f"{ending} pods of another version finish their"
        )
        return Verdict("False", Reason.DRAINING, f"{counts}. {finish} last requests.")
    got = probe.error or f"version {probe.version or 'unknown'} answered"
    return Verdict("False", Reason.PROBING, f"{counts}. A known review sent through the Service: {sentence(got)}")

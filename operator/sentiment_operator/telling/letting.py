"""Conditions of what lets a version through: its gates and the agreement of people. Pure."""

from sentiment_contract.gates import Verdict as Outcome
from sentiment_operator.api.conditions import NOT_REACHED, Verdict
from sentiment_operator.api.promotion import ApprovalPolicy
from sentiment_operator.api.reasons import Reason
from sentiment_operator.deciding.approving import Granted, missing
from sentiment_operator.deciding.evidence import blocking, is_proven, trial
from sentiment_operator.deciding.plan import (
    AwaitApproval,
    AwaitComparison,
    Blocked,
    Compare,
    Queued,
    Roll,
    Seal,
    Settle,
    Shift,
    Steady,
    Step,
    TakeOver,
)
from sentiment_operator.deciding.view import View
from sentiment_operator.explaining import explain_promotion
from sentiment_operator.explaining.next_step import look_at_pods, sentence, then
from sentiment_operator.facts.jobs import ComparisonJob
from sentiment_operator.facts.observed import Model, Revision
from sentiment_operator.names import TRAINER


def is_gating(step: Step) -> bool:
    """Whether the step finds out, or writes down, what gates and people say."""
    return isinstance(step, Compare) or (isinstance(step, Seal) and not step.failed_rollouts)


def gates_passed(view: View) -> Verdict:
    """Whether the wanted version proved what it has to."""
    revision = view.revision
    if revision is None:
        return NOT_REACHED
    match view.plan.step:
        case Compare() | Seal() if is_gating(view.plan.step):
            return Verdict("False", Reason.COMPARING, "The version is measured on reviews that it was not trained on.")
        case Settle():
            return Verdict("False", Reason.SETTLING, "The comparison starts once no edit has come for two seconds.")
        case Queued(running, limit):
            message = f"{running} Jobs run and {limit} is the limit; the comparison starts when one of them ends."
            return Verdict("False", Reason.QUEUED, message)
        case AwaitComparison(job):
            return _comparing(view.model, job)
        case _:
            return _judged(view, revision)


def _comparing(model: Model, job: ComparisonJob) -> Verdict:
    trouble = job.trouble
    if trouble is not None:
        what = f"Job {job.name} cannot run: {trouble.message or trouble.reason}"
        return Verdict("False", trouble.reason, then(what, look_at_pods(model, TRAINER, trouble.reason)))
    return Verdict("False", Reason.COMPARING, f"Job {job.name} runs, attempt {job.attempt}.")


def _judged(view: View, revision: Revision) -> Verdict:
    """Every gate that the spec names was judged, or none has to be."""
    gates = view.model.spec.gates
    if not gates:
        return Verdict("True", Reason.NO_GATES, "The spec names no gates.")
    found = trial(view.model, view.observed, revision).found()
    if any(gate.name not in found for gate in gates):
        if is_proven(view.model, view.observed, revision):
            message = f"Version {revision.spec.version} served before: it needs no new proof."
            return Verdict("True", Reason.EVIDENCE_REUSED, message)
        return NOT_REACHED
    if (not_passed := blocking(found)) and not is_proven(view.model, view.observed, revision):
        kept_out = explain_promotion.gates_not_passed(view.model, revision, not_passed)
        return Verdict("False", kept_out.reason, kept_out.message)
    warned = [entry for entry in found.values() if entry.verdict is not Outcome.PASSED]
    told = " ".join(f"Gate {entry.name}: {sentence(entry.message)}" for entry in (warned or found.values()))
    return Verdict("True", Reason.PASSED_WITH_WARNINGS if warned else Reason.PASSED, told)


def awaiting_approval(view: View) -> Verdict:
    """Whether the wanted version waits for people."""
    step, revision = view.plan.step, view.revision
    if isinstance(step, AwaitApproval):
        message = explain_promotion.awaited(view.model, step.revision, step.standing)
        return Verdict("True", Reason.APPROVAL_REQUESTED, message)
    if view.model.spec.promotion.approval.policy is ApprovalPolicy.NONE:
        return Verdict("False", Reason.NOT_REQUIRED, "No approval is asked for.")
    if isinstance(step, Blocked) and step.reason == Reason.REJECTED:
        return Verdict("False", Reason.REJECTED, step.message)
    if revision is None or not isinstance(step, Roll | Shift | TakeOver | Steady):
        return Verdict("False", Reason.NOT_REACHED, "It is asked for once the wanted version has passed its gates.")
    standing = missing(view.model.spec.promotion, revision)
    if isinstance(standing, Granted):
        return Verdict(
            "False", Reason.APPROVED, f"Version {revision.spec.version} was approved by {', '.join(standing.by)}."
        )
    return Verdict("False", Reason.NOT_REQUIRED, f"Version {revision.spec.version} served before: nobody has to agree.")

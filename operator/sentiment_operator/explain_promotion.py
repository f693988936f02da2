"""Says what keeps a trained version from serving: gates, comparisons, people; and the one next step. Pure texts."""

from collections.abc import Sequence

from sentiment_contract.gates import Verdict
from sentiment_contract.training import FailureReason, TrainingFailed
from sentiment_operator.api import ConditionType
from sentiment_operator.api_promotion import GateEvidence
from sentiment_operator.approving import Awaiting, Rejected
from sentiment_operator.explain import is_dead_end
from sentiment_operator.facts import ComparisonJob, Model, Revision
from sentiment_operator.next_step import (
    NEXT,
    add,
    allow_more,
    approve,
    look_at_revision,
    sentence,
    take_another_label,
    then,
    try_again,
)
from sentiment_operator.plan import Blocked
from sentiment_operator.reasons import Reason


def gates_not_passed(model: Model, revision: Revision, evidence: Sequence[GateEvidence]) -> Blocked:
    """At least one gate that blocks was not passed. What failed for certain is named before what could not be told."""
    failed = [entry for entry in evidence if entry.verdict is Verdict.FAILED]
    told = " ".join(f"Gate {entry.name}: {sentence(entry.message)}" for entry in (failed or evidence))
    what = f"Version {revision.spec.version} did not pass and does not serve. {told} What serves is not touched."
    if failed:
        return Blocked(
            ConditionType.GATES_PASSED, Reason.GATE_FAILED, then(what, look_at_revision(model, revision)), dead_end=True
        )
    hindered = all(entry.samples == 0 for entry in evidence)
    step = try_again(model) if hindered else allow_more(model)
    return Blocked(ConditionType.GATES_PASSED, Reason.GATE_INCONCLUSIVE, then(what, step), dead_end=True)


def comparison_hindered(model: Model, answer: TrainingFailed) -> Blocked:
    """The surroundings kept the versions from being compared. It is tried again by itself."""
    away = answer.reason is FailureReason.REGISTRY_UNREACHABLE
    step = ConditionType.DEPENDENCIES_READY if away else ConditionType.GATES_PASSED
    message = then(add(answer.message, "The comparison is tried again by itself."), try_again(model))
    return Blocked(step, answer.reason, message, dead_end=is_dead_end(answer.reason))


def comparison_died(job: ComparisonJob) -> str:
    """The Job ended without a word of its own."""
    why = f"{job.failure.reason}: {job.failure.message}" if job.failure is not None else "it gave no answer"
    return f"Job {job.name} could not compare the versions: {why}"


def awaited(model: Model, revision: Revision, standing: Awaiting) -> str:
    """Who has to act before the version serves."""
    need = f"{standing.have} of {standing.need} approvals are there"
    not_counted = "".join(f" {sentence(text)}" for text in standing.not_counted)
    what = f"Version {revision.spec.version} passed its gates and waits for people: {need}.{not_counted}"
    return then(what, approve(model, revision))


def rejected(model: Model, revision: Revision, standing: Rejected) -> Blocked:
    """A person said no."""
    # What a person wrote is not the next step of the message that it is quoted in.
    note = f": {standing.note.replace(NEXT, NEXT.lower())}" if standing.note else ""
    what = f"{standing.by} rejected version {revision.spec.version}{note}"
    return Blocked(ConditionType.ROLLED_OUT, Reason.REJECTED, then(what, take_another_label(model)), dead_end=True)

"""Says what keeps a trained version from serving: gates, comparisons, people; and the one next step. Pure texts."""

from collections.abc import Sequence

from sentiment_contract.gates import Verdict
from sentiment_contract.training import FailureReason, TrainingFailed
from sentiment_operator.api.promotion import GateEvidence
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.status import ConditionType
from sentiment_operator.deciding.approving import Awaiting, Rejected
from sentiment_operator.deciding.plan import Blocked
from sentiment_operator.explaining.explain import is_dead_end
from sentiment_operator.explaining.next_step import (
    NEXT,
    add,
    approve,
    change_gates,
    go_back,
    look_at_revision,
    sentence,
    take_another_label,
    then,
    try_again,
    without_step,
)
from sentiment_operator.facts.jobs import ComparisonJob
from sentiment_operator.facts.observed import Model, Revision

NO_COMPARISON = "could not compare the versions"


def gates_not_passed(model: Model, revision: Revision, evidence: Sequence[GateEvidence]) -> Blocked:
    """At least one gate that blocks was not passed. What failed for certain is named before what could not be told."""
    failed = [entry for entry in evidence if entry.verdict is Verdict.FAILED]
    told = " ".join(f"Gate {entry.name}: {sentence(entry.message)}" for entry in (failed or evidence))
    what = f"Version {revision.spec.version} did not pass and does not serve. {told} What serves is not touched."
    if failed:
        return Blocked(
            ConditionType.GATES_PASSED, Reason.GATE_FAILED, then(what, look_at_revision(model, revision)), dead_end=True
        )
    died = any(NO_COMPARISON in entry.message for entry in evidence)
    step = try_again(model) if died else change_gates(model)
    return Blocked(ConditionType.GATES_PASSED, Reason.GATE_INCONCLUSIVE, then(what, step), dead_end=True)


def comparison_hindered(model: Model, answer: TrainingFailed) -> Blocked:
    """The surroundings kept the versions from being compared. It is tried again by itself."""
    away = answer.reason is FailureReason.REGISTRY_UNREACHABLE
    step = ConditionType.DEPENDENCIES_READY if away else ConditionType.GATES_PASSED
    message = then(add(answer.message, "The comparison is tried again by itself."), try_again(model))
    return Blocked(step, answer.reason, message, dead_end=is_dead_end(answer.reason))


def no_comparison(job: ComparisonJob) -> str:
    """The Job ended without figures: what it said itself, or else what Kubernetes says."""
    why = "it gave no answer"
    if isinstance(job.answer, TrainingFailed):
        why = without_step(job.answer.message)
    elif job.failure is not None:
        why = f"{job.failure.reason}: {job.failure.message}"
    return f"Job {job.name} {NO_COMPARISON}: {why}"


def awaited(model: Model, revision: Revision, standing: Awaiting) -> str:
    """Who has to act before the version serves."""
    need = f"{standing.have} of {standing.need} approvals are there"
    not_counted = "".join(f" {sentence(text)}" for text in standing.not_counted)
    what = f"Version {revision.spec.version} {_passed(model, revision)} and waits for people: {need}.{not_counted}"
    return then(what, approve(model, revision))


def _passed(model: Model, revision: Revision) -> str:
    """What an approver has to know of its gates."""
    latest = {entry.name: entry for entry in revision.status.gates}
    found = [latest[gate.name] for gate in model.spec.gates if gate.name in latest]
    warned = [sentence(f"{entry.name}: {entry.message}") for entry in found if entry.verdict is not Verdict.PASSED]
    if not found:
        return "has no gates"
    return f"passed {len(found) - len(warned)} of {len(found)} gates" + (f" ({' '.join(warned)})" if warned else "")


def rejected(model: Model, revision: Revision, standing: Rejected, serving: str) -> Blocked:
    """A person said no. `serving`: label of what serves meanwhile, empty where nothing does."""
    # What a person wrote is not the next step of the message that it is quoted in.
    words = " ".join(standing.note.replace(NEXT, NEXT.lower()).split())
    what = f"{standing.by} rejected version {revision.spec.version}{f': {words}' if words else ''}"
    step = go_back(model, serving) if serving else take_another_label(model)
    return Blocked(ConditionType.ROLLED_OUT, Reason.REJECTED, then(what, step), dead_end=True)

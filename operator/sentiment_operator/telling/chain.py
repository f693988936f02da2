"""The way of the wanted version as conditions: accepted, trained, registered, rolled out, verified. Pure.

One function for each station. Those behind the first that is not True are Unknown: the way has not come so far.
"""

from typing import assert_never

from sentiment_contract.training import FailureReason
from sentiment_operator.api.conditions import NOT_REACHED, Verdict
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.status import ConditionType
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
    TakeOver,
    Train,
)
from sentiment_operator.deciding.view import View
from sentiment_operator.explaining import explain
from sentiment_operator.explaining.next_step import (
    find_registry,
    look_at_limits,
    look_at_managers,
    look_at_pods,
    then,
    without_step,
)
from sentiment_operator.facts.jobs import Searched, TrainingJob
from sentiment_operator.facts.observed import Model, Refusal, RegistryAway, Revision
from sentiment_operator.names import SERVER, TRAINER
from sentiment_operator.promoting.explain import followed
from sentiment_operator.telling import letting
from sentiment_operator.telling.rolling_out import rolled_out
from sentiment_operator.telling.suspended import suspended

CHAIN = (
    ConditionType.ACCEPTED,
    ConditionType.DEPENDENCIES_READY,
    ConditionType.DATA_VERIFIED,
    ConditionType.TRAINED,
    ConditionType.REGISTERED,
    ConditionType.GATES_PASSED,
    ConditionType.ROLLED_OUT,
    ConditionType.LINEAGE_VERIFIED,
)
"""The way of a version, in the order it is gone. Ready names the first of them that is not True."""

WRONG_ARTIFACT = frozenset({"DigestMismatch", "ArtifactRefused"})
"""What a pod says of a file that is not the model that was registered."""
HOPELESS = WRONG_ARTIFACT | {"ArtifactMissing"}
"""What a pod says that waiting does not mend."""
_CONDITION_OF_KIND = {"Job": ConditionType.TRAINED, "SentimentModelRevision": ConditionType.REGISTERED}


def station(view: View, kind: ConditionType) -> Verdict:
    """What is found about one station of the way."""
    blocked = view.plan.step
    if isinstance(blocked, Blocked) and blocked.step == kind:
        return Verdict("False", blocked.reason, blocked.message)
    if (refusal := _refusal(view, kind)) is not None:
        return _contested(view, refusal) if refusal.rival else _refused(view, refusal)
    match kind:
        case ConditionType.ACCEPTED:
            return Verdict("True", Reason.VALID, "The spec is valid and its registered model belongs to it alone.")
        case ConditionType.DEPENDENCIES_READY:
            return _dependencies(view)
        case ConditionType.DATA_VERIFIED:
            return _data_verified(view)
        case ConditionType.TRAINED:
            return _trained(view)
        case ConditionType.REGISTERED:
            return _registered(view)
        case ConditionType.GATES_PASSED:
            return letting.gates_passed(view)
        case ConditionType.ROLLED_OUT:
            return rolled_out(view)
        case _:
            return _lineage(view)


def _refusal(view: View, kind: ConditionType) -> Refusal | None:
    """A write of this pass that the API server refused."""
    refusals, gating = view.observed.refusals, letting.is_gating(view.plan.step)
    of_kind = _CONDITION_OF_KIND if not gating else dict.fromkeys(_CONDITION_OF_KIND, ConditionType.GATES_PASSED)
    return next((entry for entry in refusals if of_kind.get(entry.kind, ConditionType.ROLLED_OUT) == kind), None)


def _refused(view: View, refusal: Refusal) -> Verdict:
    what = f"The API server refused {refusal.kind} {refusal.name}, which is tried again with growing pauses: {refusal.message}"
    return Verdict("False", Reason.REFUSED, then(what, look_at_limits(view.model)))


def _contested(view: View, refusal: Refusal) -> Verdict:
    child = f"{refusal.kind} {refusal.name}"
    what = (
        f"Field manager {refusal.rival} changes {child} as often as it is restored, which is every ten seconds at most"
    )
    return Verdict("False", Reason.FIELD_CONFLICT, then(what, look_at_managers(view.model, refusal)))


def _dependencies(view: View) -> Verdict:
    # Suspended, MLflow is asked for a forecast only: nothing that is needed now is missing.
    if isinstance(view.observed.registry, RegistryAway) and not isinstance(view.plan.step, Held):
        away = explain.registry_away(view.model, view.observed.registry.message)
        return Verdict("False", away.reason, away.message)
    trouble = view.trouble
    if trouble is not None and trouble.reason == FailureReason.REGISTRY_UNREACHABLE:
        what = f"A serving pod cannot fetch its model: {without_step(trouble.message)}"
        return Verdict("False", trouble.reason, then(what, find_registry()))
    unfollowed = view.plan.following.failure
    if unfollowed is not None and unfollowed.step == ConditionType.DEPENDENCIES_READY:
        return Verdict("False", unfollowed.reason, unfollowed.message)
    return Verdict("True", Reason.NOTHING_MISSING, "Everything that is needed now answers.")


def _data_verified(view: View) -> Verdict:
    revision = view.revision
    if revision is not None:
        return Verdict("True", Reason.RECORDED, f"Trained on data sha256:{revision.spec.data_hash}.")
    step = view.plan.step
    if isinstance(step, Record) and isinstance(step.known, Revision):
        return Verdict("True", Reason.RECORDED, f"Trained on data sha256:{step.known.spec.data_hash}.")
    if isinstance(step, (AskRegistry, Record)) or _is_after(view, ConditionType.DATA_VERIFIED):
        return Verdict("True", Reason.CHECKED, "The training accepted the data.")
    if isinstance(step, AwaitTraining):
        return Verdict("Unknown", Reason.CHECKING, f"Job {step.job.name} fetches and checks the data.")
    return NOT_REACHED


def _is_after(view: View, kind: ConditionType) -> bool:
    """True where the version is blocked at a later point of the way than this."""
    step = view.plan.step
    if not isinstance(step, Blocked) or step.step == ConditionType.DEPENDENCIES_READY or view.model.spec.data is None:
        return False
    return CHAIN.index(ConditionType(step.step)) > CHAIN.index(kind)


def _known(view: View) -> Verdict | None:
    """Of a version that is on record here, or at the followed model and about to be here; None of any other."""
    revision, step = view.revision, view.plan.step
    if revision is not None:
        origin = revision.spec.promoted_from
        return _is_trained(revision, f"{origin.namespace}/{origin.model_ref.name}" if origin is not None else "")
    if isinstance(step, Record) and isinstance(step.known, Revision):
        return _is_trained(step.known, "/".join(followed(view.model)))
    return None


def _is_trained(revision: Revision, origin: str) -> Verdict:
    """`origin`: the model that has proven it, empty where it was trained here."""
    version, accuracy = revision.spec.version, revision.spec.metric("accuracy")
    figures = (f", accuracy {accuracy}" if accuracy else "") + _chosen_from(revision)
    if not origin:
        return Verdict("True", Reason.RECORDED, f"Version {version} is trained{figures}.")
    return Verdict("True", Reason.PROMOTED, f"Version {version} was proven by SentimentModel {origin}{figures}.")


def _chosen_from(revision: Revision) -> str:
    """Where its parameters come from, if they were searched for."""
    search = revision.spec.search
    if search is None:
        return ""
    failed = f", of which {search.failed} failed" if search.failed else ""
    return f", with the best parameters of {search.trials} trials{failed}"


def _trained(view: View) -> Verdict:
    step = view.plan.step
    if (known := _known(view)) is not None:
        return known
    match step:
        case AwaitTraining(job):
            return _training(view.model, job)
        case Train(label, attempt) | Search(label, attempt):
            what = "Search for the parameters" if isinstance(step, Search) else "Training"
            return Verdict("False", Reason.TRAINING_STARTED, f"{what} of version {label} starts, attempt {attempt}.")
        case Settle():
            return Verdict("False", Reason.SETTLING, "The training starts once no edit has come for two seconds.")
        case Queued(running, limit):
            message = f"{running} trainings run and {limit} is the limit; this one starts when one of them ends."
            return Verdict("False", Reason.QUEUED, message)
        case Held():
            return suspended(view)
        case Record():
            return Verdict("True", Reason.FINISHED, "The training ended well.")
        case _ if _is_after(view, ConditionType.TRAINED):
            return Verdict("True", Reason.FINISHED, "The training ended well.")
        case (
            AskRegistry()
            | Compare()
            | AwaitComparison()
            | Seal()
            | AwaitApproval()
            | Shift()
            | TakeOver()
            | Roll()
            | Steady()
            | Blocked()
        ):
            return NOT_REACHED
        case _:
            assert_never(step)


def _training(model: Model, job: TrainingJob) -> Verdict:
    trouble = job.trouble
    if trouble is not None:
        what = f"Job {job.name} cannot run: {trouble.message or trouble.reason}"
        return Verdict("False", trouble.reason, then(what, look_at_pods(model, TRAINER, trouble.reason)))
    if job.searched is not None:
        return _searching(model, job, job.searched)
    return Verdict(
        "False", Reason.TRAINING_RUNNING, f"Job {job.name} runs, attempt {job.attempt}, {job.progress_percent} percent."
    )


def _searching(model: Model, job: TrainingJob, found: Searched) -> Verdict:
    asked = model.spec.training.search
    if found.is_held:
        queue = f"queue {asked.queue_name}" if asked is not None and asked.queue_name else "whoever suspended it"
        return Verdict("False", Reason.QUEUED, f"Job {job.name} waits for {queue} to let it begin.")
    ended = f"{found.ended_well} of {found.trials} trials ended well, {found.ended_badly} failed"
    best = f", the best got {found.best.accuracy} right in cross-validation" if found.best is not None else ""
    return Verdict("False", Reason.SEARCH_RUNNING, f"Job {job.name} runs, attempt {job.attempt}: {ended}{best}.")


def _registered(view: View) -> Verdict:
    revision = view.revision
    if revision is None:
        return NOT_REACHED
    registry = revision.spec.registry
    return Verdict(
        "True", Reason.RECORDED, f"{registry.model_name} version {registry.version} in MLflow, run {registry.run_id}."
    )


def _lineage(view: View) -> Verdict:
    trouble, revision = view.trouble, view.revision
    if trouble is not None and trouble.reason in WRONG_ARTIFACT:
        return Verdict("False", trouble.reason, then(trouble.message, look_at_pods(view.model, SERVER)))
    if isinstance(view.plan.step, Steady) and revision is not None:
        return Verdict(
            "True", Reason.DIGEST_VERIFIED, f"What answers is sha256:{revision.spec.artifact_digest}, as registered."
        )
    return Verdict("Unknown", Reason.NOT_REACHED, "Verified once the wanted version answers.")

"""Says for each thing that can stand in the way what it is, where, why, and the one next step. Pure texts.

A person reads them in `kubectl describe`; the reasons are part of the API.
"""

from collections.abc import Iterable

from sentiment_contract.names import REGISTRY_LABEL_TAG, RETRY_ANNOTATION
from sentiment_contract.training import FailureReason, Fault, TrainingFailed, fault_of
from sentiment_operator.api import ConditionType
from sentiment_operator.facts import ChildKind, Model, RegisteredVersion, TrainingJob, Trouble
from sentiment_operator.plan import Blocked

_OF_TRAINING = frozenset(
    {
        FailureReason.PARITY_FAILED,
        FailureReason.TRAINER_ERROR,
        FailureReason.INVALID_ORDER,
    }
)


def rival(model: Model, older: str) -> Blocked:
    """Two models name one registered model."""
    message = (
        f"SentimentModel {older} is older and names the same registered model in MLflow; versions of two models must not mix."
        f" Next: kubectl -n {model.namespace} delete smod {model.name}, and apply it again with another spec.registry.modelName"
    )
    return Blocked(ConditionType.ACCEPTED, "Conflict", message, dead_end=True)


def name_taken(model: Model, kinds: Iterable[ChildKind]) -> Blocked:
    """A foreign object holds the name of a child."""
    names = ", ".join(f"{kind} {model.name}" for kind in kinds)
    message = (
        f"{names} in namespace {model.namespace} belongs to someone else and is left alone; this model needs the name."
        f" Next: kubectl -n {model.namespace} get {next(iter(kinds)).lower()} {model.name} -o yaml, and rename one of the two"
    )
    return Blocked(ConditionType.ROLLED_OUT, "NameTaken", message, dead_end=True)


def registry_away(why: str) -> Blocked:
    """MLflow does not answer, and this model needs it now."""
    message = (
        f"MLflow does not answer: {why}. What serves is not touched; this goes on by itself once MLflow is back."
        " Next: kubectl get pods -A -l app.kubernetes.io/component=mlflow"
    )
    return Blocked(ConditionType.DEPENDENCIES_READY, "RegistryUnreachable", message, dead_end=False)


def version_conflict(model: Model, label: str, found: RegisteredVersion) -> Blocked:
    """The label stands in the registry for another recipe."""
    message = (
        f"Version {label} stands in MLflow (model version {found.number}) and was trained from another recipe; a label keeps"
        f" its meaning. Next: kubectl -n {model.namespace} patch smod {model.name} --type merge"
        ' -p \'{"spec":{"version":"a-new-label"}}\''
    )
    return Blocked(ConditionType.REGISTERED, "VersionConflict", message, dead_end=True)


def registration_missing(model: Model, job: TrainingJob) -> Blocked:
    """The training ended well, yet MLflow does not know its result."""
    message = (
        f"Job {job.name} ended well, yet MLflow holds no model version with the tag {REGISTRY_LABEL_TAG}{job.label}; it may"
        f" have been deleted there. Next: {retry(model)}"
    )
    return Blocked(ConditionType.REGISTERED, "RegistrationMissing", message, dead_end=True, attempt=job.attempt)


def registration_incomplete(model: Model, found: RegisteredVersion) -> Blocked:
    """A model version lacks the tags that make it provable."""
    message = (
        f"Model version {found.number} in MLflow lacks a valid fingerprint, data_hash or artifact_digest tag, so what it holds"
        f" cannot be verified. Next: remove its label tag in MLflow, then {retry(model)}"
    )
    return Blocked(ConditionType.REGISTERED, "RegistrationIncomplete", message, dead_end=True)


def training_answered(job: TrainingJob, answer: TrainingFailed) -> Blocked:
    """The trainer said why it failed."""
    if answer.reason is FailureReason.REGISTRY_UNREACHABLE:
        step = ConditionType.DEPENDENCIES_READY
    elif answer.reason is FailureReason.VERSION_CONFLICT:
        step = ConditionType.REGISTERED
    else:
        step = ConditionType.TRAINED if answer.reason in _OF_TRAINING else ConditionType.DATA_VERIFIED
    again = (
        " It is tried again by itself, with growing pauses." if fault_of(answer.reason) is Fault.SURROUNDINGS else ""
    )
    return Blocked(
        step, answer.reason, f"{answer.message}{again}", dead_end=True, exit_code=job.exit_code, attempt=job.attempt
    )


def training_died(job: TrainingJob) -> Blocked:
    """The trainer ended without a word of its own."""
    trouble = job.failure or Trouble("TrainingFailed", "the training ended without an answer")
    message = f"Job {job.name}: {trouble.message or trouble.reason}. Next: {_remedy(trouble.reason)}"
    return Blocked(
        ConditionType.TRAINED, trouble.reason, message, dead_end=True, exit_code=job.exit_code, attempt=job.attempt
    )


def retry(model: Model) -> str:
    """The command that has a failed version tried again."""
    return f'kubectl -n {model.namespace} annotate smod {model.name} --overwrite {RETRY_ANNOTATION}="$(date +%s)"'


def _remedy(reason: str) -> str:
    again = f"and set the annotation {RETRY_ANNOTATION} to a new value"
    match reason:
        case "OOMKilled":
            return f"raise spec.training.resources.limits.memory, {again}"
        case "DeadlineExceeded":
            return f"raise spec.training.activeDeadlineSeconds or train on fewer rows, {again}"
        case _:
            return f"read the log lines above, {again}"

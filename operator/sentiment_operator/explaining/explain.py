"""Says for each thing that can stand in the way what it is, where, why, and the one next step. Pure texts.

A person reads them in `kubectl describe`; the reasons are part of the API.
"""

from collections.abc import Iterable

from sentiment_contract.names import REGISTRY_LABEL_TAG
from sentiment_contract.training import FailureReason, TrainingFailed
from sentiment_operator import names
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.status import ConditionType
from sentiment_operator.deciding.plan import Blocked
from sentiment_operator.explaining.next_step import (
    add,
    reach_registry,
    sentence,
    take_another_label,
    take_router_replicas,
    then,
    try_again,
    without_step,
)
from sentiment_operator.facts.jobs import TrainingJob, Trouble
from sentiment_operator.facts.observed import ChildKind, Model, RegisteredVersion
from sentiment_operator.kinds import SERVING

_OF_TRAINING = frozenset(
    {
        FailureReason.PARITY_FAILED,
        FailureReason.TRAINER_ERROR,
        FailureReason.INVALID_ORDER,
        FailureReason.SEARCH_FAILED,
    }
)


def rival(model: Model, older: str) -> Blocked:
    """Two models name one registered model."""
    what = f"SentimentModel {older} is older and names the same registered model in MLflow; versions of two models must not mix."
    step = f"kubectl -n {model.namespace} delete smod {model.name}, and apply it again with another spec.registry.modelName"
    return Blocked(ConditionType.ACCEPTED, Reason.CONFLICT, then(what, step), dead_end=True)


def unsupported_router(model: Model) -> Blocked:
    """A Gateway is to divide the requests, and this operator may write no HTTPRoute."""
    what = (
        "spec.rollout.router GatewayAPI needs an HTTPRoute, and the operator was installed without the right to write any:"
        " the chart's gatewayAPI.enabled is false. What serves is not touched."
    )
    step = f"{take_router_replicas(model)}, or have the chart upgraded with --set gatewayAPI.enabled=true"
    return Blocked(ConditionType.ACCEPTED, Reason.UNSUPPORTED_ROUTER, then(what, step), dead_end=True)


def name_taken(model: Model, kinds: Iterable[ChildKind]) -> Blocked:
    """A foreign object holds the name of a child."""
    taken = list(kinds)
    what = (
        f"{', '.join(f'{kind} {names.child_name(model.name, kind)}' for kind in taken)} in namespace {model.namespace} belongs"
        " to someone else and is left alone; this model needs the name."
    )
    kind, name = SERVING[taken[0]].name.lower(), names.child_name(model.name, taken[0])
    step = f"kubectl -n {model.namespace} get {kind} {name} -o yaml, and rename one of the two"
    return Blocked(ConditionType.ROLLED_OUT, Reason.NAME_TAKEN, then(what, step), dead_end=True)


def unknown_trainer(model: Model, known: Iterable[str]) -> Blocked:
    """The spec names a trainer that the operator was not installed with."""
    there = ", ".join(sorted(known)) or "none"
    what = f"spec.training.trainer names {model.spec.training.trainer}, which the operator has no image of; it has: {there}."
    step = f"kubectl -n {model.namespace} edit smod {model.name}, and choose one of them, or have it added to the chart's trainers"
    return Blocked(ConditionType.ACCEPTED, Reason.UNKNOWN_TRAINER, then(what, step), dead_end=True)


def registry_away(model: Model, why: str) -> Blocked:
    """MLflow does not answer, and this model needs it now."""
    what = f"MLflow does not answer: {sentence(why)} What serves is not touched; this goes on by itself once MLflow is back."
    return Blocked(
        ConditionType.DEPENDENCIES_READY,
        FailureReason.REGISTRY_UNREACHABLE,
        then(what, reach_registry(model)),
        dead_end=is_dead_end(FailureReason.REGISTRY_UNREACHABLE),
    )


def version_conflict(model: Model, label: str, found: RegisteredVersion) -> Blocked:
    """The label stands in the registry for another recipe."""
    what = (
        f"Version {label} stands in MLflow (model version {found.number}) and was trained from another recipe; a label keeps"
        " its meaning."
    )
    message = then(what, take_another_label(model))
    return Blocked(ConditionType.REGISTERED, FailureReason.VERSION_CONFLICT, message, dead_end=True)


def registration_missing(model: Model, job: TrainingJob) -> Blocked:
    """The training ended well, yet MLflow does not know its result."""
    what = (
        f"Job {job.name} ended well, yet MLflow holds no model version with the tag {REGISTRY_LABEL_TAG}{job.label}; it may"
        " have been deleted there."
    )
    message = then(what, try_again(model))
    return Blocked(ConditionType.REGISTERED, Reason.REGISTRATION_MISSING, message, dead_end=True, attempt=job.attempt)


def registration_incomplete(model: Model, found: RegisteredVersion) -> Blocked:
    """A model version lacks the tags that make it provable."""
    what = (
        f"Model version {found.number} in MLflow lacks a valid fingerprint, data_hash or artifact_digest tag, so what it holds"
        " cannot be verified."
    )
    message = then(what, f"remove its label tag in MLflow, then {try_again(model)}")
    return Blocked(ConditionType.REGISTERED, Reason.REGISTRATION_INCOMPLETE, message, dead_end=True)


def training_answered(model: Model, job: TrainingJob, answer: TrainingFailed, again_after: int | None) -> Blocked:
    """The trainer said why it failed. `again_after`: seconds until the next try at most, None: there is none by itself."""
    if answer.reason is FailureReason.REGISTRY_UNREACHABLE:
        step = ConditionType.DEPENDENCIES_READY
    elif answer.reason is FailureReason.VERSION_CONFLICT:
        step = ConditionType.REGISTERED
    else:
        step = ConditionType.TRAINED if answer.reason in _OF_TRAINING else ConditionType.DATA_VERIFIED
    again = (
        ""
        if again_after is None
        else f"It is tried again by itself, at latest {again_after // 60} minutes after it failed."
    )
    return Blocked(
        step,
        answer.reason,
        then(add(answer.message, again), try_again(model)),
        dead_end=is_dead_end(answer.reason),
        exit_code=job.exit_code,
        attempt=job.attempt,
    )


def search_failed(model: Model, job: TrainingJob) -> Blocked:
    """No trial of a search ended well, so there is nothing to train with."""
    trials = job.searched.trials if job.searched is not None else 0
    trouble = job.failure or Trouble(Reason.JOB_FAILED, "")
    if isinstance(job.answer, TrainingFailed):
        said, remedy = (
            without_step(job.answer.message),
            f"correct spec.training.search.parameters, or {try_again(model)}",
        )
    else:
        said, remedy = trouble.message or trouble.reason, f"{_remedy(trouble.reason)}, then {try_again(model)}"
    what = (
        f"None of {trials} trials of Job {job.name} ended well, so there is nothing to train with; the last one: {said}"
    )
    return Blocked(
        ConditionType.TRAINED,
        FailureReason.SEARCH_FAILED,
        then(what, remedy),
        dead_end=True,
        exit_code=job.exit_code,
        attempt=job.attempt,
    )


def is_dead_end(reason: str) -> bool:
    """Whether a person most likely has to act, though it may be tried again meanwhile. MLflow is back by itself one day."""
    return reason != FailureReason.REGISTRY_UNREACHABLE


def training_died(model: Model, job: TrainingJob) -> Blocked:
    """The trainer ended without a word of its own."""
    trouble = job.failure or Trouble(Reason.TRAINING_FAILED, "the training ended without an answer")
    message = then(
        f"Job {job.name}: {trouble.message or trouble.reason}", f"{_remedy(trouble.reason)}, then {try_again(model)}"
    )
    return Blocked(
        ConditionType.TRAINED, trouble.reason, message, dead_end=True, exit_code=job.exit_code, attempt=job.attempt
    )


def _remedy(reason: str) -> str:
    match reason:
        case "OOMKilled":
            return "raise spec.training.resources.limits.memory"
        case "DeadlineExceeded":
            return "raise spec.training.activeDeadlineSeconds or train on fewer rows"
        case "Evicted":
            return "give the node room"
        case _:
            return "mend the cause"

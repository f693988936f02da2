"""The way of the wanted version as conditions: accepted, trained, registered, rolled out, verified. Pure.

One function for each station. Those behind the first that is not True are Unknown: the way has not come so far.
"""

from typing import assert_never

from sentiment_operator.api import ConditionType
from sentiment_operator.conditions import Verdict
from sentiment_operator.deployed import deployed
from sentiment_operator.facts import Refusal, RegistryAway, ServiceProbe, TrainingJob
from sentiment_operator.plan import (
    AskRegistry,
    AwaitTraining,
    Blocked,
    Held,
    Queued,
    Record,
    Roll,
    Settle,
    Steady,
    Train,
)
from sentiment_operator.view import View

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

HOPELESS = frozenset({"DigestMismatch", "ArtifactRefused"})
"""What a pod says that waiting does not mend."""
_CONDITION_OF_KIND = {"Job": ConditionType.TRAINED, "SentimentModelRevision": ConditionType.REGISTERED}


def station(view: View, kind: ConditionType) -> Verdict:
    """What is found about one station of the way."""
    blocked = view.plan.step
    if isinstance(blocked, Blocked) and blocked.step == kind:
        return Verdict("False", blocked.reason, blocked.message)
    if (refusal := _refusal(view, kind)) is not None:
        return Verdict("False", "Refused", _refused(view, refusal))
    match kind:
        case ConditionType.ACCEPTED:
            return Verdict("True", "Valid", "The spec is valid and its registered model belongs to it alone.")
        case ConditionType.DEPENDENCIES_READY:
            return _dependencies(view)
        case ConditionType.DATA_VERIFIED:
            return _data_verified(view)
        case ConditionType.TRAINED:
            return _trained(view)
        case ConditionType.REGISTERED:
            return _registered(view)
        case ConditionType.GATES_PASSED:
            return Verdict("True", "NoGates", "The spec names no gates.") if view.revision else _not_reached()
        case ConditionType.ROLLED_OUT:
            return _rolled_out(view)
        case _:
            return _lineage(view)


def _refusal(view: View, kind: ConditionType) -> Refusal | None:
    """A write of this pass that the API server refused."""
    refusals = view.observed.refusals
    return next(
        (entry for entry in refusals if _CONDITION_OF_KIND.get(entry.kind, ConditionType.ROLLED_OUT) == kind), None
    )


def _refused(view: View, refusal: Refusal) -> str:
    return (
        f"The API server refused {refusal.kind} {refusal.name}: {refusal.message}. It is tried again with growing pauses."
        f" Next: kubectl -n {view.model.namespace} get resourcequota,limitrange,events"
    )


def _dependencies(view: View) -> Verdict:
    if isinstance(view.observed.registry, RegistryAway):
        return Verdict("False", "RegistryUnreachable", view.observed.registry.message)
    trouble = view.trouble
    if trouble is not None and trouble.reason == "RegistryUnreachable":
        look = "Next: kubectl get pods -A -l app.kubernetes.io/component=mlflow"
        message = f"A serving pod cannot fetch its model: {trouble.message} {look}"
        return Verdict("False", trouble.reason, message)
    return Verdict("True", "NothingMissing", "Everything that is needed now answers.")


def _data_verified(view: View) -> Verdict:
    revision = view.revision
    if revision is not None:
        return Verdict("True", "Recorded", f"Trained on data sha256:{revision.spec.data_hash}.")
    step = view.plan.step
    if isinstance(step, (AskRegistry, Record)) or _is_after(view, ConditionType.DATA_VERIFIED):
        return Verdict("True", "Checked", "The training accepted the data.")
    if isinstance(step, AwaitTraining):
        return Verdict("Unknown", "Checking", f"Job {step.job.name} fetches and checks the data.")
    return _not_reached()


def _is_after(view: View, kind: ConditionType) -> bool:
    """True where the version is blocked at a later point of the way than this."""
    step = view.plan.step
    if not isinstance(step, Blocked) or step.step == ConditionType.DEPENDENCIES_READY:
        return False
    return CHAIN.index(ConditionType(step.step)) > CHAIN.index(kind)


def _trained(view: View) -> Verdict:
    revision, step = view.revision, view.plan.step
    if revision is not None:
        accuracy = revision.spec.metric("accuracy")
        return Verdict(
            "True",
            "Recorded",
            f"Version {revision.spec.version} is trained{f', accuracy {accuracy}' if accuracy else ''}.",
        )
    match step:
        case AwaitTraining(job):
            return _training(job)
        case Train(label, attempt):
            return Verdict("False", "TrainingStarted", f"Training of version {label} starts, attempt {attempt}.")
        case Settle():
            return Verdict("False", "Settling", "The training starts once no edit has come for two seconds.")
        case Queued(running, limit):
            return Verdict(
                "False", "Queued", f"{running} trainings run and {limit} may; this one starts when one of them ends."
            )
        case Held():
            return _suspended(view)
        case Record():
            return Verdict("True", "Finished", "The training ended well.")
        case _ if _is_after(view, ConditionType.TRAINED):
            return Verdict("True", "Finished", "The training ended well.")
        case AskRegistry() | Roll() | Steady() | Blocked():
            return _not_reached()
        case _:
            assert_never(step)


def _training(job: TrainingJob) -> Verdict:
    if job.trouble is not None:
        message = f"Job {job.name} cannot run: {job.trouble.message or job.trouble.reason}"
        return Verdict("False", job.trouble.reason, message)
    return Verdict(
        "False", "TrainingRunning", f"Job {job.name} runs, attempt {job.attempt}, {job.progress_percent} percent."
    )


def _registered(view: View) -> Verdict:
    revision = view.revision
    if revision is None:
        return _not_reached()
    registry = revision.spec.registry
    return Verdict(
        "True", "Recorded", f"{registry.model_name} version {registry.version} in MLflow, run {registry.run_id}."
    )


def _rolled_out(view: View) -> Verdict:
    step = view.plan.step
    match step:
        case Steady(revision):
            return Verdict("True", "Complete", f"Every pod runs version {revision.spec.version}.")
        case Roll():
            return _rolling(view)
        case Held() if view.revision is not None:
            return _suspended(view)
        case _:
            return _not_reached()


def _rolling(view: View) -> Verdict:
    live, trouble, wanted = deployed(view.observed), view.trouble, view.plan.wanted
    if live is None:
        return Verdict("False", "Starting", f"The first pods of version {wanted} start.")
    updated = live.updated if live.version == wanted else 0
    counts = f"{updated} of {live.wanted_replicas} pods run version {wanted}, {live.available} answer"
    look = f"Next: kubectl -n {view.model.namespace} describe pods -l app.kubernetes.io/instance={view.model.name}"
    if trouble is not None:
        return Verdict(
            "False", trouble.reason, f"{counts}. A new pod is not ready: {trouble.message or trouble.reason}. {look}"
        )
    if live.refused:
        return Verdict("False", "FailedCreate", f"{counts}. The API server takes no more pods: {live.refused}. {look}")
    if live.deadline_exceeded:
        return Verdict("False", "ProgressDeadlineExceeded", f"{counts} and nothing has moved for too long. {look}")
    probe = view.observed.probe
    if probe is not None and live.is_complete:
        return Verdict("False", *_not_proven(view, counts, probe))
    return Verdict("False", "RollingOut", f"{counts}.")


def _not_proven(view: View, counts: str, probe: ServiceProbe) -> tuple[str, str]:
    """Reason and message while every pod runs the wanted version, yet it has not all traffic for certain."""
    ending = sum(pod.label != view.plan.wanted for pod in view.observed.pods)
    if ending:
        return "Draining", f"{counts}; {ending} of another version finish their last requests."
    got = probe.error or f"version {probe.version or 'unknown'} answered"
    return "Probing", f"{counts}. A known review sent through the Service: {got}."


def _lineage(view: View) -> Verdict:
    trouble, revision = view.trouble, view.revision
    if trouble is not None and trouble.reason in HOPELESS:
        return Verdict("False", trouble.reason, trouble.message)
    if isinstance(view.plan.step, Steady) and revision is not None:
        return Verdict(
            "True", "DigestVerified", f"What answers is sha256:{revision.spec.artifact_digest}, as registered."
        )
    return Verdict("Unknown", "NotReached", "Verified once the wanted version answers.")


def _suspended(view: View) -> Verdict:
    model = view.model
    resume = f'kubectl -n {model.namespace} patch smod {model.name} --type merge -p \'{{"spec":{{"suspend":false}}}}\''
    return Verdict("False", "Suspended", f"spec.suspend is true: nothing new is begun. Next: {resume}")


def _not_reached() -> Verdict:
    return Verdict("Unknown", "NotReached", "The way to the wanted version has not come this far.")

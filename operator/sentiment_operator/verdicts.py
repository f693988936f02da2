"""What each condition of a model says in one pass, one function for each. Pure.

Conditions speak of the wanted version, but for Available, which asks whether any version answers.
"""

from dataclasses import dataclass
from typing import assert_never

from sentiment_operator.api import ConditionType
from sentiment_operator.conditions import Verdict
from sentiment_operator.deployed import deployed
from sentiment_operator.facts import (
    Model,
    Observed,
    Refusal,
    RegistryAway,
    Revision,
    ServiceProbe,
    TrainingJob,
    Trouble,
)
from sentiment_operator.plan import (
    AskRegistry,
    AwaitTraining,
    Blocked,
    Held,
    Plan,
    Queued,
    Record,
    Roll,
    Settle,
    Steady,
    Train,
)

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


@dataclass(frozen=True, slots=True)
class View:
    """What a verdict is made of."""

    model: Model
    observed: Observed
    plan: Plan

    @property
    def revision(self) -> Revision | None:
        """The wanted version, if it exists."""
        return self.observed.revisions.get(self.plan.wanted)

    @property
    def trouble(self) -> Trouble | None:
        """Why a pod of the wanted version does not get on."""
        pods = [
            pod for pod in self.observed.pods if pod.label == self.plan.wanted and not pod.ready and not pod.deleting
        ]
        return next((pod.trouble for pod in pods if pod.trouble is not None), None)


def verdicts(view: View) -> dict[ConditionType, Verdict]:
    """Every condition."""
    found = {kind: _of_chain(view, kind) for kind in CHAIN}
    found[ConditionType.UP_TO_DATE] = _up_to_date(view)
    found[ConditionType.AVAILABLE] = _available(view)
    found[ConditionType.READY] = _ready(view, found)
    found[ConditionType.STALLED] = _stalled(view, found)
    found[ConditionType.RECONCILING] = _reconciling(view, found)
    found[ConditionType.AWAITING_APPROVAL] = Verdict("False", "NotRequired", "No approval is asked for.")
    found[ConditionType.DRIFTED] = Verdict("Unknown", "NotMonitored", "Drift is not monitored.")
    return found


def _of_chain(view: View, kind: ConditionType) -> Verdict:
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


def _up_to_date(view: View) -> Verdict:
    revision = view.revision
    if revision is None:
        return Verdict(
            "Unknown", "NotTrained", "The wanted version does not exist yet; it will come from today's recipe."
        )
    if revision.spec.recipe_hash == view.model.spec.recipe().recipe_hash():
        return Verdict("True", "RecipeMatches", f"Version {revision.spec.version} came from today's recipe.")
    model = view.model
    message = (
        f"Version {revision.spec.version} is served as recorded; data or training in the spec are others by now."
        f" Next, to train what the spec says: kubectl -n {model.namespace} patch smod {model.name} --type merge"
        ' -p \'{"spec":{"version":"a-new-label"}}\''
    )
    return Verdict("False", "RecipeChanged", message)


def _available(view: View) -> Verdict:
    ready = [pod for pod in view.observed.pods if pod.ready and not pod.deleting]
    if not ready:
        return Verdict("False", "NoPodReady", "No version answers.")
    versions = ", ".join(sorted({pod.label for pod in ready}))
    return Verdict("True", "Serving", f"Version {versions} answers.")


def _ready(view: View, found: dict[ConditionType, Verdict]) -> Verdict:
    missing = next((found[kind] for kind in CHAIN if found[kind].status != "True"), None)
    if missing is None and isinstance(view.plan.step, Steady):
        if found[ConditionType.AVAILABLE].status != "True":
            return Verdict("False", "NoPodReady", "No pod of the wanted version is ready.")
        return Verdict("True", "Serving", f"Version {view.plan.wanted} has all traffic.")
    failed = next((found[kind] for kind in CHAIN if found[kind].status == "False"), None) or missing
    if failed is None:
        return Verdict("False", "Progressing", "Being looked at.")
    if failed.reason == "NotReached":
        return Verdict("False", "Progressing", "MLflow is asked whether it knows the wanted version.")
    return Verdict("False", failed.reason, failed.message)


def _stalled(view: View, found: dict[ConditionType, Verdict]) -> Verdict:
    step, live, ready = view.plan.step, deployed(view.observed), found[ConditionType.READY]
    if isinstance(step, Blocked) and step.dead_end:
        return Verdict("True", step.reason, step.message)
    if view.observed.refusals and ready.status != "True":
        return Verdict("True", ready.reason, ready.message)
    hopeless = view.trouble is not None and view.trouble.reason in HOPELESS
    if isinstance(step, Roll) and (hopeless or (live is not None and live.deadline_exceeded)):
        rolled_out = found[ConditionType.ROLLED_OUT]
        return Verdict("True", rolled_out.reason, rolled_out.message)
    return Verdict("False", "NoDeadEnd", "Nothing waits for a person.")


def _reconciling(view: View, found: dict[ConditionType, Verdict]) -> Verdict:
    settled = isinstance(view.plan.step, (Steady, Held)) or found[ConditionType.STALLED].status == "True"
    if settled:
        return Verdict("False", "Settled", "Nothing is under way.")
    ready = found[ConditionType.READY]
    return Verdict("True", ready.reason, ready.message)


def _suspended(view: View) -> Verdict:
    model = view.model
    resume = f'kubectl -n {model.namespace} patch smod {model.name} --type merge -p \'{{"spec":{{"suspend":false}}}}\''
    return Verdict("False", "Suspended", f"spec.suspend is true: nothing new is begun. Next: {resume}")


def _not_reached() -> Verdict:
    return Verdict("Unknown", "NotReached", "The way to the wanted version has not come this far.")

"""Every condition of a model in one pass: the stations of the wanted version's way, and what they come to. Pure.

Conditions speak of the wanted version, but for Available, which asks whether any version answers.
"""

from sentiment_operator.api import ConditionType
from sentiment_operator.chain import CHAIN, HOPELESS, station
from sentiment_operator.conditions import Verdict
from sentiment_operator.deployed import deployed
from sentiment_operator.plan import Blocked, Held, Roll, Steady
from sentiment_operator.view import View


def verdicts(view: View) -> dict[ConditionType, Verdict]:
    """Every condition."""
    found = {kind: station(view, kind) for kind in CHAIN}
    found[ConditionType.UP_TO_DATE] = _up_to_date(view)
    found[ConditionType.AVAILABLE] = _available(view)
    found[ConditionType.READY] = _ready(view, found)
    found[ConditionType.STALLED] = _stalled(view, found)
    found[ConditionType.RECONCILING] = _reconciling(view, found)
    found[ConditionType.AWAITING_APPROVAL] = Verdict("False", "NotRequired", "No approval is asked for.")
    found[ConditionType.DRIFTED] = Verdict("Unknown", "NotMonitored", "Drift is not monitored.")
    return found


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
        f"Version {revision.spec.version} is served as recorded; data or training in the spec are others by now"
        f" and are trained under a new label only. Next: kubectl -n {model.namespace} patch smod {model.name} --type merge"
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
    if isinstance(step, Roll) and (hopeless or (live is not None and (live.deadline_exceeded or live.refused))):
        rolled_out = found[ConditionType.ROLLED_OUT]
        return Verdict("True", rolled_out.reason, rolled_out.message)
    return Verdict("False", "NoDeadEnd", "Nothing waits for a person.")


def _reconciling(view: View, found: dict[ConditionType, Verdict]) -> Verdict:
    settled = isinstance(view.plan.step, (Steady, Held)) or found[ConditionType.STALLED].status == "True"
    if settled:
        return Verdict("False", "Settled", "Nothing is under way.")
    ready = found[ConditionType.READY]
    return Verdict("True", ready.reason, ready.message)

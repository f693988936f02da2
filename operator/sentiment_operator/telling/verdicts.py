"""Every condition of a model in one pass: the stations of the wanted version's way, and what they come to. Pure.

Conditions speak of the wanted version, but for Available, which asks whether any version answers.
"""

from sentiment_contract.training import FailureReason
from sentiment_operator.api.conditions import Verdict
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.status import ConditionType
from sentiment_operator.deciding.plan import AwaitApproval, Blocked, Held, Roll, Shift, Steady
from sentiment_operator.deciding.view import View
from sentiment_operator.explaining.next_step import take_another_label, then
from sentiment_operator.promoting import told as promoting
from sentiment_operator.reading.deployed import deployed
from sentiment_operator.reading.pinning import hashes_of_today
from sentiment_operator.telling import letting
from sentiment_operator.telling.answering import answering
from sentiment_operator.telling.chain import CHAIN, HOPELESS, station

_IN_VAIN = frozenset({Reason.REFUSED, Reason.FIELD_CONFLICT})
"""What is written comes to nothing until a person does something."""


def verdicts(view: View) -> dict[ConditionType, Verdict]:
    """Every condition."""
    found = {kind: station(view, kind) for kind in CHAIN}
    found[ConditionType.UP_TO_DATE] = _up_to_date(view)
    found[ConditionType.AVAILABLE] = _available(view)
    found[ConditionType.READY] = _ready(view, found)
    found[ConditionType.STALLED] = _stalled(view, found)
    found[ConditionType.RECONCILING] = _reconciling(view, found)
    found[ConditionType.AWAITING_APPROVAL] = letting.awaiting_approval(view)
    found[ConditionType.DRIFTED] = Verdict("Unknown", Reason.NOT_MONITORED, "Drift is not monitored.")
    return found


def _up_to_date(view: View) -> Verdict:
    if view.model.spec.promotion.source is not None:
        return promoting.up_to_date(view)
    revision = view.revision
    if revision is None:
        return Verdict(
            "Unknown", Reason.NOT_TRAINED, "The wanted version does not exist yet; it will come from today's recipe."
        )
    unfollowed, model = view.plan.following.failure, view.model
    if unfollowed is not None and unfollowed.step == ConditionType.UP_TO_DATE:
        return Verdict("False", unfollowed.reason, unfollowed.message)
    today = hashes_of_today(model.spec, model.status.followed)
    if not today:
        what = f"Version {revision.spec.version} is served as recorded; what its branch holds is looked up for a new label only."
        return Verdict("Unknown", Reason.NOT_LOOKED_UP, what)
    if revision.spec.recipe_hash in today:
        return Verdict("True", Reason.RECIPE_MATCHES, f"Version {revision.spec.version} came from today's recipe.")
    what = (
        f"Version {revision.spec.version} is served as recorded; data or training in the spec are others by now"
        " and are trained under a new label only."
    )
    return Verdict("False", Reason.RECIPE_CHANGED, then(what, take_another_label(view.model)))


def _available(view: View) -> Verdict:
    found = answering(view.observed, view.plan, (pod for pod in view.observed.pods if not pod.deleting))
    if not found:
        return Verdict("False", Reason.NO_POD_READY, "No version answers.")
    return Verdict("True", Reason.SERVING, f"Version {', '.join(sorted(found))} answers.")


def _ready(view: View, found: dict[ConditionType, Verdict]) -> Verdict:
    way = [kind for kind in CHAIN if not _is_beside_the_way(view, kind, found[kind])]
    missing = next((found[kind] for kind in way if found[kind].status != "True"), None)
    if missing is None and isinstance(view.plan.step, Steady):
        if found[ConditionType.AVAILABLE].status != "True":
            return Verdict("False", Reason.NO_POD_READY, "No pod of the wanted version is ready.")
        return Verdict("True", Reason.SERVING, f"Version {view.plan.wanted} has all traffic.")
    failed = next((found[kind] for kind in way if found[kind].status == "False"), None) or missing
    if failed is None:
        return Verdict("False", Reason.PROGRESSING, "Being looked at.")
    if failed.reason == Reason.NOT_REACHED:
        return Verdict("False", Reason.PROGRESSING, "MLflow is asked whether it knows the wanted version.")
    return Verdict("False", failed.reason, failed.message)


def _is_beside_the_way(view: View, kind: ConditionType, verdict: Verdict) -> bool:
    """A repository that cannot be looked at takes nothing away from a version that is known already."""
    unfollowed = view.plan.following.failure
    if unfollowed is None or kind is not ConditionType.DEPENDENCIES_READY or view.plan.step == unfollowed:
        return False
    return verdict.message == unfollowed.message


def _stalled(view: View, found: dict[ConditionType, Verdict]) -> Verdict:
    step = view.plan.step
    if isinstance(step, Blocked) and step.dead_end:
        return Verdict("True", step.reason, step.message)
    refused = next((found[kind] for kind in CHAIN if found[kind].reason in _IN_VAIN), None)
    if refused is not None:
        return Verdict("True", refused.reason, refused.message)
    if (isinstance(step, Roll) and _is_stuck(view)) or (isinstance(step, Shift) and step.unrouted):
        rolled_out = found[ConditionType.ROLLED_OUT]
        return Verdict("True", rolled_out.reason, rolled_out.message)
    if isinstance(step, AwaitApproval):
        return Verdict("False", Reason.NO_DEAD_END, "AwaitingApproval says who is waited for.")
    return Verdict("False", Reason.NO_DEAD_END, "Nothing waits for a person.")


def _is_stuck(view: View) -> bool:
    """Whether a rollout ends only when a person acts. Pods that wait for MLflow go on once it is back, however long."""
    live = deployed(view.observed)
    if view.trouble is not None and view.trouble.reason == FailureReason.REGISTRY_UNREACHABLE:
        return False
    if view.trouble is not None and view.trouble.reason in HOPELESS:
        return True
    return live is not None and (live.deadline_exceeded or bool(live.refused))


def _reconciling(view: View, found: dict[ConditionType, Verdict]) -> Verdict:
    settled = isinstance(view.plan.step, (Steady, Held, AwaitApproval)) or found[ConditionType.STALLED].status == "True"
    if settled:
        return Verdict("False", Reason.SETTLED, "Nothing is under way.")
    ready = found[ConditionType.READY]
    return Verdict("True", ready.reason, ready.message)

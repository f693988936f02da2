"""Which versions answer: those that requests are led to and that have a pod which is ready. Pure.

Pods alone do not tell: before a candidate has proven itself, those of two versions are ready, and the Service may lead to
the one or the other. It does not know since when.
"""

from collections.abc import Iterable

from sentiment_contract.names import VERSION_LABEL
from sentiment_operator.deciding.plan import Plan
from sentiment_operator.facts.observed import ChildKind, Observed, ServingPod
from sentiment_operator.reading.raw import is_deleting

ALL = 100


def answering(observed: Observed, plan: Plan, pods: Iterable[ServingPod]) -> frozenset[str]:
    """Labels of those of the pods that answer users."""
    led = only_led_to(observed, plan)
    ready = {pod.label for pod in pods if pod.ready and not pod.is_shadow}
    return frozenset(ready & led if led else ready)


def only_led_to(observed: Observed, plan: Plan) -> frozenset[str]:
    """Labels of the versions that requests are led to; empty: of whichever there are."""
    selected = _selected(observed)
    if not selected or plan.candidate is None or plan.candidate_percent == 0:
        return frozenset({selected} - {""})
    candidate = plan.candidate.revision.spec.version
    return frozenset({candidate} if plan.candidate_percent == ALL else {selected, candidate})


def _selected(observed: Observed) -> str:
    """The one version that the model's Service leads to; empty: to any, or there is no Service."""
    child = observed.children.get(ChildKind.SERVICE)
    if child is None or not child.ours or is_deleting(child.body):
        return ""
    selector: dict[str, str] = child.body["spec"].get("selector") or {}
    return selector.get(VERSION_LABEL, "")

"""Where the requests of a model are led: the versions that its Service leads to, and the share a Gateway may lead to a
candidate, and whether it leads any. Pure.

A Gateway follows what is written with some delay, and answers in the status of the HTTPRoute. So it is asked to lead requests
only to where somebody answers, and nothing is taken away that it may still lead them to.
"""

from typing import Any

from sentiment_contract.names import VERSION_LABEL
from sentiment_operator import names
from sentiment_operator.api.rollout import GatewayReference, Router, Strategy
from sentiment_operator.deciding.evidence import runs
from sentiment_operator.deciding.plan import Candidate, Roll, Step, TakeOver
from sentiment_operator.facts.observed import Child, ChildKind, Manifest, Model, Observed, Revision
from sentiment_operator.reading.deployed import deployed
from sentiment_operator.reading.raw import is_deleting
from sentiment_operator.rollout.beside import answering_pods, wanted_pods
from sentiment_operator.rollout.stages import Flow

Entry = dict[str, Any]


def gateway_of(model: Model) -> GatewayReference | None:
    """The Gateway that divides the requests of the model; None where the number of pods does."""
    rollout = model.spec.rollout
    return rollout.gateway if rollout.router is Router.GATEWAY_API else None


def share(model: Model, observed: Observed, candidate: Candidate | None) -> int:
    """Percent of the requests that are led to the candidate: none where nobody would answer them."""
    if gateway_of(model) is None or candidate is None or candidate.stage.flow is not Flow.SHARE:
        return 0
    if not _answers(observed, candidate.revision.spec.version):
        return 0
    if candidate.progress.since is not None:
        return candidate.stage.weight
    # The pods of this stage start beside those of the stage before, which go on with its share.
    before = model.spec.rollout.steps[: candidate.progress.stage]
    return (before[-1].weight_percent or 0) if before else 0


def only_version(model: Model, observed: Observed, step: Step, candidate: Candidate | None) -> str:
    """The one version that the model's Service leads to; empty: whichever there are."""
    is_blue_green = model.spec.rollout.strategy is Strategy.BLUE_GREEN
    if is_blue_green and (isinstance(step, TakeOver) or (isinstance(step, Roll) and _can_answer_all(observed, step))):
        return step.revision.spec.version
    if candidate is None:
        return ""
    match candidate.stage.flow:
        case Flow.NONE:
            return candidate.stable.spec.version
        case Flow.ALL:
            return candidate.revision.spec.version
        case Flow.SHARE if model.spec.rollout.router is Router.GATEWAY_API:
            return candidate.stable.spec.version
        case Flow.SHARE | Flow.COPIES:
            return ""


def _can_answer_all(observed: Observed, step: Roll) -> bool:
    """Whether the version needs no pod of another any more, while such are there."""
    labels, mine = [pod.label for pod in answering_pods(observed)], step.revision.spec.version
    return labels.count(mine) >= wanted_pods(observed) and any(label != mine for label in labels)


def kept_to(model: Model, observed: Observed, target: Revision | None) -> str:
    """The version that the model's Service is kept to while pods of another are left over; empty: it leads to any."""
    live = deployed(observed)
    if gateway_of(model) is None or target is None or live is None:
        return ""
    label = target.spec.version
    is_whole = runs(live, target) and live.runs_nothing_else
    left_over = any(pod.label != label and not pod.deleting and not pod.is_shadow for pod in observed.pods)
    return label if is_whole and left_over else ""


def may_lead_to_candidate(model: Model, observed: Observed) -> bool:
    """Whether the Gateway may still lead requests to a candidate: it was told to, or has not seen that it no longer is."""
    gateway, route = gateway_of(model), _route(observed)
    if gateway is None or route is None:
        return False
    generation: int = route["metadata"].get("generation", 0)
    seen = (_conditions(parent).get("Accepted", {}) for parent in _parents(model, gateway, route))
    is_behind = any(entry.get("observedGeneration", generation) < generation for entry in seen)
    return is_behind or _names_candidate(model, route)


def not_routed(model: Model, observed: Observed) -> str:
    """Why the Gateway takes no requests for the model, in words; empty where it does, or where none is asked to."""
    gateway, route = gateway_of(model), _route(observed)
    if gateway is None:
        return ""
    where = f"Gateway {gateway.namespace or model.namespace}/{gateway.name}"
    if route is None:
        return f"HTTPRoute {model.name} is not there"
    answers = [_trouble(parent) for parent in _parents(model, gateway, route)]
    if not answers:
        return f"{where} does not answer to HTTPRoute {model.name}: it does not exist, or no controller looks after it"
    # Several controllers may have answered for one Gateway: it is enough that one of them takes the route.
    return "" if "" in answers else f"{where} does not take HTTPRoute {model.name}: {answers[0]}"


def _trouble(parent: Entry) -> str:
    """What a Gateway has against the route; empty: nothing."""
    conditions = _conditions(parent)
    if "Accepted" not in conditions:
        return "it has not said whether it does"
    found = (conditions.get(kind) for kind in ("Accepted", "ResolvedRefs"))
    bad = next((entry for entry in found if entry is not None and entry["status"] != "True"), None)
    return f"{bad['type']} is {bad['status']}, {bad.get('reason', '')}: {bad.get('message', '')}" if bad else ""


def _conditions(parent: Entry) -> dict[str, Entry]:
    entries: list[Entry] = parent.get("conditions") or []
    return {entry["type"]: entry for entry in entries}


def _parents(model: Model, gateway: GatewayReference, route: Manifest) -> list[Entry]:
    """What controllers say of the route and this Gateway."""
    said: list[Entry] = route.get("status", {}).get("parents") or []
    asked = gateway.name, gateway.namespace or model.namespace
    return [
        entry
        for entry in said
        if (entry["parentRef"]["name"], entry["parentRef"].get("namespace", model.namespace)) == asked
    ]


def _answers(observed: Observed, label: str) -> bool:
    """Whether the candidate's Service leads to a pod that is ready."""
    service = _body(observed.children.get(ChildKind.CANDIDATE_SERVICE))
    if service is None or service["spec"].get("selector", {}).get(VERSION_LABEL) != label:
        return False
    return any(pod.label == label and pod.ready and not pod.deleting and not pod.is_shadow for pod in observed.pods)


def _names_candidate(model: Model, route: Manifest) -> bool:
    name = names.child_name(model.name, ChildKind.CANDIDATE_SERVICE)
    rules: list[Entry] = route["spec"].get("rules") or []
    backends: list[list[Entry]] = [rule.get("backendRefs") or [] for rule in rules]
    return any(backend["name"] == name for of_rule in backends for backend in of_rule)


def _route(observed: Observed) -> Manifest | None:
    return _body(observed.children.get(ChildKind.ROUTE))


def _body(child: Child | None) -> Manifest | None:
    return child.body if child is not None and child.ours and not is_deleting(child.body) else None

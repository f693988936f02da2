"""How a Gateway divides the requests of a model between what serves and a candidate.

What the API server would fill in is written down, so that whoever edits the route beside it finds nothing to differ.
"""

from sentiment_operator import names
from sentiment_operator.api.rollout import GatewayReference
from sentiment_operator.children.metadata import child
from sentiment_operator.facts.observed import ChildKind, Manifest, Model

GROUP = "gateway.networking.k8s.io"
ALL = 100
PORT = 80


def route(model: Model, gateway: GatewayReference, candidate_percent: int) -> Manifest:
    """The HTTPRoute: everything to the model's Service, but for the share that a candidate gets."""
    of_candidate = [_backend(_candidate(model), candidate_percent)] if candidate_percent else []
    rule: Manifest = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "backendRefs": [_backend(model.name, ALL - candidate_percent), *of_candidate],
    }
    hosts = {"hostnames": [gateway.hostname]} if gateway.hostname else {}
    return {
        **child(f"{GROUP}/v1", "HTTPRoute", model),
        "spec": {"parentRefs": [_parent(model, gateway)], **hosts, "rules": [rule]},
    }


def _parent(model: Model, gateway: GatewayReference) -> Manifest:
    namespace = gateway.namespace or model.namespace
    return {"group": GROUP, "kind": "Gateway", "namespace": namespace, "name": gateway.name}


def _backend(service: str, weight: int) -> Manifest:
    return {"group": "", "kind": "Service", "name": service, "port": PORT, "weight": weight}


def _candidate(model: Model) -> str:
    return names.child_name(model.name, ChildKind.CANDIDATE_SERVICE)

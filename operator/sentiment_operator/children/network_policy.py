"""Which connections a server pod may have: requests and scrapes in; names, the registry and copies for a shadow out."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from sentiment_contract.names import HTTP_PORT, METRICS_PORT
from sentiment_operator import names
from sentiment_operator.children.metadata import child
from sentiment_operator.facts.observed import Manifest, Model, Revision
from sentiment_operator.settings import Settings

DNS_PORT = 53


def network_policy(model: Model, served: Iterable[Revision], settings: Settings) -> Manifest:
    """The NetworkPolicy. A policy cannot name a host, so the registry is allowed by its port.

    What another model has proven stands where that one registers.
    """
    taken_over = {one.spec.registry.tracking_url for one in served if one.spec.promoted_from is not None}
    registries = taken_over or {names.tracking_url(model, settings)}
    return {
        **child("networking.k8s.io/v1", "NetworkPolicy", model),
        "spec": {
            "podSelector": _servers(model),
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [_port("TCP", HTTP_PORT), _port("TCP", METRICS_PORT)]}],
            "egress": [
                {"ports": [_port("UDP", DNS_PORT), _port("TCP", DNS_PORT)]},
                {"ports": [_port("TCP", port) for port in sorted({*map(_registry_port, registries)})]},
                {"to": [{"podSelector": _servers(model)}], "ports": [_port("TCP", HTTP_PORT)]},
            ],
        },
    }


def _servers(model: Model) -> Manifest:
    """Every pod that answers requests, copies of them included: such a copy goes from one to another."""
    component = {"key": names.COMPONENT_LABEL, "operator": "In", "values": [names.SERVER, names.SHADOW]}
    own = {names.NAME_LABEL: names.APPLICATION, names.INSTANCE_LABEL: model.name}
    return {"matchLabels": own, "matchExpressions": [component]}


def _port(protocol: str, number: int) -> Manifest:
    return {"protocol": protocol, "port": number}


def _registry_port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)

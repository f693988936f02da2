"""Which connections a server pod may have: requests and scrapes in; names and the registry out."""

from urllib.parse import urlsplit

from sentiment_contract.names import HTTP_PORT, METRICS_PORT
from sentiment_operator import names
from sentiment_operator.children.metadata import child
from sentiment_operator.facts import Manifest, Model
from sentiment_operator.settings import Settings

DNS_PORT = 53


def network_policy(model: Model, settings: Settings) -> Manifest:
    """The NetworkPolicy. A policy cannot name a host, so the registry is allowed by its port."""
    return {
        **child("networking.k8s.io/v1", "NetworkPolicy", model),
        "spec": {
            "podSelector": {"matchLabels": names.identity_labels(model.name, names.SERVER)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [_port("TCP", HTTP_PORT), _port("TCP", METRICS_PORT)]}],
            "egress": [
                {"ports": [_port("UDP", DNS_PORT), _port("TCP", DNS_PORT)]},
                {"ports": [_port("TCP", _registry_port(names.tracking_url(model, settings)))]},
            ],
        },
    }


def _port(protocol: str, number: int) -> Manifest:
    return {"protocol": protocol, "port": number}


def _registry_port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)

"""The one address of the model, whichever version answers."""

from sentiment_contract.names import METRICS_PORT, VERSION_LABEL
from sentiment_operator import names
from sentiment_operator.api.model import ServiceType
from sentiment_operator.children.metadata import child
from sentiment_operator.facts.observed import Manifest, Model


def service(model: Model, only_version: str = "") -> Manifest:
    """Port 80 leads to `http`, port 9000 to `metrics`. Ports are named after the container's, never numbered twice.

    Where a version is named, requests go to no other.
    """
    serving = model.spec.serving
    fixed = (
        {"nodePort": serving.node_port} if serving.service_type is ServiceType.NODE_PORT and serving.node_port else {}
    )
    return {
        **child("v1", "Service", model),
        "spec": {
            "type": serving.service_type.value,
            "selector": names.identity_labels(model.name, names.SERVER)
            | ({VERSION_LABEL: only_version} if only_version else {}),
            "ports": [
                {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP", **fixed},
                {"name": "metrics", "port": METRICS_PORT, "targetPort": "metrics", "protocol": "TCP"},
            ],
        },
    }

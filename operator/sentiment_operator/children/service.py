"""The one address of the model, whichever version answers."""

from sentiment_contract.names import METRICS_PORT
from sentiment_operator import names
from sentiment_operator.api import ServiceType
from sentiment_operator.children.metadata import child
from sentiment_operator.facts import Manifest, Model


def service(model: Model) -> Manifest:
    """Port 80 leads to `http`, port 9000 to `metrics`. Ports are named after the container's, never numbered twice."""
    serving = model.spec.serving
    fixed = (
        {"nodePort": serving.node_port} if serving.service_type is ServiceType.NODE_PORT and serving.node_port else {}
    )
    return {
        **child("v1", "Service", model),
        "spec": {
            "type": serving.service_type.value,
            "selector": names.identity_labels(model.name, names.SERVER),
            "ports": [
                {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP", **fixed},
                {"name": "metrics", "port": METRICS_PORT, "targetPort": "metrics", "protocol": "TCP"},
            ],
        },
    }

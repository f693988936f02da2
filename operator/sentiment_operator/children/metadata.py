"""The part that all children share: name, labels and owner. It knows nothing of what they do."""

from sentiment_operator import names
from sentiment_operator.facts import Manifest, Model


def child(api_version: str, kind: str, model: Model, *, version: str = "", component: str = names.SERVER) -> Manifest:
    """The head of a child that is called like its model."""
    metadata = {
        "name": model.name,
        "namespace": model.namespace,
        "labels": names.labels(model.name, component, version),
        "ownerReferences": [names.owner_reference(model)],
    }
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}

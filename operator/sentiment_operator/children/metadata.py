"""The part that all children share: name, labels and owner. It knows nothing of what they do."""

from sentiment_operator import names
from sentiment_operator.facts.observed import Manifest, Model


def child(
    api_version: str, kind: str, model: Model, *, version: str = "", component: str = names.SERVER, name: str = ""
) -> Manifest:
    """The head of a child, which is called like its model unless it gets a name."""
    metadata = {
        "name": name or model.name,
        "namespace": model.namespace,
        "labels": names.labels(model, component, version),
        "ownerReferences": [names.owner_reference(model)],
    }
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}

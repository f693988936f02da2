"""Keeps a drain from taking all pods at once."""

from sentiment_operator import names
from sentiment_operator.children.metadata import child
from sentiment_operator.facts.observed import Manifest, Model


def disruption_budget(model: Model) -> Manifest | None:
    """The PodDisruptionBudget. None below two pods: it would block every drain for ever."""
    autoscaling = model.spec.serving.autoscaling
    fewest = autoscaling.min_replicas if autoscaling is not None else model.spec.serving.replicas or 1
    if fewest < 2:
        return None
    return {
        **child("policy/v1", "PodDisruptionBudget", model),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": names.identity_labels(model.name, names.SERVER)},
        },
    }

"""Lets the number of pods follow their CPU use; while it exists nobody else sets it."""

from sentiment_operator.children.metadata import child
from sentiment_operator.facts.observed import Manifest, Model


def autoscaler(model: Model) -> Manifest | None:
    """The HorizontalPodAutoscaler, None where the model names a fixed number of pods."""
    bounds = model.spec.serving.autoscaling
    if bounds is None:
        return None
    target = {"type": "Utilization", "averageUtilization": bounds.target_cpu_utilization_percent}
    return {
        **child("autoscaling/v2", "HorizontalPodAutoscaler", model),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": model.name},
            "minReplicas": bounds.min_replicas,
            "maxReplicas": bounds.max_replicas,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }

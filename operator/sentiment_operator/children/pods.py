"""What every pod of the operator has in common: it passes the `restricted` Pod Security Standard, and then some."""

from sentiment_operator.api.resources import Amounts, Resources
from sentiment_operator.facts.observed import Manifest

USER = 65532
"""The numeric user of all our images; nobody on the node."""


def pod_security() -> Manifest:
    """securityContext of the pod."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> Manifest:
    """securityContext of the container."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
    }


def resources(asked: Resources, defaults: Resources) -> Manifest:
    """What was asked for, and the default for what was not. A default request never exceeds a limit that was asked for."""
    limits = _amounts(asked.limits, defaults.limits)
    requests = _amounts(asked.requests, defaults.requests)
    for name, limit in asked.limits.model_dump(exclude_none=True).items():
        if getattr(asked.requests, name) is None:
            requests[name] = limit
    return {"requests": requests, "limits": limits}


def _amounts(asked: Amounts, defaults: Amounts) -> dict[str, str]:
    return {**defaults.model_dump(exclude_none=True), **asked.model_dump(exclude_none=True)}

"""The identity of trainer and server pods: it may do nothing, and no token of it is mounted."""

from sentiment_operator.children.metadata import child
from sentiment_operator.facts.observed import Manifest, Model


def service_account(model: Model) -> Manifest:
    """The ServiceAccount."""
    return {**child("v1", "ServiceAccount", model), "automountServiceAccountToken": False}

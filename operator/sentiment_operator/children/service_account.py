"""The identity of trainer and server pods: it may do nothing, and no token of it is mounted.

Pods get the Secrets to pull images with from it, so that other ones are no reason to replace those that run.
"""

from sentiment_operator.children.metadata import child
from sentiment_operator.facts.observed import Manifest, Model
from sentiment_operator.settings import Settings


def service_account(model: Model, settings: Settings) -> Manifest:
    """The ServiceAccount. Where the settings name no Secrets, those of others on it are left alone."""
    account = {**child("v1", "ServiceAccount", model), "automountServiceAccountToken": False}
    secrets = [{"name": name} for name in settings.image_pull_secrets.split(",") if name]
    return account | ({"imagePullSecrets": secrets} if secrets else {})

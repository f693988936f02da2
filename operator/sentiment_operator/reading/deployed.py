"""What a live Deployment says of itself: which version it runs and how far it is. Pure, and judges nothing."""

from dataclasses import dataclass
from typing import Any

from sentiment_contract.names import VERSION_LABEL
from sentiment_operator.facts.observed import ChildKind, Manifest, Observed
from sentiment_operator.names import ARTIFACT_DIGEST_ANNOTATION


@dataclass(frozen=True, slots=True)
class Deployed:
    """The Deployment of a model, as far as it is ours."""

    version: str
    """The label its pod template carries."""
    digest: str
    """The digest its pod template pins."""
    is_current: bool
    """The Deployment controller has seen the latest template."""
    paused: bool
    """No pods are started or ended for its template."""
    wanted_replicas: int
    surge: int
    """So many pods it may have beyond those that are wanted."""
    replicas: int
    updated: int
    available: int
    deadline_exceeded: bool
    refused: str
    """Why the API server takes no more pods, empty if it does: quota, Pod Security, a policy."""

    @property
    def is_alone(self) -> bool:
        """No pod of an older template is left: what it runs serves, whether or not that was ever said of it."""
        return self.is_current and self.updated == self.replicas

    @property
    def is_complete(self) -> bool:
        """Every pod that is wanted runs the latest template and is available, and no other is left."""
        counts = {self.replicas, self.updated, self.available}
        return self.is_current and counts == {self.wanted_replicas} and self.wanted_replicas > 0

    @property
    def runs_nothing_else(self) -> bool:
        """Every pod there is runs the latest template, and one at least is available."""
        return self.is_current and self.updated == self.replicas and self.available > 0


def deployed(observed: Observed) -> Deployed | None:
    """The model's own Deployment, None without one."""
    child = observed.children.get(ChildKind.DEPLOYMENT)
    if child is None or not child.ours:
        return None
    return deployment_of(child.body)


def deployment_of(body: Manifest) -> Deployed:
    """What a Deployment says of itself."""
    status: dict[str, Any] = body.get("status", {})
    template: dict[str, Any] = body["spec"]["template"]["metadata"]
    labels: dict[str, str] = template.get("labels") or {}
    annotations: dict[str, str] = template.get("annotations") or {}
    conditions: list[dict[str, str]] = status.get("conditions") or []
    progressing = _condition(conditions, "Progressing")
    refused = _condition(conditions, "ReplicaFailure")
    return Deployed(
        version=labels.get(VERSION_LABEL, ""),
        digest=annotations.get(ARTIFACT_DIGEST_ANNOTATION, ""),
        is_current=status.get("observedGeneration", 0) >= body["metadata"].get("generation", 0),
        paused=bool(body["spec"].get("paused")),
        wanted_replicas=body["spec"].get("replicas", 1),
        surge=_surge(body["spec"]),
        replicas=status.get("replicas", 0),
        updated=status.get("updatedReplicas", 0),
        available=status.get("availableReplicas", 0),
        deadline_exceeded=progressing.get("reason") == "ProgressDeadlineExceeded",
        refused=refused.get("message", "") if refused.get("status") == "True" else "",
    )


def _surge(spec: Manifest) -> int:
    """Ours is a number; somebody's percentage counts for nothing."""
    rolling: dict[str, Any] = spec.get("strategy", {}).get("rollingUpdate") or {}
    surge = rolling.get("maxSurge", 0)
    return surge if isinstance(surge, int) else 0


def _condition(conditions: list[dict[str, str]], kind: str) -> dict[str, str]:
    return next((entry for entry in conditions if entry["type"] == kind), dict[str, str]())

"""The operators that are measured: how each is started, what it is given, and how it says that it is done.

Nothing here measures anything.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PACKAGES = os.pathsep.join(str(ROOT / folder) for folder in ("operator", "contract", "."))
OURS, USUAL = "SentimentModel operator", "usual kopf operator"
RECIPE = {"data": {"url": {"href": "https://data.example.org/reviews.csv", "sha256": "0" * 64}}}
AUTOSCALING = {"minReplicas": 1, "maxReplicas": 5, "targetCPUUtilizationPercent": 70}
TRAININGS_AT_ONCE = 50
CHILDREN = (
    "/api/v1/serviceaccounts",
    "/api/v1/services",
    "/apis/networking.k8s.io/v1/networkpolicies",
    "/apis/apps/v1/deployments",
)
AUTOSCALERS = "/apis/autoscaling/v2/horizontalpodautoscalers"

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a started operator finds what it needs."""

    kubeconfig: Path
    tracking_url: str
    health_port: int
    metrics_port: int
    shards: int = 1
    """Into how many the namespaces are divided."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One operator."""

    name: str
    group: str
    version: str
    plural: str
    kind: str
    managed_by: str
    autoscaled: bool
    """Whether models have an autoscaler."""

    @property
    def children(self) -> tuple[str, ...]:
        """Collections of what it makes for every model under the model's name."""
        return (*CHILDREN, AUTOSCALERS) if self.autoscaled else CHILDREN

    @property
    def is_ours(self) -> bool:
        """Whether it is the one that this project makes."""
        return self.name == OURS

    def definitions(self) -> list[Manifest]:
        """Of its kinds."""
        files = sorted((ROOT / "crds").glob("*.yaml")) if self.is_ours else [Path(__file__).with_name("usual_crd.yaml")]
        return [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]

    def collection(self, namespace: str = "") -> str:
        """Path of its models, in all namespaces without one."""
        return f"/apis/{self.group}/{self.version}/{f'namespaces/{namespace}/' if namespace else ''}{self.plural}"

    def model(self, namespace: str, name: str, version: str, tracking_url: str = "") -> Manifest:
        """A model of that version, whose result MLflow holds."""
        serving: dict[str, Any] = {"autoscaling": AUTOSCALING} if self.autoscaled else {"replicas": 1}
        spec: dict[str, Any] = {"version": version, **RECIPE, "serving": serving}
        if tracking_url:
            spec["registry"] = {"trackingURL": tracking_url}
        api_version = f"{self.group}/{self.version}"
        return {
            "apiVersion": api_version,
            "kind": self.kind,
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }

    def serving(self, body: Manifest) -> str:
        """The version that the model says serves as it is wanted now; empty while it says nothing of the kind."""
        status: Manifest = body.get("status", {})
        if not self.is_ours:
            return status.get("servingVersion", "") if status.get("ready") else ""
        if status.get("observedGeneration") != body["metadata"]["generation"]:
            return ""
        conditions: list[Manifest] = status.get("conditions", [])
        is_ready = any((entry["type"], entry["status"]) == ("Ready", "True") for entry in conditions)
        return status.get("servingVersion", "") if is_ready else ""

    def command(self, place: Place) -> list[str]:
        """What is started."""
        if self.is_ours:
            return [sys.executable, "-m", "bench.operator.ours"]
        liveness = f"http://127.0.0.1:{place.health_port}/healthz"
        file = str(Path(__file__).with_name("usual.py"))
        return [sys.executable, "-m", "kopf", "run", "--all-namespaces", "--standalone", f"--liveness={liveness}", file]

    def environment(self, place: Place) -> dict[str, str]:
        """What it is told."""
        common = {"PATH": os.environ["PATH"], "HOME": str(place.kubeconfig.parent), "PYTHONPATH": PACKAGES}
        told = {
            "SENTIMENT_SERVER_IMAGE": "localhost/sentiment-server:bench",
            "SENTIMENT_TRAINER_IMAGE": "localhost/sentiment-trainer:bench",
            "SENTIMENT_TRACKING_URL": place.tracking_url,
            "SENTIMENT_OPERATOR_NAMESPACE": "bench",
            "SENTIMENT_HEALTH_PORT": str(place.health_port),
            "SENTIMENT_METRICS_PORT": str(place.metrics_port),
            "SENTIMENT_MAX_CONCURRENT_TRAININGS": str(TRAININGS_AT_ONCE),
            "SENTIMENT_SHARDS": str(place.shards),
            "SERVICES_ANSWER_AT": place.tracking_url,
        }
        given = {name: value for name, value in os.environ.items() if name.startswith("SENTIMENT_")}
        return {**common, **told, **given, "KUBECONFIG": str(place.kubeconfig)}


def ours(*, autoscaled: bool) -> Peer:
    """The operator of this project."""
    return Peer(
        name=OURS,
        group="rottenpotatoes.com",
        version="v1alpha1",
        plural="sentimentmodels",
        kind="SentimentModel",
        managed_by="sentiment-operator",
        autoscaled=autoscaled,
    )


def usual(*, autoscaled: bool) -> Peer:
    """What kopf's documentation teaches."""
    return Peer(
        name=USUAL,
        group="usual.example.org",
        version="v1",
        plural="usualmodels",
        kind="UsualModel",
        managed_by="usual",
        autoscaled=autoscaled,
    )

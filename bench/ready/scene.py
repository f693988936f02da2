"""Where time to ready is measured: a namespace of a real cluster in which versions 1 and 2 are known to MLflow.

It trains, and knows nothing of what is measured afterwards.
"""

import json
import os
from pathlib import Path
from typing import Any

from bench.ready import tutorial
from demo.installation import NAMESPACE as SYSTEM
from demo.installation import RELEASE, install, restricted_namespace
from demo.repository import CONVERT
from demo.target import Target
from local_cluster import Cluster, toolchain
from local_cluster.console import step
from tests.support.api_server import ApiServer, Manifest

CLUSTER, NAMESPACE, MODEL = "ready", "bench-ready", "imdb"
ROWS = 10_000
"""So many are made up where none are given."""
MODELS = f"/apis/rottenpotatoes.com/v1alpha1/namespaces/{NAMESPACE}/sentimentmodels"
STOCKER = "stock"


class Scene:
    """The namespace, spoken to as a person does, and without a process for each word where time counts."""

    def __init__(self) -> None:
        self.target = Target("local", CLUSTER)
        self.target.check()
        install(self.target)
        self.api = ApiServer(self.target.kubeconfig(), str(toolchain.binary("kubectl")))
        self.image = self._setting("SENTIMENT_TRAINER_IMAGE")
        self.tracking_url = self._setting("SENTIMENT_TRACKING_URL")

    def prepare(self) -> None:
        """Both versions trained and registered, once for us and once for the tutorial; nothing runs afterwards."""
        self.target.kubectl("apply", "-f", "-", stdin=restricted_namespace(NAMESPACE))
        self.apply(tutorial.sources(), tutorial.service())
        if self.kubectl("get", "pod", "tutorial-training", "--ignore-not-found"):
            return
        with step("reviews"):
            self._stock()
        with step("train versions 1 and 2"):
            for version in ("1", "2"):
                self.apply(model(version))
                self.kubectl("wait", "--for=condition=Ready", f"smod/{MODEL}", "--timeout=10m")
            self.remove("smod", MODEL)
        with step("train the tutorial's pipeline"):
            self.apply(tutorial.training(self.image, self.tracking_url))
            done = "--for=jsonpath={.status.phase}=Succeeded"
            self.kubectl("wait", done, "pod/tutorial-training", "--timeout=10m")

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """kubectl in the namespace."""
        return self.target.kubectl("-n", NAMESPACE, *arguments, stdin=stdin)

    def apply(self, *manifests: Manifest) -> None:
        """kubectl apply."""
        self.kubectl(
            "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
        )

    def send(self, method: str, path: str, body: Manifest) -> Manifest:
        """One request to the API server. Raises SystemExit where it is refused."""
        answer = self.api.request(method, path, body)
        if not answer.accepted:
            raise SystemExit(f"{method} {path}: {answer.message}")
        return answer.body

    def remove(self, kind: str, name: str) -> None:
        """With its pods, which are not given the time to end well."""
        self.kubectl("delete", kind, name, "--cascade=foreground", "--wait=false")
        running = "--field-selector=status.phase=Running"
        self.kubectl("delete", "pods", "--grace-period=0", "--force", "--ignore-not-found", running)
        self.kubectl("wait", "--for=delete", f"{kind}/{name}", "--timeout=60s")

    def down(self) -> None:
        """Nothing is left of the cluster."""
        Cluster.named(CLUSTER).down()

    def _setting(self, name: str) -> str:
        path = f"jsonpath={{.spec.template.spec.containers[0].env[?(@.name=='{name}')].value}}"
        return self.target.kubectl("-n", SYSTEM, "get", "deploy", RELEASE, "-o", path)

    def _stock(self) -> None:
        self.apply(*_stocker(self.image))
        self.kubectl("wait", "--for=condition=Ready", f"pod/{STOCKER}", "--timeout=120s")
        inside = ("exec", "-i", STOCKER, "--")
        if given := os.environ.get("DATA"):
            source = f"/data/given{''.join(Path(given).suffixes)}"
            self.target.stream(Path(given), "-n", NAMESPACE, *inside, "sh", "-c", f"cat > {source}")
            self.kubectl(*inside, "python3", "-", source, "/data/reviews.csv", "0", stdin=CONVERT)
        else:
            self.kubectl(*inside, "sentiment-train", "generate", "--rows", str(ROWS), "--output", "/data/reviews.csv")
        self.kubectl("delete", "pod", STOCKER, "--grace-period=0", "--force")


def model(version: str) -> Manifest:
    """A SentimentModel of our preset. Another version is trained with another strength of regularization."""
    training = {"parameters": {"regularizationC": {"1": "30", "2": "10"}[version]}}
    return {
        "apiVersion": "rottenpotatoes.com/v1alpha1",
        "kind": "SentimentModel",
        "metadata": {"name": MODEL},
        "spec": {
            "version": version,
            "data": {"volume": {"claimName": "reviews", "path": "reviews.csv"}},
            "training": training,
        },
    }


def _stocker(image: str) -> tuple[Manifest, Manifest]:
    claim: Manifest = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "reviews"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    container: dict[str, Any] = {
        "name": "stock",
        "image": image,
        "command": ["sleep", "3600"],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    security = {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "fsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": security,
        "containers": [container],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "reviews"}}],
    }
    return claim, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": STOCKER}, "spec": spec}

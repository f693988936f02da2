"""A namespace on the real cluster with review data in it, and the few things a person does there."""

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

from demo.installation import NAMESPACE as SYSTEM
from demo.installation import RELEASE, restricted_namespace
from tests.e2e import objects
from tests.e2e.objects import CLUSTER
from tests.support.api_server import Manifest
from tests.support.eventually import eventually

GOOD, MORE = "good.csv", "more.csv"
CHILDREN = "deployments,replicasets,services,hpa,pdb,networkpolicies,serviceaccounts,jobs,pods,smrev"
DATA = f"""set -e
sentiment-train generate --rows 2000 --seed 1 --output /data/{GOOD}
sentiment-train generate --rows 2600 --seed 2 --output /data/{MORE}
printf 'review,sentiment\\n' > /data/header.csv
python3 - <<'SCRIPT'
import csv
with open("/data/good.csv", newline="") as file:
    header, *reviews = csv.reader(file)
other = {{"positive": "negative", "negative": "positive"}}
with open("/data/noisy.csv", "w", newline="") as file:
    wrong = ([text, label if row % 3 else other[label]] for row, (text, label) in enumerate(reviews[:400]))
    csv.writer(file).writerows([header, *wrong])
with open("/data/few.csv", "w", newline="") as file:
    csv.writer(file).writerows([header, *reviews[:200]])
with open("/data/flipped.csv", "w", newline="") as file:
    csv.writer(file).writerows([header, *([text, other[label]] for text, label in reviews)])
rows = [f"a fine film number {{i}},1" for i in range(300)]
open("/data/one-class.csv", "w").write("\\n".join(["review,sentiment", *rows]) + "\\n")
open("/data/no-column.csv", "w").write("\\n".join(["text,label", *rows]) + "\\n")
open("/data/latin1.csv", "wb").write("review,sentiment\\nun caf\\xe9,1\\n".encode("latin-1") * 200)
SCRIPT
"""


@dataclass(frozen=True, slots=True)
class Shop:
    """One namespace of the test cluster."""

    namespace: str

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """kubectl in the namespace."""
        return CLUSTER.kubectl("-n", self.namespace, *arguments, stdin=stdin)

    def get(self, kind: str, name: str) -> Manifest | None:
        """One object, None if it is not there."""
        return objects.one(self.namespace, kind, name)

    def the(self, kind: str, name: str) -> Manifest:
        """One object that has to be there."""
        found = self.get(kind, name)
        assert found is not None, f"{kind} {name} is not there"
        return found

    def every(self, kind: str, selector: str = "") -> list[Manifest]:
        """All objects of a kind."""
        return objects.every(self.namespace, kind, selector)

    def of(self, kinds: str, name: str) -> list[Manifest]:
        """All objects of these kinds that belong to a model."""
        selector = f"app.kubernetes.io/instance={name}"
        return [found for kind in kinds.split(",") for found in self.every(kind, selector)]

    def servers(self, name: str) -> list[Manifest]:
        """Pods that serve a model."""
        return self.every("pods", f"app.kubernetes.io/instance={name},app.kubernetes.io/component=server")

    def apply(self, *manifests: Manifest) -> None:
        """kubectl apply, as strict as can be."""
        document = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        self.kubectl("apply", "--validate=strict", "-f", "-", stdin=json.dumps(document))

    def patch(self, kind: str, name: str, change: Manifest) -> None:
        """kubectl patch --type merge."""
        self.kubectl("patch", kind, name, "--type", "merge", "-p", json.dumps(change))

    def evict(self, pod: str) -> None:
        """Ask for a pod to go, as a drain of its node does."""
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}/eviction"
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
        CLUSTER.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))

    def condition(self, name: str, kind: str) -> Manifest:
        """A condition of a model that speaks of its present generation; empty before."""
        model = self.get("smod", name) or {}
        if model.get("status", {}).get("observedGeneration") != model.get("metadata", {}).get("generation"):
            return {}
        conditions: list[Manifest] = model["status"]["conditions"]
        none: Manifest = {}
        return next((entry for entry in conditions if entry["type"] == kind), none)

    def becomes(self, name: str, kind: str, reason: str, status: str = "True", seconds: float = 120) -> Manifest:
        """Wait for a condition."""

        def seen() -> Manifest | None:
            found = self.condition(name, kind)
            return found if (found.get("status"), found.get("reason")) == (status, reason) else None

        try:
            return eventually(f"{name} {kind}={status}/{reason}", seen, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.story(name)}") from None

    def is_ready(self, name: str, version: str, seconds: float = 180) -> None:
        """Wait until the version has all traffic."""

        def ready() -> bool:
            serving = (self.get("smod", name) or {}).get("status", {}).get("servingVersion")
            return self.condition(name, "Ready").get("status") == "True" and serving == version

        try:
            eventually(f"{name} serves {version}", ready, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.story(name)}") from None

    def story(self, name: str) -> str:
        """What a person would look at first when it does not work."""
        model = self.get("smod", name) or {}
        told = [
            f"{c['type']}={c['status']}/{c['reason']}: {c['message']}"
            for c in model.get("status", {}).get("conditions", [])
        ]
        return "\n".join([*told, self.kubectl("get", "pods,jobs", "-o", "wide"), self.kubectl("get", "events")[-3000:]])

    def address(self, service: str) -> str:
        """Cluster address of a Service; the host has a route to it."""
        return self.kubectl("get", "service", service, "-o", "jsonpath={.spec.clusterIP}")

    def predict(self, service: str, text: str = "a wonderful film, I loved it") -> tuple[Manifest, dict[str, str]]:
        """Answer and headers of the Service, see `ask`."""
        return self.ask(self.address(service), text)

    def ask(self, address: str, text: str) -> tuple[Manifest, dict[str, str]]:
        """Answer and headers, their names in small letters."""
        body = json.dumps({"text": text}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://{address}/predict", body, headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.loads(response.read()), {name.lower(): value for name, value in response.headers.items()}

    def answers(self, service: str, version: str) -> bool:
        """Whether the Service answers with that version."""
        try:
            return self.predict(service)[0]["version"] == version
        except OSError:
            return False

    def jobs(self) -> set[str]:
        """Names of all training Jobs."""
        return {job["metadata"]["name"] for job in self.every("jobs")}


def model(name: str = "imdb", version: str | None = "1", path: str = GOOD, **spec: Any) -> Manifest:
    """A SentimentModel that trains in seconds."""
    body: Manifest = {
        "data": {"volume": {"claimName": "reviews", "path": path}},
        "training": {"preset": "Fast", "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}}},
        **spec,
    }
    if version is not None:
        body["version"] = version
    return {
        "apiVersion": "rottenpotatoes.com/v1alpha1",
        "kind": "SentimentModel",
        "metadata": {"name": name},
        "spec": body,
    }


def fast(features: int) -> Manifest:
    """A training whose recipe differs from others by one parameter."""
    return {"preset": "Fast", "parameters": {"maxFeatures": features}}


def data(path: str) -> Manifest:
    """A change of the data."""
    return {"volume": {"claimName": "reviews", "path": path}}


def open_shop(namespace: str) -> Shop:
    """Make the namespace and its data."""
    shop = Shop(namespace)
    CLUSTER.kubectl("apply", "-f", "-", stdin=restricted_namespace(namespace))
    shop.apply(_claim(), _stocker(trainer_image()))
    shop.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/stock", "--timeout=120s")
    shop.kubectl("delete", "pod", "stock", "--wait=false")
    return shop


def close_shop(shop: Shop) -> None:
    """Remove the namespace; nobody waits for it."""
    CLUSTER.kubectl("delete", "namespace", shop.namespace, "--wait=false")


def trainer_image() -> str:
    """The image that the installed operator trains with."""
    return operator_setting("SENTIMENT_TRAINER_IMAGE")


def operator_setting(name: str) -> str:
    """A setting of the installed operator."""
    path = f"jsonpath={{.spec.template.spec.containers[0].env[?(@.name=='{name}')].value}}"
    return CLUSTER.kubectl("-n", SYSTEM, "get", "deploy", RELEASE, "-o", path)


def scale(deployment: str, replicas: int) -> None:
    """Set the replicas of a Deployment of the installation and wait until it is so."""
    CLUSTER.kubectl("-n", SYSTEM, "scale", "deploy", deployment, f"--replicas={replicas}")
    labels = Shop(SYSTEM).the("deployment", deployment)["spec"]["selector"]["matchLabels"]
    query = ",".join(f"{key}={value}" for key, value in labels.items())

    def as_asked() -> bool:
        pods = objects.every(SYSTEM, "pods", query)
        ready = [pod for pod in pods if _is_ready(pod)]
        return len(pods) == len(ready) == replicas

    eventually(f"{deployment} has {replicas} pods", as_asked, 120)


def _is_ready(pod: Manifest) -> bool:
    conditions: list[Manifest] = pod["status"].get("conditions", [])
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


def gone(namespace: str) -> bool:
    """Whether a namespace is gone."""
    return namespace not in [entry["metadata"]["name"] for entry in objects.every("", "namespaces")]


def _claim() -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "reviews"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "100Mi"}}},
    }


def _stocker(image: str) -> Manifest:
    container = {
        "name": "stock",
        "image": image,
        "command": ["sh", "-c", DATA],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "reviews"}}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "stock"}, "spec": spec}

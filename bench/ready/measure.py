"""One cold apply, and one switch of versions, of our model and of the tutorial's: when each thing came to be so.

It knows what happens in which order, and nothing of how often it is measured or shown.
"""

import http.client
import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from bench.ready import tutorial
from bench.ready.callers import Callers, first_answer
from bench.ready.scene import MODEL, MODELS, NAMESPACE, Scene, model
from bench.ready.witness import Manifest, Witness, is_true, leads_somewhere
from demo.reach import NO_PROXY
from sentiment_contract.names import METRICS_PORT, VERSION_LABEL
from sentiment_contract.rollout import LOADED_METRIC

DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
OURS, PEER = "SentimentModel", "tutorial"


@dataclass(frozen=True)
class Cold:
    """Seconds from the apply to each milestone, in order; of the processor, what the pod's process took by the end."""

    who: str
    reached: Mapping[str, float]
    cpu_seconds: float

    @property
    def answered(self) -> float:
        """Seconds to the first right answer through the Service."""
        return self.reached["first right answer"]

    def steps(self) -> dict[str, float]:
        """Seconds from each milestone to the next, up to the first right answer."""
        found, before = dict[str, float](), 0.0
        for name, at in self.reached.items():
            found[name], before = max(0.0, at - before), max(at, before)
            if name == "first right answer":
                break
        return found


@dataclass(frozen=True)
class Switch:
    """Seconds from the edit; `failed` of so many `requests` meanwhile."""

    who: str
    back: bool
    first_answer: float
    last_old_answer: float
    ready: float
    requests: int
    failed: int
    failures: tuple[str, ...]


def cold(scene: Scene, witness: Witness) -> Cold:
    """Apply a model whose version MLflow knows, on an empty namespace."""
    began = time.time()
    scene.send("POST", MODELS, model("1"))
    address = _address(witness, MODEL, began)
    answered = first_answer(address)
    witness.wait("smod", began, is_true("Ready"))
    told = _told_by_server(_pod(witness, began)["status"]["podIP"])
    times = {
        "version recorded": witness.first("smrev", began),
        "Deployment written": witness.first("deployment", began),
        "pod created": witness.first("pod", began),
        "pod scheduled": witness.first("pod", began, is_true("PodScheduled")),
        "process started": told["process_start_time_seconds"],
        "model loaded": told[LOADED_METRIC],
        "pod ready": witness.first("pod", began, is_true("Ready")),
        "Service leads there": witness.first("endpoints", began, leads_somewhere),
        "first right answer": answered,
        "Ready": witness.first("smod", began, is_true("Ready")),
    }
    reached = {name: at - began for name, at in times.items() if at is not None}
    return Cold(OURS, reached, told["process_cpu_seconds_total"])


def cold_tutorial(scene: Scene, witness: Witness) -> Cold:
    """The same of the tutorial's Deployment. Its Service is there already."""
    address = scene.kubectl("get", "service", tutorial.NAME, "-o", "jsonpath={.spec.clusterIP}")
    began = time.time()
    scene.send("POST", DEPLOYMENTS, tutorial.deployment(scene.image, scene.tracking_url, "1"))
    answered = first_answer(address)
    told = _told_by_tutorial(address)
    times = {
        "Deployment written": witness.first("deployment", began),
        "pod created": witness.first("pod", began),
        "pod scheduled": witness.first("pod", began, is_true("PodScheduled")),
        "process started": told["began"],
        "libraries imported": told["imported"],
        "model loaded": told["loaded"],
        "pod ready": witness.first("pod", began, is_true("Ready")),
        "Service leads there": witness.first("endpoints", began, leads_somewhere),
        "first right answer": answered,
    }
    reached = {name: at - began for name, at in times.items() if at is not None}
    return Cold(PEER, reached, told["cpu_seconds"])


def switch(scene: Scene, witness: Witness, version: str) -> Switch:
    """Edit the version of a model that serves the other one."""

    def edit() -> None:
        scene.send("PATCH", f"{MODELS}/{MODEL}", {"spec": model(version)["spec"]})

    def is_over(body: Manifest) -> bool:
        status = body.get("status", {})
        is_of_today = status.get("observedGeneration") == body["metadata"]["generation"]
        return is_of_today and status.get("servingVersion") == version and is_true("Ready")(body)

    address = scene.kubectl("get", "service", MODEL, "-o", "jsonpath={.spec.clusterIP}")
    return _switched(OURS, address, version, edit, lambda since: witness.wait("smod", since, is_over))


def switch_tutorial(scene: Scene, witness: Witness, version: str) -> Switch:
    """Change the version in the tutorial's Deployment; it is ready when the old pod is gone."""

    def edit() -> None:
        # Whole, as `kubectl apply` of the edited file would send it.
        changed = tutorial.deployment(scene.image, scene.tracking_url, version)
        scene.send("PATCH", f"{DEPLOYMENTS}/{tutorial.NAME}", changed)

    def is_over(body: Manifest) -> bool:
        status = body.get("status", {})
        is_of_today = status.get("observedGeneration") == body["metadata"]["generation"]
        counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
        return body["metadata"]["name"] == tutorial.NAME and is_of_today and counts == [1, 1, 1]

    address = scene.kubectl("get", "service", tutorial.NAME, "-o", "jsonpath={.spec.clusterIP}")
    return _switched(PEER, address, version, edit, lambda since: witness.wait("deployment", since, is_over))


def _switched(
    who: str, address: str, version: str, edit: Callable[[], None], ready: Callable[[float], float]
) -> Switch:
    with Callers(address) as callers:
        time.sleep(1.0)
        began = time.time()
        edit()
        over = ready(began)
        # Requests that come to the old pod last are part of the switch.
        time.sleep(1.0)
    old = [at for at, answered in callers.answers if answered != version and at >= began]
    return Switch(
        who,
        back=version == "1",
        first_answer=callers.first(version, began) - began,
        last_old_answer=max(old, default=began) - began,
        ready=over - began,
        requests=len(callers.answers) + len(callers.failures),
        failed=len(callers.failures),
        failures=tuple(sorted(set(callers.failures)))[:5],
    )


def _address(witness: Witness, service: str, since: float) -> str:
    def is_it(body: Manifest) -> bool:
        return body["metadata"]["name"] == service and bool(body["spec"].get("clusterIP"))

    witness.wait("service", since, is_it)
    body = witness.body("service", since, is_it)
    assert body is not None
    return body["spec"]["clusterIP"]


def _pod(witness: Witness, since: float) -> Manifest:
    witness.wait("pod", since, is_true("Ready"))
    body = witness.body(
        "pod", since, lambda pod: is_true("Ready")(pod) and VERSION_LABEL in (pod["metadata"].get("labels") or {})
    )
    assert body is not None
    return body


def _told_by_server(address: str) -> dict[str, float]:
    with NO_PROXY.open(f"http://{address}:{METRICS_PORT}/metrics", timeout=5) as reply:
        families = text_string_to_metric_families(reply.read().decode())
        return {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}


def _told_by_tutorial(address: str) -> dict[str, Any]:
    with NO_PROXY.open(urllib.request.Request(f"http://{address}/health"), timeout=5) as reply:
        assert reply.status == http.client.OK
        return json.loads(reply.read())

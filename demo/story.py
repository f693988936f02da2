"""The story of the demo: apply, train, predict, a new version, and back, then what to type next.

Every chapter looks at the world first, so that the story can be told again and goes on where it was cut off.
"""

import json
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo import repository
from demo.data import Reviews
from demo.installation import ROOT, restricted_namespace
from demo.target import Target
from local_cluster import toolchain
from local_cluster.console import ClusterError, say, step

NAMESPACE = "reviews"
MODEL = "imdb"
EXAMPLE = ROOT / "examples" / "sentimentmodel.yaml"
READY_SECONDS = 900
REVIEWS = (
    "A wonderful film: funny, moving and beautifully acted. I loved every minute.",
    "The worst film of the year: boring, predictable, and a terrible waste of two hours.",
    "Starts slowly, but the last half hour is superb and makes up for it.",
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story is told."""

    target: Target
    namespace: str

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """kubectl in the namespace."""
        return self.target.kubectl("-n", self.namespace, *arguments, stdin=stdin)


def tell(target: Target, reviews: Reviews, namespace: str = NAMESPACE) -> None:
    """All chapters."""
    stage = Stage(target, namespace)
    say(f"\n  data: {reviews.description}")
    target.kubectl("apply", "-f", "-", stdin=restricted_namespace(namespace))
    repository.make(target, namespace, reviews)
    say("\n== Version 1: kubectl apply -f examples/sentimentmodel.yaml")
    _apply(stage, EXAMPLE)
    _await(stage, "1")
    _predict(stage)
    say("\n== Version 2: more data")
    _patch(stage, {"version": "2", "data": {"dvc": {"revision": "v2"}}})
    _await(stage, "2")
    _predict(stage)
    say("\n== Back to version 1: one field")
    _patch(stage, {"version": "1"})
    _await(stage, "1")
    _predict(stage)
    _close(stage)


def _apply(stage: Stage, file: Path) -> None:
    stage.kubectl("apply", "--validate=strict", "-f", str(file))


def _patch(stage: Stage, spec: dict[str, Any]) -> None:
    patch = json.dumps({"spec": spec})
    say(f"  $ kubectl -n {stage.namespace} patch smod {MODEL} --type merge -p '{patch}'")
    stage.kubectl("patch", "smod", MODEL, "--type", "merge", "-p", patch)


def _await(stage: Stage, version: str) -> None:
    """Tell what the conditions tell until the version is ready. A dead end ends the story with its reason."""
    began, told = time.monotonic(), ""
    while True:
        model = json.loads(stage.kubectl("get", "smod", MODEL, "-o", "json"))
        status = model.get("status", {})
        conditions = {entry["type"]: entry for entry in status.get("conditions", [])}
        ready, stalled = conditions.get("Ready", {}), conditions.get("Stalled", {})
        current = status.get("observedGeneration") == model["metadata"]["generation"]
        if current and ready.get("status") == "True" and status.get("servingVersion") == version:
            say(f"  ✓ version {version} is Ready ({time.monotonic() - began:.1f} s)")
            return
        if current and stalled.get("status") == "True":
            raise ClusterError(f"{stalled['reason']}: {stalled['message']}")
        now = f"{ready.get('reason', 'Pending')}: {ready.get('message', 'the operator has not looked yet')}"
        if now != told:
            say(f"  {time.monotonic() - began:5.1f} s  {now}")
            told = now
        if time.monotonic() - began > READY_SECONDS:
            raise ClusterError(f"version {version} is not Ready after {READY_SECONDS} s. {now}")
        time.sleep(0.5)


def _predict(stage: Stage) -> None:
    """Three reviews through the Service."""
    for text in REVIEWS:
        answer = _ask(stage, text)
        say(f"  {answer['sentiment']:>8} {answer['probability']:.3f}  version {answer['version']}  “{text[:60]}”")


def _ask(stage: Stage, text: str) -> dict[str, Any]:
    body = json.dumps({"text": text})
    if stage.target.kind != "local":
        # The API server leads to the Service of any cluster; it takes a body from a file.
        raw = (
            "create",
            "--raw",
            f"/api/v1/namespaces/{stage.namespace}/services/{MODEL}:http/proxy/predict",
            "-f",
            "-",
        )
        return json.loads(stage.target.kubectl(*raw, stdin=body))
    request = urllib.request.Request(
        f"http://{_address(stage)}/predict", body.encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.loads(response.read())


def _address(stage: Stage) -> str:
    return stage.kubectl("get", "service", MODEL, "-o", "jsonpath={.spec.clusterIP}")


def _close(stage: Stage) -> None:
    with step("kubectl get smod,smrev"):
        say(stage.kubectl("get", "smod,smrev"))
    model = json.loads(stage.kubectl("get", "smod", MODEL, "-o", "json"))
    say(f"  {'CONDITION':18}{'STATUS':9}{'REASON':18}MESSAGE")
    for entry in model["status"]["conditions"]:
        say(f"  {entry['type']:18}{entry['status']:9}{entry['reason']:18}{entry.get('message', '')[:100]}")
    say(_next_steps(stage))


def _next_steps(stage: Stage) -> str:
    kubectl = f"{toolchain.binary('kubectl')} {' '.join(stage.target.access)} -n {stage.namespace}"
    predict = (
        f"curl -s http://{_address(stage)}/predict -H 'Content-Type: application/json' -d '{{\"text\": \"What a film!\"}}'"
        if stage.target.kind == "local"
        else f"kubectl -n {stage.namespace} port-forward svc/{MODEL} 8000:80, then http://localhost:8000/docs"
    )
    return f"""
What to type next
  predict   {predict}
  watch     {kubectl} get smod -w
  explain   {kubectl} describe smod {MODEL}
  versions  {kubectl} get smrev -o wide
  MLflow    {kubectl.replace(stage.namespace, "sentiment-system")} port-forward svc/mlflow 5000, then http://localhost:5000
  the end   make down
"""

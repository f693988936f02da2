"""The story of the demo: apply, train, predict, a new version, and back, then what to type next.

Every chapter looks at the world first, so that the story can be told again and goes on where it was cut off.
"""

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

from demo import data, repository
from demo.installation import ROOT, namespace
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


def tell(target: Target) -> None:
    """All chapters."""
    reviews = data.choose()
    say(f"\n  data: {reviews.description}")
    target.kubectl("apply", "-f", "-", stdin=namespace(NAMESPACE))
    repository.make(target, NAMESPACE, reviews)
    say("\n== Version 1: kubectl apply -f examples/sentimentmodel.yaml")
    _apply(target, EXAMPLE)
    _await(target, "1")
    _predict(target)
    say("\n== Version 2: more data")
    _patch(target, {"version": "2", "data": {"dvc": {"revision": "v2"}}})
    _await(target, "2")
    _predict(target)
    say("\n== Back to version 1: one field")
    _patch(target, {"version": "1"})
    _await(target, "1")
    _predict(target)
    _close(target)


def _apply(target: Target, file: Path) -> None:
    target.kubectl("-n", NAMESPACE, "apply", "--validate=strict", "-f", str(file))


def _patch(target: Target, spec: dict[str, Any]) -> None:
    patch = json.dumps({"spec": spec})
    say(f"  $ kubectl -n {NAMESPACE} patch smod {MODEL} --type merge -p '{patch}'")
    target.kubectl("-n", NAMESPACE, "patch", "smod", MODEL, "--type", "merge", "-p", patch)


def _await(target: Target, version: str) -> None:
    """Tell what the conditions tell until the version is ready. A dead end ends the story with its reason."""
    began, told = time.monotonic(), ""
    while True:
        model = json.loads(target.kubectl("-n", NAMESPACE, "get", "smod", MODEL, "-o", "json"))
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


def _predict(target: Target) -> None:
    """Three reviews through the Service."""
    for text in REVIEWS:
        answer = _ask(target, text)
        say(f"  {answer['sentiment']:>8} {answer['probability']:.3f}  version {answer['version']}  “{text[:60]}”")


def _ask(target: Target, text: str) -> dict[str, Any]:
    body = json.dumps({"text": text})
    if target.kind != "local":
        # The API server leads to the Service of any cluster; it takes a body from a file.
        raw = ("create", "--raw", f"/api/v1/namespaces/{NAMESPACE}/services/{MODEL}:http/proxy/predict", "-f", "-")
        return json.loads(target.kubectl(*raw, stdin=body))
    request = urllib.request.Request(
        f"http://{_address(target)}/predict", body.encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.loads(response.read())


def _address(target: Target) -> str:
    return target.kubectl("-n", NAMESPACE, "get", "service", MODEL, "-o", "jsonpath={.spec.clusterIP}")


def _close(target: Target) -> None:
    with step("kubectl get smod,smrev"):
        say(target.kubectl("-n", NAMESPACE, "get", "smod,smrev"))
    model = json.loads(target.kubectl("-n", NAMESPACE, "get", "smod", MODEL, "-o", "json"))
    say(f"  {'CONDITION':18}{'STATUS':9}{'REASON':18}MESSAGE")
    for entry in model["status"]["conditions"]:
        say(f"  {entry['type']:18}{entry['status']:9}{entry['reason']:18}{entry.get('message', '')[:100]}")
    say(_next_steps(target))


def _next_steps(target: Target) -> str:
    kubectl = f"{toolchain.binary('kubectl')} {' '.join(target.access)} -n {NAMESPACE}"
    predict = (
        f"curl -s http://{_address(target)}/predict -H 'Content-Type: application/json' -d '{{\"text\": \"What a film!\"}}'"
        if target.kind == "local"
        else f"kubectl -n {NAMESPACE} port-forward svc/{MODEL} 8000:80, then http://localhost:8000/docs"
    )
    return f"""
What to type next
  predict   {predict}
  watch     {kubectl} get smod -w
  explain   {kubectl} describe smod {MODEL}
  versions  {kubectl} get smrev -o wide
  MLflow    {kubectl.replace(NAMESPACE, "sentiment-system")} port-forward svc/mlflow 5000, then http://localhost:5000
  the end   make down
"""

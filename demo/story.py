"""The story of the demo: apply, train, predict, a new version, and back, then what to type next.

Every chapter looks at the world first, so that the story can be told again and goes on where it was cut off.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo import reach, repository
from demo.data import Reviews
from demo.installation import NAMESPACE as SYSTEM
from demo.installation import make_namespace
from demo.target import ROOT, Target
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
    way: reach.Way
    """How its predictions are asked for."""

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """kubectl in the namespace."""
        return self.target.kubectl("-n", self.namespace, *arguments, stdin=stdin)


def tell(target: Target, reviews: Reviews, namespace: str = NAMESPACE, way: reach.Way | None = None) -> None:
    """All chapters. `way` is how the model's Service is reached, where not in the usual way of this kind of cluster."""
    stage = Stage(target, namespace, way or reach.usual_way(target))
    make_namespace(target, namespace)
    say(f"\n  data: {repository.make(target, namespace, reviews)}")
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
            raise ClusterError(
                f"version {version} is not Ready after {READY_SECONDS} s. {now}\n"
                f"Next: kubectl -n {stage.namespace} describe smod {MODEL} says more; the same command waits on"
            )
        time.sleep(0.5)


def _predict(stage: Stage) -> None:
    """Three reviews through the Service."""
    with stage.way(stage.target, stage.namespace, MODEL) as address:
        for text in REVIEWS:
            answer = reach.predict(address, text)
            say(f"  {answer['sentiment']:>8} {answer['probability']:.3f}  version {answer['version']}  “{text[:60]}”")


def _close(stage: Stage) -> None:
    with step("kubectl get smod,smrev"):
        say(stage.kubectl("get", "smod,smrev"))
    model = json.loads(stage.kubectl("get", "smod", MODEL, "-o", "json"))
    say(f"  {'CONDITION':18}{'STATUS':9}{'REASON':18}MESSAGE")
    for entry in model["status"]["conditions"]:
        say(f"  {entry['type']:18}{entry['status']:9}{entry['reason']:18}{entry.get('message', '')[:100]}")
    say(_next_steps(stage))


def _next_steps(stage: Stage) -> str:
    target, kubectl = stage.target, f"kubectl -n {stage.namespace}"
    return f"""
What to type next
  first     export KUBECONFIG=$({target.make("-s kubeconfig")}) PATH=$PATH:$(dirname $(make -s kubectl))
  predict   {_how_to_predict(stage)}
  watch     {kubectl} get smod -w
  explain   {kubectl} describe smod {MODEL}
  versions  {kubectl} get smrev -o wide
  MLflow    kubectl -n {SYSTEM} port-forward svc/mlflow 5000, then http://localhost:5000
  the end   {target.make("down")}
"""


def _how_to_predict(stage: Stage) -> str:
    if not stage.target.is_local:
        return f"kubectl -n {stage.namespace} port-forward svc/{MODEL} 8000:80, then http://localhost:8000/docs"
    with reach.by_address(stage.target, stage.namespace, MODEL) as address:
        body = json.dumps({"text": "What a film!"})
        return f"curl -s http://{address}/predict -H 'Content-Type: application/json' -d '{body}'"

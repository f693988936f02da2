"""The story of the demo: apply, train, predict, a new version, and back; the second story; then what to type next.

Every chapter looks at the world first, so that the story can be told again and goes on where it was cut off.
"""

import json
from pathlib import Path
from typing import Any

from demo import guarded_story, reach, repository
from demo.data import Reviews
from demo.installation import NAMESPACE as SYSTEM
from demo.installation import make_namespace
from demo.scene import MODEL, REVIEWS, Scene, dead_end, follow, is_served, patch
from demo.target import ROOT, Target
from local_cluster.console import ClusterError, say, step

NAMESPACE = "reviews"
EXAMPLE = ROOT / "examples" / "sentimentmodel.yaml"


def tell(target: Target, reviews: Reviews, namespace: str = NAMESPACE, way: reach.Way | None = None) -> None:
    """All chapters. `way` is how the model's Service is reached, where not in the usual way of this kind of cluster."""
    scene = Scene(target, namespace, way or reach.usual_way(target))
    make_namespace(target, namespace)
    say(f"\n  data: {repository.make(target, namespace, reviews)}")
    say("\n== Version 1: kubectl apply -f examples/sentimentmodel.yaml")
    _apply(scene, EXAMPLE)
    _await(scene, "1")
    _predict(scene)
    say("\n== Version 2: more data")
    patch(scene, {"version": "2", "data": {"dvc": {"revision": "v2"}}})
    _await(scene, "2")
    _predict(scene)
    say("\n== Back to version 1: one field")
    patch(scene, {"version": "1"})
    _await(scene, "1")
    _predict(scene)
    if guarded_story.is_wanted():
        guarded_story.tell(scene)
    _close(scene)


def _apply(scene: Scene, file: Path) -> None:
    scene.kubectl("apply", "--validate=strict", "-f", str(file))
    # What the second story asked for is no part of the file, and so stays when that is applied again.
    scene.kubectl("patch", "smod", MODEL, "--type", "merge", "-p", json.dumps({"spec": guarded_story.undone()}))


def _await(scene: Scene, version: str) -> None:
    """Wait until the version has all traffic. A dead end ends the story with its reason."""

    def is_ready(model: dict[str, Any]) -> bool:
        if (stalled := dead_end(model)) is not None:
            raise ClusterError(stalled)
        return is_served(model, version)

    follow(scene, is_ready, "is Ready")


def _predict(scene: Scene) -> None:
    """Three reviews through the Service."""
    with scene.way(scene.target, scene.namespace, MODEL) as address:
        for text in REVIEWS:
            answer = reach.predict(address, text)
            say(f"  {answer['sentiment']:>8} {answer['probability']:.3f}  version {answer['version']}  “{text[:60]}”")


def _close(scene: Scene) -> None:
    with step("kubectl get smod,smrev"):
        say(scene.kubectl("get", "smod,smrev"))
    model = json.loads(scene.kubectl("get", "smod", MODEL, "-o", "json"))
    say(f"  {'CONDITION':18}{'STATUS':9}{'REASON':18}MESSAGE")
    for entry in model["status"]["conditions"]:
        say(f"  {entry['type']:18}{entry['status']:9}{entry['reason']:18}{entry.get('message', '')[:100]}")
    say(_next_steps(scene))


def _next_steps(scene: Scene) -> str:
    target, kubectl = scene.target, f"kubectl -n {scene.namespace}"
    return f"""
What to type next
  first     export KUBECONFIG=$({target.make("-s kubeconfig")}) PATH=$PATH:$(dirname $(make -s kubectl))
  predict   {_how_to_predict(scene)}
  watch     {kubectl} get smod -w
  explain   {kubectl} describe smod {MODEL}
  versions  {kubectl} get smrev -o wide
  MLflow    kubectl -n {SYSTEM} port-forward svc/mlflow 5000, then http://localhost:5000
  the end   {target.make("down")}
"""


def _how_to_predict(scene: Scene) -> str:
    if not scene.target.is_local:
        return f"kubectl -n {scene.namespace} port-forward svc/{MODEL} 8000:80, then http://localhost:8000/docs"
    with reach.by_address(scene.target, scene.namespace, MODEL) as address:
        body = json.dumps({"text": "What a film!"})
        return f"curl -s http://{address}/predict -H 'Content-Type: application/json' -d '{body}'"

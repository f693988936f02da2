"""Where the stories of the demo play, and how they are followed: edits of one field, and conditions until it is done."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from demo import reach
from demo.target import Target
from local_cluster.console import ClusterError, say

MODEL = "imdb"
PATIENCE_SECONDS = 900
LOOK_SECONDS = 0.5
REVIEWS = (
    "A wonderful film: funny, moving and beautifully acted. I loved every minute.",
    "The worst film of the year: boring, predictable, and a terrible waste of two hours.",
    "Starts slowly, but the last half hour is superb and makes up for it.",
)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a story plays."""

    target: Target
    namespace: str
    way: reach.Way
    """How its predictions are asked for."""

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """kubectl in the namespace."""
        return self.target.kubectl("-n", self.namespace, *arguments, stdin=stdin)


def patch(scene: Scene, spec: dict[str, Any]) -> None:
    """Edit the model, as a person would."""
    change = json.dumps({"spec": spec})
    say(f"  $ kubectl -n {scene.namespace} patch smod {MODEL} --type merge -p '{change}'")
    scene.kubectl("patch", "smod", MODEL, "--type", "merge", "-p", change)


def follow(scene: Scene, is_done: Callable[[dict[str, Any]], bool], what: str) -> None:
    """Tell what the conditions tell until it is done. Raises ClusterError where that takes too long."""
    began, told = time.monotonic(), ""
    while True:
        model = json.loads(scene.kubectl("get", "smod", MODEL, "-o", "json"))
        version = model["spec"].get("version", "")
        if is_done(model):
            say(f"  ✓ version {version} {what} ({time.monotonic() - began:.1f} s)")
            return
        conditions = {entry["type"]: entry for entry in model.get("status", {}).get("conditions", [])}
        ready = conditions.get("Ready", {})
        now = f"{ready.get('reason', 'Pending')}: {ready.get('message', 'the operator has not looked yet')}"
        if now != told:
            say(f"  {time.monotonic() - began:5.1f} s  {now}")
            told = now
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise ClusterError(
                f"version {version}: after {PATIENCE_SECONDS} s still {now}\n"
                f"Next: kubectl -n {scene.namespace} describe smod {MODEL} says more; the same command waits on"
            )
        time.sleep(LOOK_SECONDS)


def is_served(model: dict[str, Any], version: str) -> bool:
    """Whether the version has all traffic."""
    status: dict[str, Any] = model.get("status", {})
    return holds(model, "Ready") and status.get("servingVersion") == version


def dead_end(model: dict[str, Any]) -> str | None:
    """Why the model does not go on without a person, None where it does."""
    stalled = condition(model, "Stalled")
    return f"{stalled['reason']}: {stalled['message']}" if holds(model, "Stalled") else None


def holds(model: dict[str, Any], kind: str) -> bool:
    """Whether the condition is True of what the spec says now."""
    current = model.get("status", {}).get("observedGeneration") == model["metadata"]["generation"]
    return current and condition(model, kind).get("status") == "True"


def condition(model: dict[str, Any], kind: str) -> dict[str, Any]:
    """The condition of that type, empty without one."""
    none: dict[str, Any] = {}
    conditions: list[dict[str, Any]] = model.get("status", {}).get("conditions", [])
    return next((entry for entry in conditions if entry["type"] == kind), none)

"""The second story of the demo: a bad version is refused, a good one is approved and takes over as a canary.

Told again, its versions are known: the bad one stays refused, the good one serves at once.
"""

import json
import os
import subprocess
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from demo import reach
from demo.scene import MODEL, REVIEWS, Scene, condition, dead_end, follow, holds, is_served, patch
from local_cluster.commands import administrator
from local_cluster.console import ClusterError, say

SKIP = "STORY"
GATE = {"name": "no-worse", "metric": "accuracy", "compareWith": "Serving", "maxDecrease": "0.01"}
BAD, GOOD = "hasty", "3"
WEIGHT, STEP_SECONDS, REQUESTS = 50, 5, 100
CALLERS, PAUSE_SECONDS = 2, 0.05


def is_wanted() -> bool:
    """Whether it is told: not with STORY=short."""
    return os.environ.get(SKIP, "") != "short"


def tell(scene: Scene) -> None:
    """Both chapters. Version 1 has to serve."""
    say("\n== A bad version: few words, and a gate that asks for no worse than what serves")
    patch(scene, {"gates": [GATE], "version": BAD, "training": {"parameters": {"maxFeatures": 20}}})
    follow(scene, _is_refused, "is refused")
    say("\n== A good version: people agree to it, and it takes over half of the requests first")
    training = {"parameters": {"maxFeatures": None, "seed": 7}}
    promotion = {"approval": {"policy": "Manual"}}
    patch(scene, {"version": GOOD, "training": training, "promotion": promotion, "rollout": _canary(scene)})
    follow(scene, lambda model: _is_asked_for(model) or is_served(model, GOOD), "waits for a person, or is known")
    with _requests(scene):
        _approve(scene)
        follow(scene, lambda model: is_served(model, GOOD), "has all traffic")


def undone() -> dict[str, Any]:
    """The spec without what this story asks for, so that the first one can be told again."""
    return {"gates": None, "promotion": None, "rollout": None, "training": None}


def _canary(scene: Scene) -> dict[str, Any]:
    step: dict[str, Any] = {"weightPercent": WEIGHT, "pauseSeconds": STEP_SECONDS}
    if not scene.target.is_local:
        # A forwarded port leads to one pod only: the candidate may get no request at all.
        return {"strategy": "Canary", "steps": [step]}
    analysis = {"maxErrorPercent": 1, "maxDisagreementPercent": 20, "minSamples": REQUESTS}
    return {"strategy": "Canary", "steps": [{**step, "minRequests": REQUESTS}], "analysis": analysis}


def _is_refused(model: dict[str, Any]) -> bool:
    if (why := dead_end(model)) is not None:
        say(f"  {why}")
    return why is not None


def _is_asked_for(model: dict[str, Any]) -> bool:
    return holds(model, "AwaitingApproval")


def _approve(scene: Scene) -> None:
    """Type what the message says to type, as whoever holds the kubeconfig."""
    model = json.loads(scene.kubectl("get", "smod", MODEL, "-o", "json"))
    message: str = condition(model, "AwaitingApproval").get("message", "")
    _, _, command = message.partition("Next: ")
    if not holds(model, "AwaitingApproval") or not command:
        return
    say(f"  $ {command}")
    program = " ".join(f"'{word}'" for word in scene.target.command())
    done = subprocess.run(
        ["bash", "-c", f'kubectl() {{ {program} "$@"; }}; {command}'],
        env=administrator(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ClusterError(f"the approval was not taken: {done.stderr.strip()[-500:]}")


@contextmanager
def _requests(scene: Scene) -> Generator[None]:
    """Users, as long as the context is open: a few requests a second over fresh connections."""
    stop = threading.Event()
    with scene.way(scene.target, scene.namespace, MODEL) as address:
        callers = [threading.Thread(target=_ask, args=(address, number, stop)) for number in range(CALLERS)]
        for caller in callers:
            caller.start()
        try:
            yield
        finally:
            stop.set()
            for caller in callers:
                caller.join()


def _ask(address: str, number: int, stop: threading.Event) -> None:
    while not stop.wait(PAUSE_SECONDS):
        reach.predict(address, REVIEWS[(number + int(time.monotonic())) % len(REVIEWS)])

"""`make bench-ready`: from an edit to a right answer, on a real cluster of its own, beside a tutorial's pod.

Images are on the node and both versions are known to MLflow. A cold apply is of a model that is not there; a switch, of one
that serves under load. Ours and the tutorial's take turns. DATA=<csv or parquet> takes real reviews; PARTS=cold or
PARTS=switch measures one of the two; KEEP=1 leaves the cluster. Others may be at work on this machine: medians are told,
and the worst.
"""

import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict

from bench.ready.measure import OURS, PEER, Cold, Switch, cold, cold_tutorial, switch, switch_tutorial
from bench.ready.pictures import draw_cold, draw_switches
from bench.ready.scene import MODEL, Scene
from bench.ready.tutorial import NAME
from bench.ready.witness import Witness
from bench.results import RESULTS, keep
from sentiment_trainer.drawing import save

COLD, COLD_TUTORIAL, SWITCHES, SWITCHES_TUTORIAL = 20, 5, 10, 4


def main() -> int:
    """Bring the cluster up, measure, tell, take it down."""
    parts = os.environ.get("PARTS", "cold,switch").split(",")
    scene = Scene()
    try:
        scene.prepare()
        with Witness(scene.target) as witness:
            if "cold" in parts:
                _tell_cold(_cold(scene, witness))
            if "switch" in parts:
                _tell_switches(_switches(scene, witness))
    finally:
        if os.environ.get("KEEP", "") in ("", "0"):
            scene.down()
    return 0


def _cold(scene: Scene, witness: Witness) -> list[Cold]:
    found: list[Cold] = []
    for turn in range(COLD):
        found.append(cold(scene, witness))
        scene.remove("smod", MODEL)
        if turn < COLD_TUTORIAL:
            found.append(cold_tutorial(scene, witness))
            scene.remove("deployment", NAME)
        print(f"{turn + 1} of {COLD}: {found[-1].who} {found[-1].answered:.2f} s", file=sys.stderr, flush=True)
    return found


def _switches(scene: Scene, witness: Witness) -> list[Switch]:
    """One of the two serves at a time."""
    cold(scene, witness)
    ours = [switch(scene, witness, version) for version in _to_and_fro(SWITCHES)]
    scene.remove("smod", MODEL)
    cold_tutorial(scene, witness)
    peers = [switch_tutorial(scene, witness, version) for version in _to_and_fro(SWITCHES_TUTORIAL)]
    scene.remove("deployment", NAME)
    return [*ours, *peers]


def _to_and_fro(times: int) -> list[str]:
    """The versions to go to, from version 1 on."""
    return ["21"[turn % 2] for turn in range(times)]


def _tell_cold(found: Sequence[Cold]) -> None:
    print(f"{'cold apply':26}{'p50 s':>8}{'worst s':>9}{'of':>4}")
    for who in (OURS, PEER):
        own = [one for one in found if one.who == who]
        answered = [one.answered for one in own]
        print(f"{who:26}{statistics.median(answered):8.2f}{max(answered):9.2f}{len(own):4}")
        for name in own[0].steps():
            seconds = [one.steps().get(name, 0.0) for one in own]
            print(f"  {name:24}{statistics.median(seconds):8.2f}{max(seconds):9.2f}")
        seconds = [one.cpu_seconds for one in own]
        print(f"  {'processor of the pod':24}{statistics.median(seconds):8.2f}{max(seconds):9.2f}")
    ready = [one.reached["Ready"] for one in found if one.who == OURS]
    print(f"{'Ready, as its status says':26}{statistics.median(ready):8.2f}{max(ready):9.2f}{len(ready):4}")
    keep("ready-cold", [asdict(one) for one in found])
    save(draw_cold(found), RESULTS / "ready-cold.png")
    print(RESULTS / "ready-cold.png")


def _tell_switches(found: Sequence[Switch]) -> None:
    print(
        f"{'switch of versions':26}{'of':>4}{'first answer s':>18}{'last old answer s':>19}{'ready s':>16}{'failed':>18}"
    )
    for who, back in ((OURS, False), (OURS, True), (PEER, False), (PEER, True)):
        own = [one for one in found if (one.who, one.back) == (who, back)]
        columns = ([one.first_answer for one in own], [one.last_old_answer for one in own], [one.ready for one in own])
        told = "".join(f"{statistics.median(values):9.2f} ≤{max(values):6.2f}" for values in columns)
        failed = f"{sum(one.failed for one in own)} of {sum(one.requests for one in own):,}"
        print(f"{who + (', back' if back else ''):26}{len(own):4}{told}{failed:>18}")
    keep("ready-switch", [asdict(one) for one in found])
    save(draw_switches(found), RESULTS / "ready-switch.png")
    print(RESULTS / "ready-switch.png")


if __name__ == "__main__":
    sys.exit(main())

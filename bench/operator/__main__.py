"""`make bench-operator`: our operator beside the usual one, with many models on a real control plane of KWOK nodes.

SIZES=<numbers, with commas> takes other numbers of models; PEERS=ours or usual only one of the two.
"""

import asyncio
import os
import signal
import sys
from dataclasses import asdict

from bench.operator.cell import measured, say
from bench.operator.figures import Cell
from bench.operator.peers import OURS, ours, usual
from bench.operator.plane import QPS
from bench.operator.plot import plot
from bench.operator.stand_in import LATENCY_SECONDS
from bench.operator.table import lines
from bench.results import RESULTS, keep
from sentiment_trainer.drawing import save

_SIZES = (20,)
_WITH_AUTOSCALER = 1000
"""So many models at most have an autoscaler."""
_CONDITIONS = f"""\
etcd, kube-apiserver, kube-controller-manager and kube-scheduler are real; nodes, pods and their readiness are KWOK's.
Controllers and scheduler may send {QPS:,} requests a second (by default 20 and 50). No controller acts on autoscalers.
A stand-in for MLflow and for what answers behind the Services takes {LATENCY_SECONDS * 1000:.0f} ms. Ours has no setting that
leaves out its question to the Service, and asks it there; the usual operator asks none.
"""


def main() -> int:
    """Every size, each operator in turn."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Whatever was started is ended then, too.
    sizes = tuple(map(int, given.split(","))) if (given := os.environ.get("SIZES")) else _SIZES
    asked = os.environ.get("PEERS", "ours,usual").split(",")
    cells: list[Cell] = []
    say(_CONDITIONS)
    for size in sizes:
        for peer in (ours(autoscaled=size <= _WITH_AUTOSCALER), usual(autoscaled=size <= _WITH_AUTOSCALER)):
            if ("ours" if peer.is_ours else "usual") in asked:
                say(f"{peer.name}, {size} models")
                cells.append(asyncio.run(measured(peer, size)))
    for size in sizes:
        print("\n".join(lines([cell for cell in cells if cell.models == size], OURS)), flush=True)
    keep("operator", [asdict(cell) for cell in cells])
    save(plot(cells), RESULTS / "operator.png")
    print(RESULTS / "operator.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())

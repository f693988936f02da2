"""`make bench-operator`: our operator beside the usual one, with many models on a real control plane of KWOK nodes.

SIZES=<numbers, with commas> takes other numbers of models, PEERS=ours or usual only one of the two, and TRAINED=<numbers> also
measures ours with models that have to be trained first.
"""

import asyncio
import os
import signal
import sys
from dataclasses import asdict

from bench.operator.cell import measured, say
from bench.operator.figures import Cell
from bench.operator.peers import OURS, Peer, ours, usual
from bench.operator.plane import QPS
from bench.operator.plot import plot
from bench.operator.stand_in import LATENCY_SECONDS
from bench.operator.table import lines
from bench.results import RESULTS, keep
from local_cluster.console import ClusterError
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
    sizes, trained = _numbers("SIZES", _SIZES), _numbers("TRAINED", ())
    asked = os.environ.get("PEERS", "ours,usual").split(",")
    cells: list[Cell] = []
    say(_CONDITIONS)
    for size in sizes:
        peers = (ours(autoscaled=size <= _WITH_AUTOSCALER), usual(autoscaled=size <= _WITH_AUTOSCALER))
        own = [asyncio.run(measured(peer, size)) for peer in peers if _called(peer) in asked]
        print("\n".join([*lines(own, OURS), ""]), flush=True)
        cells += own
    for size in trained:
        own = [asyncio.run(measured(ours(autoscaled=True), size, trained=True))]
        print("\n".join([*lines(own, OURS), ""]), flush=True)
        cells += own
    keep("operator", [asdict(cell) for cell in cells])
    save(plot([cell for cell in cells if not cell.trained]), RESULTS / "operator.png")
    print(RESULTS / "operator.png")
    return 0


def _numbers(variable: str, default: tuple[int, ...]) -> tuple[int, ...]:
    given = os.environ.get(variable)
    return default if given is None else tuple(map(int, filter(None, given.split(","))))


def _called(peer: Peer) -> str:
    return "ours" if peer.is_ours else "usual"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ClusterError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: what was started has ended")

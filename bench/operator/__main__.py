"""`make bench-operator`: our operator beside the usual one, with many models on a real control plane of KWOK nodes.

MODELS=<numbers, with commas> takes other numbers of models, PEERS=ours or usual only one of the two, and TRAINED=<numbers> also
measures ours with models that have to be trained first. The most of the models are then shared by several replicas, each of
which has its shard: SHARDS=<numbers> says how many. An empty value leaves out what it names.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict

from bench.operator.cell import measured, say
from bench.operator.figures import Cell
from bench.operator.peers import OURS, Peer, ours, usual
from bench.operator.plane import QPS
from bench.operator.plot import plot
from bench.operator.shards import Divided, divided
from bench.operator.stand_in import LATENCY_SECONDS
from bench.operator.table import lines
from bench.results import RESULTS, keep
from local_cluster.console import ClusterError
from sentiment_trainer.drawing import save

_MODELS, _SHARDS = (100,), (1, 2, 4)
_WITH_AUTOSCALER = 1000
"""So many models at most have an autoscaler."""
_CONDITIONS = f"""\
etcd, kube-apiserver, kube-controller-manager and kube-scheduler are real; nodes, pods and their readiness are KWOK's.
Controllers and scheduler may send {QPS:,} requests a second (by default 20 and 50). No controller acts on autoscalers.
A stand-in for MLflow and for what answers behind the Services takes {LATENCY_SECONDS * 1000:.0f} ms. Ours has no setting that
leaves out its question to the Service, and asks it there; the usual operator asks none.
With TRAINED, ours waits two to three seconds for further edits before it trains.
"""


def main() -> int:
    """Every size, each operator in turn."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Whatever was started is ended then, too.
    sizes, trained = _numbers("MODELS", _MODELS), _numbers("TRAINED", ())
    asked, replicas = os.environ.get("PEERS", "ours,usual").split(","), _numbers("SHARDS", _SHARDS)
    cells: list[Cell] = []
    say(_CONDITIONS)
    try:
        for size in sizes:
            peers = [ours(autoscaled=size <= _WITH_AUTOSCALER), usual(autoscaled=size <= _WITH_AUTOSCALER)]
            cells += _measured([peer for peer in peers if _called(peer) in asked], size)
        for size in trained:
            cells += _measured([ours(autoscaled=size <= _WITH_AUTOSCALER)], size, trained=True)
    finally:
        _keep(cells)
    _divide(max(sizes), replicas)
    return 0


def _measured(peers: Sequence[Peer], size: int, *, trained: bool = False) -> list[Cell]:
    """In turn, and as a table."""
    cells = [asyncio.run(measured(peer, size, trained=trained)) for peer in peers]
    if cells:
        print("\n".join([*lines(cells, OURS), ""]), flush=True)
    return cells


def _divide(size: int, replicas: Sequence[int]) -> None:
    """The models with every number of replicas; what was measured is kept also before something goes wrong."""
    peer, found = ours(autoscaled=size <= _WITH_AUTOSCALER), list[Divided]()
    try:
        found.extend(asyncio.run(divided(peer, size, count)) for count in replicas)
    finally:
        if found:
            keep("shards", [asdict(one) for one in found])


def _keep(cells: Sequence[Cell]) -> None:
    """Also what was measured before something went wrong."""
    if cells:
        keep("operator", [asdict(cell) for cell in cells])
    if compared := [cell for cell in cells if not cell.trained]:
        save(plot(compared), RESULTS / "operator.png")
        print(RESULTS / "operator.png")


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

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
from bench.operator.peers import ours, usual
from bench.results import keep

_SIZES = (20,)
_WITH_AUTOSCALER = 1000


def main() -> int:
    """Every size, each operator in turn."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Whatever was started is ended then, too.
    sizes = tuple(map(int, given.split(","))) if (given := os.environ.get("SIZES")) else _SIZES
    asked = os.environ.get("PEERS", "ours,usual").split(",")
    cells: list[Cell] = []
    for size in sizes:
        for peer in (ours(autoscaled=size <= _WITH_AUTOSCALER), usual(autoscaled=size <= _WITH_AUTOSCALER)):
            if ("ours" if peer.is_ours else "usual") in asked:
                say(f"{peer.name}, {size} models")
                cells.append(asyncio.run(measured(peer, size)))
    keep("operator", [asdict(cell) for cell in cells])
    return 0


if __name__ == "__main__":
    sys.exit(main())

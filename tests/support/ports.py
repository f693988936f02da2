"""Ports for servers that tests start, from below the range that the system hands out by itself.

A port that was found free by asking the system for one may be handed out again before the server takes it.
"""

import itertools
import os
import random
import socket
from collections.abc import Iterator

PORTS = range(20_000, 30_000)


def of_worker(name: str, workers: int) -> Iterator[int]:
    """Each port of the worker's own share in turn, for ever: nobody else is about to take one that was just found free."""
    share = PORTS[int(name.removeprefix("gw")) :: workers]
    begin = random.randrange(len(share))
    return itertools.cycle([*share[begin:], *share[:begin]])


_turn = of_worker(os.environ.get("PYTEST_XDIST_WORKER", "gw0"), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def free_port() -> int:
    """A port that nobody listens on, at whatever address."""
    while True:
        port = next(_turn)
        with socket.socket(socket.AF_INET) as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port

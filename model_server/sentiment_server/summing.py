"""The figures of several processes as those of one server.

Each worker keeps ordinary figures of its own and tells them over a socket to the process that serves `/metrics`. Whoever
reads them there, the operator's analysis of a rollout above all, never sees one worker's share taken for the whole.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

_ASK = b"?"
_LENGTH = struct.Struct("<I")
_TIMEOUT_SECONDS = 1.5
"""Less than the two seconds after which the operator gives a pod up."""
_SUMMED = {"process_resident_memory_bytes", "process_virtual_memory_bytes", "process_open_fds"}
"""Gauges that add up. Of all others the least is told: a server is ready when all of its processes are."""

_Key = tuple[str, tuple[tuple[str, str], ...]]


def tell_figures(registry: CollectorRegistry, asked: socket.socket, orphaned: Callable[[], None]) -> None:
    """Answers whoever asks, from a thread of its own, until the other end is gone."""

    def answer() -> None:
        with suppress(OSError):
            while asked.recv(1):
                text = generate_latest(registry)
                asked.sendall(_LENGTH.pack(len(text)) + text)
        orphaned()

    threading.Thread(target=answer, name="figures", daemon=True).start()


class SummedFigures(Collector):
    """Asks every worker each time that it is read. Raises OSError when one does not answer: a part is no whole."""

    def __init__(self, workers: Sequence[socket.socket]) -> None:
        self._workers = workers
        self._lock = threading.Lock()
        for worker in workers:
            worker.settimeout(_TIMEOUT_SECONDS)

    def collect(self) -> Iterator[Metric]:
        """All families, in the order of the first worker."""
        with self._lock:
            for worker in self._workers:
                worker.sendall(_ASK)
            return iter(summed([_received(worker) for worker in self._workers]))


def summed(expositions: Sequence[str]) -> list[Metric]:
    """One family for each name, with the samples of all."""
    families: dict[str, list[Metric]] = {}
    for exposition in expositions:
        for family in text_string_to_metric_families(exposition):
            families.setdefault(family.name, []).append(family)
    return [_one(same) for same in families.values()]


def _one(families: Sequence[Metric]) -> Metric:
    first = families[0]
    adds = first.type in ("counter", "histogram") or first.name in _SUMMED
    values: dict[_Key, list[float]] = {}
    for family in families:
        for sample in family.samples:
            values.setdefault((sample.name, tuple(sample.labels.items())), []).append(sample.value)
    one = Metric(first.name, first.documentation, first.type)
    one.samples = [
        Sample(name, dict(labels), sum(found) if adds else min(found)) for (name, labels), found in values.items()
    ]
    return one


def _received(worker: socket.socket) -> str:
    (length,) = _LENGTH.unpack(_exactly(worker, _LENGTH.size))
    return _exactly(worker, length).decode()


def _exactly(worker: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        piece = worker.recv(count - len(received))
        if not piece:
            raise ConnectionError("a worker has ended")
        received += piece
    return received

"""A server that can be started, asked and measured: a fresh start, its answers checked, then each load in turn.

It must not know which server it is.
"""

import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.server.figures import Figures, HalfLoad, Start, quantile
from bench.server.open_loop import open_loop
from bench.server.processes import Tree
from bench.server.wire import PLAIN, Wire
from tests.support.load import load, request
from tests.support.ports import free_port

BATCH, CHECKED = 64, 64
_START_SECONDS = 120.0
_TOLERANCE = 1e-9
_LAST_WORDS = 400


class Unfit(Exception):
    """Why a server cannot be measured: it did not come up, or answers wrongly."""


@dataclass(frozen=True)
class Cell:
    """One load: so many reviews in a request, over so many connections."""

    name: str
    size: int
    connections: int

    def requests(self, wire: Wire, texts: Sequence[str]) -> list[bytes]:
        """Every text once, ready to be sent."""
        if self.size == 1:
            asked = [wire.one(text) for text in texts]
        else:
            whole = range(0, len(texts) - self.size + 1, self.size)
            asked = [wire.many(texts[start : start + self.size]) for start in whole]
        return [request(path, json.dumps(body).encode()) for path, body in asked]


ONE, MANY = Cell("one by one", 1, 16), Cell(f"by {BATCH}", BATCH, 2)


@dataclass(frozen=True)
class Asked:
    """The reviews, and how probable scikit-learn finds it in this process that each is positive."""

    texts: Sequence[str]
    positive: Sequence[float]


@dataclass(frozen=True)
class Server:
    """How to start one: `command` is given a port. `versions` are what it is made of."""

    name: str
    command: Callable[[int], Sequence[str]]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    wire: Wire = PLAIN
    versions: Mapping[str, str] = field(default_factory=dict[str, str])

    @contextmanager
    def running(self, asked: Asked) -> Iterator[tuple[int, Tree, Start]]:
        """Port, processes, and what the start took until the first right answer. Raises Unfit."""
        port, began = free_port(), time.monotonic()
        log = self.folder / f"{self.name.replace(' ', '-').replace('/', '-')}.log"
        tree = Tree(self.command(port), self.environment, self.folder, log)
        try:
            self._await(port, tree, asked)
            start = Start(tree.cpu_seconds(), time.monotonic() - began, tree.private_mib())
            self._check(port, asked)
            yield port, tree, start
        finally:
            tree.end()

    def measure(self, asked: Asked, cells: Sequence[Cell], seconds: float) -> tuple[dict[str, Figures], Start]:
        """A fresh start, and for each load a moment to warm up. Raises Unfit, OSError."""
        with self.running(asked) as (port, tree, start):
            loads = {cell.name: self._load(port, tree, asked, cell, seconds) for cell in cells}
            private = tree.private_mib()
        return loads, replace(start, private_mib=private)

    def at_half_load(self, asked: Asked, ceiling: float, seconds: float) -> HalfLoad:
        """Requests come as a clock says, half as many as it can answer. Raises Unfit, OSError."""
        requests = ONE.requests(self.wire, asked.texts)
        with self.running(asked) as (port, _, _):
            load(port, requests, ONE.connections, seconds / 4)
            milliseconds = sorted(open_loop(port, requests, ceiling / 2, seconds))
        return HalfLoad(ceiling / 2, quantile(milliseconds, 0.5), quantile(milliseconds, 0.99), len(milliseconds))

    def _load(self, port: int, tree: Tree, asked: Asked, cell: Cell, seconds: float) -> Figures:
        requests = cell.requests(self.wire, asked.texts)
        load(port, requests, cell.connections, seconds / 4)
        cpu, began = tree.cpu_seconds(), time.monotonic()
        milliseconds = sorted(load(port, requests, cell.connections, seconds))
        passed, cpu = time.monotonic() - began, tree.cpu_seconds() - cpu
        reviews = len(milliseconds) * cell.size
        if not reviews:
            raise Unfit(f"no answer within {seconds:g} seconds")
        return Figures(cpu / reviews * 1e6, reviews / passed, quantile(milliseconds, 0.5), quantile(milliseconds, 0.99))

    def _await(self, port: int, tree: Tree, asked: Asked) -> None:
        path, body = self.wire.one(asked.texts[0])
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                found = self.wire.read_one(_ask(port, path, body))
            except (OSError, http.client.HTTPException):
                if tree.exit_code is not None:
                    raise Unfit(f"it ended with {tree.exit_code}: {_last_words(tree.log)}") from None
                if time.monotonic() > deadline:
                    raise Unfit(f"no answer within {_START_SECONDS:g} seconds: {_last_words(tree.log)}") from None
                time.sleep(0.01)
            else:
                _require(found, asked.positive[:1])
                return

    def _check(self, port: int, asked: Asked) -> None:
        for text, positive in zip(asked.texts[:CHECKED], asked.positive, strict=False):
            _require(self.wire.read_one(_ask(port, *self.wire.one(text))), [positive])
        many = self.wire.many(asked.texts[:BATCH])
        _require(self.wire.read_many(_ask(port, *many)), asked.positive[:BATCH])


def _require(found: Sequence[float], wanted: Sequence[float]) -> None:
    if len(found) != len(wanted) or any(abs(a - b) > _TOLERANCE for a, b in zip(found, wanted, strict=True)):
        raise Unfit("it answers another probability than scikit-learn")


def _ask(port: int, path: str, body: object) -> object:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.client.OK:
            raise OSError(f"status {answer.status}: {content[:200]!r}")
        return json.loads(content)
    finally:
        connection.close()


def _last_words(log: Path) -> str:
    return log.read_bytes()[-_LAST_WORDS:].decode(errors="replace").strip()

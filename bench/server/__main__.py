"""`make bench-server`: what a request costs the model server, beside FastAPI with scikit-learn on the same model.

Three servers, each alone on one core while the load comes from another: the direct way, FastAPI's routes, and the
hand-written application of tutorial.py. They take turns, so that a machine that is slow for a while is slow for all. The
figure to compare is requests for each second of the processor: others may be at work on this machine.
DATA=<csv or parquet> takes real reviews, PRESET=<name> another preset.
"""

import http.client
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from sklearn.pipeline import make_pipeline

from bench.results import keep
from bench.reviews import reviews_of
from sentiment_contract.recipe import Parameters, Preset, effective_parameters
from sentiment_trainer.learn.export import export
from sentiment_trainer.learn.fit import FittedModel, fit
from tests.support.load import load, request
from tests.support.ports import free_port

ROUNDS, SECONDS, REVIEWS, BATCH = 3, 2.0, 1_000, 64
PEER = "FastAPI + scikit-learn"
_CORES = sorted(os.sched_getaffinity(0))
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cell:
    """One load: so many reviews in a request, over so many connections."""

    name: str
    path: str
    size: int
    connections: int

    def requests(self, texts: Sequence[str]) -> list[bytes]:
        """Every text once, ready to be sent."""
        bodies: list[dict[str, object]] = [{"text": text} for text in texts]
        if self.size > 1:
            bodies = [{"texts": texts[start : start + self.size]} for start in range(0, len(texts), self.size)]
        return [request(self.path, json.dumps(body).encode()) for body in bodies]


CELLS = (Cell("one by one", "/predict", 1, 16), Cell(f"by {BATCH}", "/predict/batch", BATCH, 2))


@dataclass(frozen=True)
class Figures:
    """Of one server under one load: `cpu_microseconds` a review; milliseconds of a request at the sender."""

    cpu_microseconds: float
    reviews_per_second: float
    median_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Start:
    """Until the first right answer, and what the process then holds for itself alone."""

    cpu_seconds: float
    seconds: float
    private_mib: float


@dataclass(frozen=True)
class Server:
    """How to start one, without its port."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]

    @contextmanager
    def running(self) -> Iterator[tuple[int, int, Start]]:
        """Port, process, and what the start took."""
        port, began = free_port(), time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", *self.command, "--host", "127.0.0.1", "--port", str(port)],
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.sched_setaffinity(process.pid, {_CORES[0]})
        try:
            while not _answers(port):
                if process.poll() is not None:
                    raise SystemExit(f"{self.name} ended with exit code {process.returncode}")
                time.sleep(0.005)
            yield port, process.pid, Start(_cpu_seconds(process.pid), time.monotonic() - began, _private(process.pid))
        finally:
            process.kill()
            process.wait()

    def measure(self, cell: Cell, requests: Sequence[bytes]) -> tuple[Figures, Start]:
        """A fresh start, a moment to warm up, then the load."""
        with self.running() as (port, pid, start):
            load(port, requests, cell.connections, SECONDS / 4)
            cpu, began = _cpu_seconds(pid), time.monotonic()
            milliseconds = sorted(load(port, requests, cell.connections, SECONDS))
            seconds, cpu = time.monotonic() - began, _cpu_seconds(pid) - cpu
        replies = len(milliseconds)
        reviews = replies * cell.size
        slow = milliseconds[int(replies * 0.99)]
        return Figures(cpu / reviews * 1e6, reviews / seconds, milliseconds[replies // 2], slow), start


def main() -> int:
    """Train once, then load each server in turn."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reviews = reviews_of(folder)
        print(f"fit on {len(reviews):,} reviews …", flush=True)
        preset = Preset(os.environ.get("PRESET", Preset.DEFAULT))
        model = fit(reviews, effective_parameters(preset, Parameters()), "the reviews")
        artifact = folder / "model.rpm1"
        export(model, artifact)
        length = sum(map(len, reviews.texts)) / len(reviews)
        print(f"{len(model.terms):,} terms, {length:,.0f} characters a review, one core for the server", flush=True)
        os.sched_setaffinity(0, {_CORES[-1]})
        _tell(*_measure(_servers(artifact, _pickled(model, folder)), reviews.texts[:REVIEWS]))
    return 0


def _servers(artifact: Path, pipeline: Path) -> tuple[Server, ...]:
    ours = ("sentiment_server", "--artifact", str(artifact), "--metrics-port", str(free_port()))
    return (
        Server(PEER, ("uvicorn", "bench.server.tutorial:app"), {"BENCH_PIPELINE": str(pipeline)}),
        Server("FastAPI's routes", ours, {"SENTIMENT_DIRECT": "false"}),
        Server("the direct way", ours, {"SENTIMENT_DIRECT": "true"}),
    )


def _pickled(model: FittedModel, folder: Path) -> Path:
    path = folder / "pipeline.pickle"
    path.write_bytes(pickle.dumps(make_pipeline(model.vectorizer, model.classifier)))
    return path


_Row = TypeVar("_Row", Figures, Start)
_Measured = dict[str, dict[str, Figures]]


def _measure(servers: Sequence[Server], texts: Sequence[str]) -> tuple[_Measured, dict[str, Start]]:
    """The median of all rounds, by load and server."""
    starts: dict[str, list[Start]] = {server.name: [] for server in servers}
    loads: dict[str, dict[str, list[Figures]]] = {cell.name: {s.name: [] for s in servers} for cell in CELLS}
    for _ in range(ROUNDS):
        for cell in CELLS:
            requests = cell.requests(texts)
            for server in servers:
                figures, start = server.measure(cell, requests)
                loads[cell.name][server.name].append(figures)
                starts[server.name].append(start)
    measured = {cell: {name: _median(Figures, of) for name, of in by.items()} for cell, by in loads.items()}
    return measured, {name: _median(Start, of) for name, of in starts.items()}


def _median(kind: type[_Row], rows: Sequence[_Row]) -> _Row:
    return kind(*(statistics.median(column) for column in zip(*(asdict(row).values() for row in rows), strict=True)))


def _tell(measured: _Measured, starts: Mapping[str, Start]) -> None:
    print(f"{'server':24}{'reviews':12}{'µs CPU each':>12}{'each s':>9}{'p50 ms':>8}{'p99 ms':>8}{'× peer':>8}")
    for cell, by in measured.items():
        for name, figures in by.items():
            ratio = by[PEER].cpu_microseconds / figures.cpu_microseconds
            print(
                f"{name:24}{cell:12}{figures.cpu_microseconds:12.1f}{figures.reviews_per_second:9,.0f}"
                f"{figures.median_ms:8.2f}{figures.p99_ms:8.2f}{ratio:8.1f}"
            )
    print(f"{'server':24}{'start: s CPU':>12}{'s':>7}{'private MiB':>13}")
    for name, start in starts.items():
        print(f"{name:24}{start.cpu_seconds:12.2f}{start.seconds:7.2f}{start.private_mib:13.1f}")
    told = {
        "loads": {cell: {name: asdict(figures) for name, figures in by.items()} for cell, by in measured.items()},
        "starts": {name: asdict(start) for name, start in starts.items()},
    }
    keep("server", told)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", "/predict", b'{"text": "a wonderful film"}', {"Content-Type": "application/json"})
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _cpu_seconds(pid: int) -> float:
    """User and system time, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _private(pid: int) -> float:
    """Mebibytes that no other process shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


if __name__ == "__main__":
    sys.exit(main())

"""`make bench-server`: what a request costs the model server, beside what others serve a scikit-learn model with.

Every server has the same model, is asked the same reviews, and is alone on one core, with all of its processes, while the load
comes from another. They take turns, so that a machine that is slow for a while is slow for all. The figure to compare
is reviews for each second of the processor: others may be at work on this machine. Each start is asked about reviews of which
scikit-learn's own answers are known before anything is timed. A peer that cannot be had is named, with the reason.
DATA=<csv or parquet> takes real reviews, PRESET=<name> another preset, PEERS= (empty) leaves out what has to be downloaded,
ROUNDS=<number> how often each is started.
"""

import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from bench.reviews import reviews_of
from bench.server.figures import OURS, PEER, Figures, HalfLoad, Start, median_of
from bench.server.inprocess import SIZES, InProcess, in_process
from bench.server.peers.catalogue import PEERS
from bench.server.peers.environments import Unavailable
from bench.server.prepared import Prepared, forest, linear, sides
from bench.server.processes import CORES
from bench.server.servers import MANY, ONE, Asked, Cell, Server, Unfit
from bench.server.told import Told, tell
from sentiment_contract.parameters import Preset
from tests.support.ports import free_port

SECONDS = 2.0
_FASTAPI = "FastAPI's routes"
_OURS_TOLD = ("fastapi", "starlette", "uvicorn", "uvloop", "httptools", "pydantic", "scikit-learn", "numpy")


def main() -> int:
    """Fit once, then load each server in turn."""
    rounds = int(os.environ.get("ROUNDS", "3"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        learnt, texts = sides(reviews_of(folder))
        print(f"fit on {len(learnt):,} reviews …", flush=True)
        model = linear(learnt, texts, Preset(os.environ.get("PRESET", Preset.DEFAULT)), folder)
        trees = forest(learnt, texts, folder)
        os.sched_setaffinity(0, {CORES[-1]})
        tell(_measured(model, trees, folder, rounds))
    return 0


def _measured(model: Prepared, trees: Prepared, folder: Path, rounds: int) -> Told:
    peers, missing = _peers(model.pickled, folder)
    servers = (*_own(model, folder), *peers)
    runs = _Runs(missing=missing)
    for number in range(rounds):
        print(f"round {number + 1} of {rounds} …", flush=True)
        runs.each(servers, model.asked, (ONE, MANY))
    forests = _Runs()
    forests.each([server for server in _own(trees, folder) if server.name != _FASTAPI], trees.asked, (ONE,))
    loads, starts = runs.medians()
    half = {
        server.name: median_of(HalfLoad, _half_loads(server, model.asked, loads[ONE.name][server.name], rounds))
        for server in servers
        if server.name in (OURS, PEER)
    }
    return Told(
        terms=model.terms,
        characters=sum(map(len, model.asked.texts)) / len(model.asked.texts),
        loads=loads,
        starts=starts,
        half=half,
        in_process=_alone(model, 512),
        forest=forests.medians()[0][ONE.name],
        forest_in_process=_alone(trees, 128),
        versions={server.name: dict(server.versions) for server in servers},
        missing=runs.missing,
    )


def _half_loads(server: Server, asked: Asked, found: Figures, rounds: int) -> Iterable[HalfLoad]:
    return [server.at_half_load(asked, found.reviews_per_second, SECONDS * 2) for _ in range(rounds)]


def _alone(prepared: Prepared, reviews: int) -> dict[str, InProcess]:
    return {name: in_process(prepared, size, reviews) for name, size in SIZES.items()}


def _peers(pipeline: Path, folder: Path) -> tuple[list[Server], dict[str, str]]:
    """Those that can be had; and the reasons of the others."""
    servers, missing = list[Server](), dict[str, str]()
    for peer in PEERS if os.environ.get("PEERS", "all") else ():
        print(f"{peer.name} …", flush=True)
        try:
            servers.append(peer.server(pipeline, folder))
        except Unavailable as error:
            missing[peer.name] = str(error)
    return servers, missing


def _own(prepared: Prepared, folder: Path) -> tuple[Server, ...]:
    """The hand-written application, and the model server by both ways to an answer."""
    here = [str(Path(part).resolve()) for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    path = {"PYTHONPATH": os.pathsep.join(here)}
    told = {name: version(name) for name in _OURS_TOLD}

    def command(*words: str):
        return lambda port: (sys.executable, "-m", *words, "--host", "127.0.0.1", "--port", str(port))

    tutorial = command("uvicorn", "bench.server.tutorial:app")
    ours = command("sentiment_server", "--artifact", str(prepared.artifact), "--metrics-port", str(free_port()))
    return (
        Server(PEER, tutorial, folder, path | {"BENCH_PIPELINE": str(prepared.pickled)}, versions=told),
        Server(_FASTAPI, ours, folder, path | {"SENTIMENT_DIRECT": "false"}, versions=told),
        Server(OURS, ours, folder, path | {"SENTIMENT_DIRECT": "true"}, versions=told),
    )


@dataclass
class _Runs:
    """All rounds of all servers. One that fails once is not asked again."""

    missing: dict[str, str] = field(default_factory=dict[str, str])
    loads: dict[str, dict[str, list[Figures]]] = field(default_factory=dict[str, dict[str, list[Figures]]])
    starts: dict[str, list[Start]] = field(default_factory=dict[str, list[Start]])

    def each(self, servers: Sequence[Server], asked: Asked, cells: Sequence[Cell]) -> None:
        """One round."""
        for server in servers:
            if server.name in self.missing:
                continue
            try:
                found, start = server.measure(asked, cells, SECONDS)
            except (Unfit, OSError) as error:
                self.missing[server.name] = str(error)
                continue
            told = ", ".join(f"{cell} {figures.cpu_microseconds:.1f}" for cell, figures in found.items())
            print(
                f"  {server.name}, µs CPU a review: {told}", flush=True
            )  # else a run that is cut off would tell nothing
            self.starts.setdefault(server.name, []).append(start)
            for cell, figures in found.items():
                self.loads.setdefault(cell, {}).setdefault(server.name, []).append(figures)

    def medians(self) -> tuple[Mapping[str, Mapping[str, Figures]], Mapping[str, Start]]:
        """By load and server; of the servers that did not fail."""
        loads = {
            cell: {name: median_of(Figures, of) for name, of in by.items() if name not in self.missing}
            for cell, by in self.loads.items()
        }
        return loads, {name: median_of(Start, of) for name, of in self.starts.items() if name not in self.missing}


if __name__ == "__main__":
    sys.exit(main())

"""What is there while one operator is measured: control plane, stand-in, watches and the operator itself; and its end."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.operator.api import Api
from bench.operator.peers import RECIPE, Peer, Place
from bench.operator.plane import Plane
from bench.operator.process import Operator
from bench.operator.requests import AuditLog
from bench.operator.stand_in import StandIn
from bench.operator.world import Key, World
from bench.results import RESULTS
from sentiment_operator.api.model import SentimentModelSpec
from tests.support.ports import free_port

NAMESPACES = 8
"""By their names, two of them are in each of four shards and four in each of two."""
FIRST, SECOND, TRAINED = "1", "2", "3"
"""Versions: MLflow knows the first two of every model, the third once it was trained."""
STEP_SECONDS, SECONDS_A_MODEL = 300.0, 0.3
"""No step may take longer than these together."""
LOG = RESULTS / "operator.log"
_LOOK_SECONDS = 0.05


@dataclass(slots=True)
class Bench:
    """One operator, watched and served."""

    peer: Peer
    plane: Plane
    api: Api
    world: World
    stand_in: StandIn
    places: list[Place]
    """One for each replica."""
    audit: AuditLog
    operator: Operator
    keys: list[Key] = field(default_factory=list[Key])

    async def until(self, what: str, holds: Callable[[], bool], period: float = _LOOK_SECONDS) -> None:
        """Return when it holds; end the run if it does not within the time of a step. `period`: seconds between looks."""
        deadline = self._deadline()
        while not holds():
            self.operator.fail_if_dead()
            self.world.fail_if_blind()
            if time.monotonic() > deadline:
                raise SystemExit(f"{self.peer.name}: not in its time: {what}. Next: look at {LOG}")
            await asyncio.sleep(period)

    async def rest(self) -> float:
        """Return when the operator has nothing to do; seconds from its start until that began."""
        return await self.operator.rests(self.audit.untold, self._deadline())

    def _deadline(self) -> float:
        return time.monotonic() + STEP_SECONDS + SECONDS_A_MODEL * len(self.keys)

    def restart(self) -> None:
        """End the operator, and start it anew."""
        self.operator.end()
        self.audit.since_last()
        self.operator = Operator(self.peer, self.places, self.operator.log)


def space(number: int) -> str:
    """Namespace of the model of that number."""
    return f"unit-{number % NAMESPACES}"


@asynccontextmanager
async def opened(peer: Peer, replicas: int = 1) -> AsyncGenerator[Bench]:
    """On a control plane of its own, with a shard for each replica. Whatever was started ends with it, also after an error."""
    folder = Path(tempfile.mkdtemp(prefix="bench-operator-"))
    plane = Plane(folder)
    try:
        await asyncio.to_thread(plane.up)
        await asyncio.to_thread(_prepare, peer, plane)
        async with Api(*plane.access()) as api, _operated(peer, plane, api, replicas) as bench:
            yield bench
    finally:
        await asyncio.to_thread(plane.down)
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _operated(peer: Peer, plane: Plane, api: Api, replicas: int) -> AsyncGenerator[Bench]:
    world = World(peer)
    stand_in = StandIn(_recipe_hash(), (FIRST, SECOND), TRAINED, world)
    await stand_in.begin()
    world.begin(api)
    places = [Place(plane.kubeconfig, stand_in.url, free_port(), free_port(), replicas) for _ in range(replicas)]
    operator = Operator(peer, places, plane.folder / "operator.log")
    bench = Bench(peer, plane, api, world, stand_in, places, AuditLog(plane.audit_log), operator)
    try:
        await bench.rest()
        yield bench
    finally:
        bench.operator.end()
        RESULTS.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bench.operator.log, LOG)
        world.end()
        await stand_in.end()


def _prepare(peer: Peer, plane: Plane) -> None:
    definitions = peer.definitions()
    plane.apply(*definitions)
    for definition in definitions:
        plane.wait_for_definition(definition["metadata"]["name"])
    names = map(space, range(NAMESPACES))
    plane.apply(*[{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names])


def _recipe_hash() -> str:
    """Of the recipe that every model has."""
    return SentimentModelSpec.model_validate({"version": FIRST, **RECIPE}).recipe_hash()

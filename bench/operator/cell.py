"""Measures one operator with so many models, on a control plane of its own, step by step.

Every step has a deadline, and whatever was started is ended, also after an error.
"""

import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.operator import cost
from bench.operator.api import Api
from bench.operator.figures import Cell, latency, objects_made
from bench.operator.peers import RECIPE, Peer, Place
from bench.operator.plane import Plane
from bench.operator.process import Operator, Pulse
from bench.operator.requests import AuditLog
from bench.operator.stand_in import POISONED, StandIn
from bench.operator.world import Key, World
from bench.results import RESULTS
from sentiment_operator.api import SentimentModelSpec
from tests.support.ports import free_port

NAMESPACES = 8
FIRST, SECOND = "1", "2"
EDITED, EDITS_A_SECOND = 100, 10.0
HOT_PERIOD_SECONDS = 0.1
_AT_ONCE = 32
_QUIET_SECONDS = 20.0
_STEP_SECONDS = 420.0
_LOOK_SECONDS = 0.05


@dataclass(slots=True)
class Bench:
    """What is there while one operator is measured."""

    peer: Peer
    plane: Plane
    api: Api
    world: World
    stand_in: StandIn
    place: Place
    audit: AuditLog
    operator: Operator
    keys: list[Key] = field(default_factory=list[Key])


def recipe_hash() -> str:
    """Of the recipe that every model has."""
    return SentimentModelSpec.model_validate({"version": FIRST, **RECIPE}).recipe_hash()


async def measured(peer: Peer, size: int) -> Cell:
    """The figures of that operator with so many models."""
    folder = Path(tempfile.mkdtemp(prefix="bench-operator-"))
    plane = Plane(folder)
    try:
        await asyncio.to_thread(plane.up)
        async with _bench(peer, plane, folder) as bench:
            return await _steps(bench, size)
    finally:
        await asyncio.to_thread(plane.down)
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _bench(peer: Peer, plane: Plane, folder: Path) -> AsyncGenerator[Bench]:
    await asyncio.to_thread(_prepare, peer, plane)
    world = World(peer)
    stand_in = StandIn((FIRST, SECOND), recipe_hash(), lambda namespace, name: world.serving.get((namespace, name), ""))
    await stand_in.begin()
    place = Place(plane.kubeconfig, stand_in.url, free_port(), free_port())
    operator: Operator | None = None
    async with Api(*plane.access()) as api:
        try:
            world.begin(api)
            operator = Operator(peer, place, folder / "operator.log")
            bench = Bench(peer, plane, api, world, stand_in, place, AuditLog(plane.audit_log), operator)
            await operator.rests(time.monotonic() + _STEP_SECONDS)
            yield bench
            operator = bench.operator
        finally:
            if operator is not None:
                operator.end()
                RESULTS.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(operator.log, RESULTS / "operator.log")
            world.end()
            await stand_in.end()


def _prepare(peer: Peer, plane: Plane) -> None:
    definitions = peer.definitions()
    plane.apply(*definitions)
    for definition in definitions:
        plane.wait_for_definition(definition["metadata"]["name"])
    spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _space(at)}} for at in range(NAMESPACES)]
    plane.apply(*spaces)


def _space(number: int) -> str:
    return f"team-{number % NAMESPACES}"


async def _steps(bench: Bench, size: int) -> Cell:
    peer, world, api = bench.peer, bench.world, bench.api
    idle_before = cost.resident_mib(bench.operator.pid)
    bench.audit.since_last()
    before, plane_before = bench.operator.cpu_seconds, _plane_cpu(bench.plane)

    pulse = Pulse(bench.place)
    began = time.monotonic()
    bench.keys = [(_space(number), f"model-{number}") for number in range(size)]
    made = await _make(api, peer, bench.keys)
    await _until(bench, "every model serves", lambda: all((key, FIRST) in world.settled for key in bench.keys))
    settled = max(world.settled[key, FIRST] for key in bench.keys) - began
    await bench.operator.rests(time.monotonic() + _STEP_SECONDS)
    stall = latency(pulse.read())
    used = bench.operator.cpu_seconds - before
    plane_used = {name: seconds - plane_before[name] for name, seconds in _plane_cpu(bench.plane).items()}
    requests = bench.audit.since_last()
    asked, probed = bench.stand_in.asked, bench.stand_in.probed
    to_children = [(world.complete_at(key) or time.monotonic()) - made[key] for key in bench.keys]
    each = f"{used / size * 1000:.1f} CPU-ms and {requests.total / size:.1f} requests each"
    say(f"    {size} models serve after {settled:.1f} s, {each}")

    before = bench.operator.cpu_seconds
    await asyncio.sleep(_QUIET_SECONDS)
    quiet, quiet_used = bench.audit.since_last(), bench.operator.cpu_seconds - before
    idle = cost.resident_mib(bench.operator.pid)

    edited = random.Random(1).sample(bench.keys, min(EDITED, size))
    new = await _edit(bench, edited, SECOND)
    await bench.operator.rests(time.monotonic() + _STEP_SECONDS)
    bench.audit.since_last()
    before = bench.operator.cpu_seconds
    edits = await _edit(bench, edited, FIRST)
    await bench.operator.rests(time.monotonic() + _STEP_SECONDS)
    edit_used, edit_requests = bench.operator.cpu_seconds - before, bench.audit.since_last()
    say(
        f"    edits reach their children after {latency(edits).p50 * 1000:.0f} ms, p99 {latency(edits).p99 * 1000:.0f} ms"
    )
    peak = cost.peak_mib(bench.operator.pid)

    bench.operator.end()
    bench.audit.since_last()
    bench.operator = Operator(peer, bench.place, bench.operator.log)
    caught_up = await bench.operator.rests(time.monotonic() + _STEP_SECONDS)
    restart = bench.audit.since_last()
    say(
        f"    a restart has caught up after {caught_up.seconds:.1f} s, {caught_up.cpu_seconds:.1f} CPU-s, {restart.writes} writes"
    )

    others, hot_edits, oldest = await _beside_a_hot_and_a_poisoned_one(bench, edited)
    say(f"    beside a hot and a poisoned one: p99 {latency(others).p99 * 1000:.0f} ms")
    return Cell(
        operator=peer.name,
        models=size,
        autoscaled=peer.autoscaled,
        settled_seconds=settled,
        to_children=latency(to_children),
        requests=requests.named(),
        requests_by_verb=requests.by_verb(),
        objects=objects_made(requests.counts, size, peer.plural),
        status_writes=requests.status_writes(peer.plural),
        writes=requests.writes,
        cpu_seconds=used,
        control_plane_cpu_seconds=plane_used,
        registry_calls=asked,
        probes=probed,
        idle_before_mib=idle_before,
        idle_mib=idle,
        peak_mib=max(peak, cost.peak_mib(bench.operator.pid)),
        stall=stall,
        quiet_seconds=_QUIET_SECONDS,
        quiet_writes=quiet.writes,
        quiet_cpu_seconds=quiet_used,
        edits=len(edited),
        new_version_to_children=latency(new),
        edit_to_children=latency(edits),
        edit_cpu_seconds=edit_used,
        edit_requests=edit_requests.named(),
        restart_seconds=caught_up.seconds,
        restart_cpu_seconds=caught_up.cpu_seconds,
        restart_writes=restart.writes,
        restart_requests=restart.named(),
        others=latency(others),
        hot_edits=hot_edits,
        queue_oldest_seconds=oldest,
    )


async def _make(api: Api, peer: Peer, keys: Sequence[Key]) -> dict[Key, float]:
    """Make the models, some at once; when each was sent off."""
    sent: dict[Key, float] = {}
    turn = asyncio.Semaphore(_AT_ONCE)

    async def make(key: Key) -> None:
        async with turn:
            sent[key] = time.monotonic()
            await api.post(peer.collection(key[0]), dict(peer.model(*key, FIRST)))

    await asyncio.gather(*map(make, keys))
    return sent


async def _edit(bench: Bench, keys: Iterable[Key], version: str) -> list[float]:
    """Let them want that version, so many a second; seconds until each has the Deployment of it. Returns when all serve."""
    sent: dict[Key, float] = {}
    world = bench.world
    for key in keys:
        for moments in (world.deployed, world.settled):
            moments.pop((key, version), None)
        sent[key] = time.monotonic()
        await bench.api.merge(f"{bench.peer.collection(key[0])}/{key[1]}", {"spec": {"version": version}})
        await asyncio.sleep(1 / EDITS_A_SECOND)
    await _until(bench, "every edit has its Deployment", lambda: all((key, version) in world.deployed for key in sent))
    await _until(bench, "every edited model serves", lambda: all((key, version) in world.settled for key in sent))
    return [world.deployed[key, version] - at for key, at in sent.items()]


async def _beside_a_hot_and_a_poisoned_one(bench: Bench, keys: Sequence[Key]) -> tuple[list[float], int, float | None]:
    hot, *others = keys
    poisoned = bench.peer.model("team-0", "poisoned", FIRST, f"{bench.stand_in.url}/{POISONED}")
    await bench.api.post(bench.peer.collection("team-0"), dict(poisoned))
    counted, waits = [0], list[float]()
    beside = [asyncio.create_task(_heat(bench, hot, counted))]
    if bench.peer.is_ours:
        beside.append(asyncio.create_task(_look_at_queue(bench, waits)))
    try:
        seconds = await _edit(bench, others, SECOND)
    finally:
        for task in beside:
            task.cancel()
    return seconds, counted[0], max(waits) if waits else None


async def _heat(bench: Bench, key: Key, counted: list[int]) -> None:
    """Edit one model all the time."""
    path = f"{bench.peer.collection(key[0])}/{key[1]}"
    while True:
        for version in (SECOND, FIRST):
            await bench.api.merge(path, {"spec": {"version": version}})
            counted[0] += 1
            await asyncio.sleep(HOT_PERIOD_SECONDS)


async def _look_at_queue(bench: Bench, waits: list[float]) -> None:
    while True:
        lines = (await asyncio.to_thread(bench.operator.metrics)).splitlines()
        waits += [
            float(line.split()[1]) for line in lines if line.startswith("sentiment_operator_queue_oldest_seconds ")
        ]
        await asyncio.sleep(0.5)


def _plane_cpu(plane: Plane) -> dict[str, float]:
    return {name: cost.cpu_seconds(pid) for name, pid in plane.pids().items()}


async def _until(bench: Bench, what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _STEP_SECONDS
    while not holds():
        bench.operator.fail_if_dead()
        bench.world.fail_if_blind()
        if time.monotonic() > deadline:
            kept = RESULTS / "operator.log"
            raise SystemExit(f"{bench.peer.name}: not after {_STEP_SECONDS:.0f} s: {what}. Next: look at {kept}")
        await asyncio.sleep(_LOOK_SECONDS)


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, flush=True)

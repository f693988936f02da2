"""The steps that an operator is measured by, in the order in which they are taken."""

import asyncio
import random
import time
from collections.abc import Iterable, Sequence

from bench.operator import cost
from bench.operator.bench import FIRST, SECOND, Bench, space
from bench.operator.figures import Beside, Edited, Made, Quiet, Restarted, latency, objects_made, samples
from bench.operator.plane import Plane
from bench.operator.process import pulse_of
from bench.operator.stand_in import POISONED
from bench.operator.world import Key

EDITED, EDITS_A_SECOND = 50, 4.0
HOT_PERIOD_SECONDS = 0.1
BESIDE_A_SECOND = 2.0
"""Edits beside a hot model: few enough to tell who waits for it, and not how many edits there may be."""
_AT_ONCE = 32
_QUIET_SECONDS = 20.0
_LOOK_AT_QUEUE_SECONDS = 0.5
_LOOK_AT_PASSES_SECONDS = 0.25
_OLDEST, _DUE = "sentiment_operator_queue_oldest_seconds", "sentiment_operator_queue_depth"
_PASSES = "sentiment_operator_reconcile_duration_seconds_count"


async def make(bench: Bench, size: int, version: str) -> Made:
    """So many models, some at once, until each serves."""
    bench.keys = [(space(number), f"model-{number}") for number in range(size)]
    bench.audit.since_last()
    before, plane_before = bench.operator.cpu_seconds, _plane_cpu(bench.plane)
    began = time.monotonic()
    with pulse_of(bench.places[0]) as stalls:
        sent = await _send(bench, version)
        settled = bench.world.settled
        await bench.until("every model serves", lambda: all((key, version) in settled for key in bench.keys))
        await bench.rest()
    requests, plane_after = bench.audit.since_last(), _plane_cpu(bench.plane)
    seen = bench.world.complete_at
    return Made(
        settled_seconds=max(settled[key, version] for key in bench.keys) - began,
        to_children=latency([(seen(key) or time.monotonic()) - at for key, at in sent.items()]),
        requests=requests.named(),
        requests_by_verb=requests.by_verb(),
        objects=objects_made(requests.counts, size, bench.peer.plural),
        status_writes=requests.status_writes(bench.peer.plural),
        writes=requests.writes,
        cpu_seconds=bench.operator.cpu_seconds - before,
        control_plane_cpu_seconds={name: plane_after[name] - plane_before[name] for name in plane_after},
        registry_calls=bench.stand_in.asked,
        probes=bench.stand_in.probed,
        stall=latency(stalls or [0.0]),
    )


async def keep_quiet(bench: Bench) -> Quiet:
    """Change nothing for a while."""
    before = bench.operator.cpu_seconds
    await asyncio.sleep(_QUIET_SECONDS)
    used, resident = bench.operator.cpu_seconds - before, cost.resident_mib(bench.operator.pid)
    return Quiet(_QUIET_SECONDS, bench.audit.since_last().writes, used, resident)


async def edit(bench: Bench, first: str) -> Edited:
    """Let some models serve the second version, and then the first one again."""
    unrecorded = await _edit(bench, edited(bench), SECOND)
    await bench.rest()
    bench.audit.since_last()
    before = bench.operator.cpu_seconds
    recorded = await _edit(bench, edited(bench), first)
    await bench.rest()
    used, requests = bench.operator.cpu_seconds - before, bench.audit.since_last()
    return Edited(len(recorded), latency(unrecorded), latency(recorded), used, requests.named())


async def restart(bench: Bench) -> Restarted:
    """Start the operator anew, with nothing to do."""
    bench.restart()
    caught_up = await _caught_up(bench) if bench.peer.is_ours else None
    rested = await bench.rest()
    requests = bench.audit.since_last()
    return Restarted(caught_up or rested, bench.operator.cpu_seconds, requests.writes, requests.named())


async def _caught_up(bench: Bench) -> float:
    """Return when each model has had its pass and none is due; seconds from the start until then."""
    await bench.until("the operator is up", bench.operator.answers)
    await bench.until("each model has had its pass", lambda: _is_caught_up(bench), _LOOK_AT_PASSES_SECONDS)
    return time.monotonic() - bench.operator.began


def _is_caught_up(bench: Bench) -> bool:
    told = bench.operator.metrics()
    return sum(samples(told, _PASSES)) >= len(bench.keys) and samples(told, _DUE) == [0]


async def disturb(bench: Bench) -> Beside:
    """Edit models beside a hot and a poisoned one."""
    hot, *others = edited(bench)
    poisoned = bench.peer.model(space(0), "poisoned", FIRST, f"{bench.stand_in.url}/{POISONED}")
    await bench.api.post(bench.peer.collection(space(0)), dict(poisoned))
    hot_edits, waits = [0], list[float]()
    beside = [asyncio.create_task(_heat(bench, hot, hot_edits))]
    if bench.peer.is_ours:
        beside.append(asyncio.create_task(_look_at_queue(bench, waits)))
    try:
        seconds = await _edit(bench, others, SECOND, BESIDE_A_SECOND)
    finally:
        for task in beside:
            task.cancel()
    return Beside(latency(seconds), hot_edits[0], max(waits) if waits else None)


def edited(bench: Bench) -> Sequence[Key]:
    """The models that are edited: always the same."""
    return random.Random(1).sample(bench.keys, min(EDITED, len(bench.keys)))


async def _send(bench: Bench, version: str) -> dict[Key, float]:
    """When each model was sent off."""
    sent: dict[Key, float] = {}
    turn = asyncio.Semaphore(_AT_ONCE)

    async def send(key: Key) -> None:
        async with turn:
            sent[key] = time.monotonic()
            await bench.api.post(bench.peer.collection(key[0]), dict(bench.peer.model(*key, version)))

    await asyncio.gather(*map(send, bench.keys))
    return sent


async def _edit(bench: Bench, keys: Iterable[Key], version: str, a_second: float = EDITS_A_SECOND) -> list[float]:
    """Let them want that version, so many a second; seconds until each has the Deployment of it. Returns when all serve."""
    sent: dict[Key, float] = {}
    world = bench.world
    for key in keys:
        for moments in (world.deployed, world.settled):
            moments.pop((key, version), None)
        sent[key] = time.monotonic()
        await bench.api.merge(_path(bench, key), {"spec": {"version": version}})
        await asyncio.sleep(1 / a_second)
    await bench.until("every edit has its Deployment", lambda: all((key, version) in world.deployed for key in sent))
    await bench.until("every edited model serves", lambda: all((key, version) in world.settled for key in sent))
    return [world.deployed[key, version] - at for key, at in sent.items()]


async def _heat(bench: Bench, key: Key, counted: list[int]) -> None:
    """Edit one model all the time."""
    while True:
        for version in (SECOND, FIRST):
            await bench.api.merge(_path(bench, key), {"spec": {"version": version}})
            counted[0] += 1
            await asyncio.sleep(HOT_PERIOD_SECONDS)


async def _look_at_queue(bench: Bench, waits: list[float]) -> None:
    while True:
        waits += samples(await asyncio.to_thread(bench.operator.metrics), _OLDEST)
        await asyncio.sleep(_LOOK_AT_QUEUE_SECONDS)


def _path(bench: Bench, key: Key) -> str:
    return f"{bench.peer.collection(key[0])}/{key[1]}"


def _plane_cpu(plane: Plane) -> dict[str, float]:
    return {name: cost.cpu_seconds(pid) for name, pid in plane.pids().items()}

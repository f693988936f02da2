"""Several replicas and several shards: an even share for each, and no shard with two of them at any time."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment_operator.cluster.errors import Away
from sentiment_operator.replicas.leader import DEFAULT_TERMS, LeaseLost
from sentiment_operator.replicas.roll import ANNOTATION
from sentiment_operator.replicas.sharding import shard_of
from tests.support.clock import Clock
from tests.unit.operator.played_leases import PlayedLeases, Replica

ROLL = "sentiment-operator"
NAMESPACES = tuple(f"team-{number}" for number in range(12))


class Stage:
    """Replicas whose rounds come one after the other, a round of all every two seconds."""

    def __init__(self, count: int = 4) -> None:
        self.leases, self.clock, self.count = PlayedLeases(), Clock(), count
        self.replicas: dict[str, Replica] = {}

    def starts(self, *identities: str, count: int | None = None) -> None:
        for identity in identities:
            self.replicas[identity] = Replica(self.leases, identity, count or self.count, self.clock)

    async def rounds(self, number: int = 4) -> None:
        for _ in range(number):
            for replica in self.replicas.values():
                await replica.turn()
            self.clock.now += DEFAULT_TERMS.retry

    @property
    def held(self) -> dict[str, list[int]]:
        return {identity: replica.held for identity, replica in self.replicas.items()}


def play(story: Callable[[Stage], Awaitable[None]], count: int = 4) -> None:
    async def run() -> None:
        await story(Stage(count))

    asyncio.run(run())


def test_one_replica_holds_every_shard() -> None:
    async def story(stage: Stage) -> None:
        stage.starts("a")
        await stage.rounds(1)
        assert stage.held == {"a": [0, 1, 2, 3]}
        assert all(stage.replicas["a"].shards.may_write(namespace) for namespace in NAMESPACES)

    play(story)


def test_a_replica_that_joins_is_given_its_share_and_each_acts_for_its_own_alone() -> None:
    async def story(stage: Stage) -> None:
        stage.starts("a")
        await stage.rounds(1)
        stage.starts("b")
        await stage.rounds()
        assert stage.held == {"a": [0, 1], "b": [2, 3]}
        assert stage.replicas["a"].passes.left == [2, 3]
        for namespace in NAMESPACES:
            acting = [name for name, replica in stage.replicas.items() if replica.shards.acts_for(namespace)]
            assert acting == ["a" if shard_of(namespace, 4) < 2 else "b"]

    play(story)


def test_whoever_waits_hears_of_each_shard_that_came_or_went() -> None:
    async def story(stage: Stage) -> None:
        stage.starts("a")
        shards = stage.replicas["a"].shards
        waiting = [asyncio.create_task(shards.moved(frozenset())) for _ in range(2)]
        await asyncio.sleep(0)
        assert not any(one.done() for one in waiting)
        await stage.rounds(1)
        async with asyncio.timeout(5):
            await asyncio.gather(*waiting)
        leaving = asyncio.create_task(shards.moved(shards.taken))
        stage.starts("b")
        await stage.rounds()
        async with asyncio.timeout(5):
            await leaving
        assert shards.taken == {0, 1}
        await shards.moved(frozenset({0}))  # That was before: nothing has to come.

    play(story)


def test_a_shard_is_not_given_back_while_a_pass_of_it_is_under_way() -> None:
    async def story(stage: Stage) -> None:
        stage.starts("a")
        await stage.rounds(1)
        a, namespace = stage.replicas["a"], next(name for name in NAMESPACES if shard_of(name, 4) == 2)
        a.passes.busy.add(2)
        stage.starts("b")
        await stage.rounds()
        assert stage.held == {"a": [0, 1, 2], "b": [3]}
        # The pass may end what it began; none begins anew.
        assert (a.shards.may_write(namespace), a.shards.acts_for(namespace)) == (True, False)
        a.passes.busy.clear()
        await stage.rounds()
        assert stage.held == {"a": [0, 1], "b": [2, 3]}

    play(story)


def test_a_shard_that_falls_back_before_it_was_given_is_begun_anew() -> None:
    async def story(stage: Stage) -> None:
        stage.starts("a", "b")
        a = stage.replicas["a"]
        await a.turn()
        a.passes.busy |= {2, 3}
        await stage.rounds(2)
        await stage.replicas.pop("b").shards.release()
        await a.shards.renew()
        await a.shards.share()
        assert await a.shards.gained() == {2, 3}
        a.shards.begin({2, 3})
        assert all(a.shards.acts_for(namespace) for namespace in NAMESPACES)

    play(story)


def test_the_shards_of_a_replica_that_ends_are_taken_at_once() -> None:
    async def story(stage: Stage) -> None:
        stage.starts("a", "b")
        await stage.rounds()
        await stage.replicas.pop("b").shards.release()
        await stage.rounds(1)
        assert stage.held == {"a": [0, 1, 2, 3]}

    play(story)


def test_the_shards_of_a_dead_replica_are_taken_after_the_duration_and_within_20_seconds() -> None:
    async def story(stage: Stage) -> None:
        stage.starts("a", "b", "c")
        await stage.rounds(6)
        before = stage.held
        del stage.replicas["c"]
        died = stage.clock.now - DEFAULT_TERMS.retry
        while sum(map(len, stage.held.values())) < 4:
            assert {name: shards for name, shards in before.items() if name != "c"} == stage.held
            await stage.rounds(1)
        assert DEFAULT_TERMS.duration < stage.clock.now - died <= 20
        assert {len(shards) for shards in stage.held.values()} == {2}

    play(story)


def test_a_replica_that_is_replaced_while_it_is_frozen_ends() -> None:
    async def story(stage: Stage) -> None:
        stage.starts("a", "b")
        await stage.rounds()
        frozen = stage.replicas.pop("b")
        await stage.rounds(10)
        assert stage.held == {"a": [0, 1, 2, 3]}
        assert not any(frozen.shards.may_write(namespace) for namespace in NAMESPACES)
        with pytest.raises(LeaseLost):
            await frozen.turn()

    play(story)


@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (2, 4)])
def test_another_number_of_shards_begins_when_the_last_replica_of_the_old_one_is_gone(before: int, after: int) -> None:
    async def story(stage: Stage) -> None:
        stage.starts("old-1", "old-2", count=before)
        await stage.rounds()
        stage.starts("new-1", "new-2", count=after)
        await stage.rounds(12)
        assert stage.held["new-1"] + stage.held["new-2"] == []
        for name in ("old-1", "old-2"):
            await stage.replicas.pop(name).shards.release()
            await stage.rounds(3)
        assert sorted(stage.held["new-1"] + stage.held["new-2"]) == list(range(after))

    play(story)


def test_an_entry_of_the_roll_that_nobody_can_read_counts_as_none() -> None:
    async def story(stage: Stage) -> None:
        stage.starts("a", "b")
        await stage.rounds()
        stage.leases.leases[ROLL]["metadata"]["annotations"][ANNOTATION] = "[not json"
        await stage.rounds()
        assert stage.held == {"a": [0, 1], "b": [2, 3]}

    play(story)


PAUSES = (0.0, 0.0, 0.1, 0.2, 1.0)
"""Seconds between two steps."""
PHASES, STEPS = 12, 60
"""While a phase lasts, some replicas are frozen, each time others."""


class Wire:
    """Leases behind a network on which each call waits, before it arrives and after, until the test lets it on."""

    def __init__(self, leases: PlayedLeases) -> None:
        self._leases = leases
        self.waiting: list[asyncio.Future[bool]] = []

    async def get_lease(self, namespace: str, name: str) -> Any:
        return await self._carried(lambda: self._leases.get_lease(namespace, name))

    async def create_lease(self, manifest: Any) -> Any:
        return await self._carried(lambda: self._leases.create_lease(manifest))

    async def update_lease(self, manifest: Any) -> Any:
        return await self._carried(lambda: self._leases.update_lease(manifest))

    async def _carried(self, call: Callable[[], Awaitable[Any]]) -> Any:
        await self._passes()
        answer = await call()
        await self._passes()
        return answer

    async def _passes(self) -> None:
        arrives: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.waiting.append(arrives)
        if not await arrives:
            raise Away("the connection broke")


class World:
    """Replicas with clocks that run at different speeds, on a network that delays and breaks."""

    def __init__(self, speeds: list[float], counts: list[int]) -> None:
        self.now = 0.0
        leases = PlayedLeases()
        self.wires = [Wire(leases) for _ in speeds]
        self.replicas = [
            Replica(wire, f"replica-{number}", count, self._clock(speed))
            for number, (wire, speed, count) in enumerate(zip(self.wires, speeds, counts, strict=True))
        ]
        self.parts = [part for one in self.replicas for part in (one.shards.renew, one.share)]
        self.turns: list[asyncio.Task[None] | None] = [None] * len(self.parts)

    def _clock(self, speed: float) -> Callable[[], float]:
        return lambda: 1000 * speed + self.now * speed

    async def step(self, number: int, chance: random.Random) -> None:
        """Time goes on a little, messages of a replica arrive or break off, or it begins a round."""
        self.now += chance.choice(PAUSES)
        waiting, part = self.wires[number].waiting, 2 * number + chance.randrange(2)
        turn = self.turns[part]
        if waiting and chance.random() < 0.8:
            for _ in range(chance.randint(1, len(waiting))):
                waiting.pop(chance.randrange(len(waiting))).set_result(chance.random() > 0.01)
        elif turn is None or turn.done():
            if any(one is not None and one.done() and one.exception() for one in self.turns[part - part % 2 :][:2]):
                return  # It lost a Lease and ended.
            self.turns[part] = asyncio.create_task(self.parts[part]())
        for _ in range(4):
            await asyncio.sleep(0)

    def writers(self, namespace: str) -> list[str]:
        """Who may write there now."""
        allowed = [number for number, one in enumerate(self.replicas) if one.shards.may_write(namespace)]
        return [f"replica-{number}" for number in allowed]

    async def end(self) -> None:
        running = [turn for turn in self.turns if turn is not None]
        for turn in running:
            turn.cancel()
        await asyncio.gather(*running, return_exceptions=True)


ONE_OF_EACH = tuple({shard_of(name, 4): name for name in NAMESPACES}.values())
SPEED = st.floats(0.9, 1.1)
"""The grace between 10 and 15 seconds allows for much more than real clocks differ."""


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(SPEED, st.sampled_from((4, 4, 4, 2, 1))), min_size=2, max_size=4),
    st.integers(0, 2**32),
)
def test_no_namespace_ever_has_two_writers(replicas: list[tuple[float, int]], seed: int) -> None:
    async def story() -> None:
        chance = random.Random(seed)
        world = World([speed for speed, _ in replicas], [count for _, count in replicas])
        for _ in range(PHASES):
            awake = chance.sample(range(len(replicas)), chance.randint(1, len(replicas)))
            for _ in range(STEPS):
                await world.step(chance.choice(awake), chance)
                for namespace in ONE_OF_EACH:
                    assert len(world.writers(namespace)) < 2
        await world.end()

    asyncio.run(story())

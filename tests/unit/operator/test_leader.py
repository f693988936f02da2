"""The one Lease of undivided work: who wins it, who keeps it, who ends."""

import asyncio

import pytest

from sentiment_operator.replicas.leader import DEFAULT_TERMS, DURATION_SECONDS, LeaseLost
from sentiment_operator.replicas.shards import Shards
from tests.support.clock import Clock
from tests.unit.operator.played_leases import PlayedLeases, Replica

NAME = "sentiment-operator"


@pytest.fixture
def leases() -> PlayedLeases:
    return PlayedLeases()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def quick_sleep(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    """Sleeping moves the clock and takes no time."""
    give_way = asyncio.sleep

    async def sleep(seconds: float) -> None:
        clock.now += seconds
        await give_way(0)

    monkeypatch.setattr("sentiment_operator.replicas.shards.asyncio.sleep", sleep)


def process(leases: PlayedLeases, clock: Clock, identity: str) -> Shards:
    return Replica(leases, identity, 1, clock).shards


async def turn(process: Shards) -> None:
    """One round."""
    await process.renew()
    await process.share()


async def win(process: Shards, clock: Clock) -> None:
    """Return when it holds the Lease."""
    while not process.held:
        await turn(process)
        clock.now += 0 if process.held else DEFAULT_TERMS.retry
    process.begin(await process.gained())


def test_the_first_one_wins_and_the_second_one_does_not(leases: PlayedLeases, clock: Clock) -> None:
    first, second = process(leases, clock, "one"), process(leases, clock, "two")

    async def story() -> None:
        await win(first, clock)
        await turn(second)

    asyncio.run(story())
    assert (first.held, second.held, leases.holder()) == ({0}, set(), "one")
    assert (first.may_write("shop"), second.may_write("shop")) == (True, False)


def test_a_process_that_waits_reads_its_lease_and_one_that_leads_writes_it(leases: PlayedLeases, clock: Clock) -> None:
    first, second = process(leases, clock, "one"), process(leases, clock, "two")

    async def story() -> list[int]:
        await win(first, clock)
        counts = [leases.calls]
        for process in (first, second):
            await turn(process)
            counts.append(leases.calls)
        return counts

    before, after_one, after_two = asyncio.run(story())
    assert (after_one - before, after_two - after_one) == (1, 1)


def test_a_lease_that_is_not_renewed_is_taken_after_its_duration_and_not_before(
    leases: PlayedLeases, clock: Clock
) -> None:
    first, second = process(leases, clock, "one"), process(leases, clock, "two")
    asyncio.run(win(first, clock))
    began = clock.now
    asyncio.run(win(second, clock))
    assert (first.held, second.held) == (set(), {0})
    assert DURATION_SECONDS < clock.now - began < DURATION_SECONDS + 5
    assert leases.leases[NAME]["spec"]["leaseTransitions"] == 1


def test_a_released_lease_is_taken_at_once(leases: PlayedLeases, clock: Clock) -> None:
    first, second = process(leases, clock, "one"), process(leases, clock, "two")

    async def story() -> float:
        await win(first, clock)
        await first.release()
        assert leases.holder() == ""
        began = clock.now
        await turn(second)
        return clock.now - began

    assert asyncio.run(story()) == 0
    assert (first.held, second.held) == (set(), {0})


def test_an_api_server_that_hangs_does_not_keep_the_process_from_ending(
    leases: PlayedLeases, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader = process(leases, clock, "one")

    async def hang(_: str, __: str) -> None:
        await asyncio.Event().wait()

    async def story() -> None:
        await win(leader, clock)
        monkeypatch.setattr(leases, "get_lease", hang)
        monkeypatch.setattr("sentiment_operator.replicas.leader.RELEASE_SECONDS", 0.01)
        async with asyncio.timeout(10):
            await leader.release()

    asyncio.run(story())
    assert leader.held == set()


def test_a_follower_releases_nothing(leases: PlayedLeases, clock: Clock) -> None:
    first, second = process(leases, clock, "one"), process(leases, clock, "two")

    async def story() -> None:
        await win(first, clock)
        await turn(second)
        await second.release()

    asyncio.run(story())
    assert leases.holder() == "one"


def test_a_frozen_leader_does_not_lead_when_it_wakes_up(leases: PlayedLeases, clock: Clock) -> None:
    leader = process(leases, clock, "one")
    asyncio.run(win(leader, clock))
    clock.now += DEFAULT_TERMS.renew_deadline + 0.1
    assert leader.held == set()
    assert not leader.may_write("shop")


def test_a_leader_writes_nothing_before_it_has_read_what_is_there(leases: PlayedLeases, clock: Clock) -> None:
    leader = process(leases, clock, "one")
    asyncio.run(turn(leader))
    assert leader.held == {0}
    assert not leader.may_write("shop")
    leader.begin(leader.held)
    assert leader.may_write("shop")


def test_a_leader_that_another_one_replaced_ends(leases: PlayedLeases, clock: Clock) -> None:
    leader = process(leases, clock, "one")
    asyncio.run(win(leader, clock))
    leases.leases[NAME]["spec"]["holderIdentity"] = "two"
    leases.leases[NAME]["metadata"]["resourceVersion"] = "99"
    with pytest.raises(LeaseLost):
        asyncio.run(leader.keep())


def test_a_short_outage_does_not_cost_the_lease_and_a_long_one_does(leases: PlayedLeases, clock: Clock) -> None:
    leader = process(leases, clock, "one")
    asyncio.run(win(leader, clock))
    leases.away = True
    began = clock.now
    with pytest.raises(LeaseLost):
        asyncio.run(leader.keep())
    assert clock.now - began >= DEFAULT_TERMS.renew_deadline - DEFAULT_TERMS.retry


def test_an_api_server_that_is_away_is_waited_for(leases: PlayedLeases, clock: Clock) -> None:
    leases.away = True

    async def story() -> None:
        winning = asyncio.create_task(win(leader, clock))
        for _ in range(5):
            await asyncio.sleep(0)
        assert leader.held == set()
        leases.away = False
        await winning

    leader = process(leases, clock, "one")
    asyncio.run(story())
    assert leader.held == {0}

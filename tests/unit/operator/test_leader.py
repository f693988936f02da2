"""The election against a Lease in memory that behaves like the API server's: versions, conflicts, outages."""

import asyncio
import copy
from typing import Any

import pytest

from sentiment_operator.kube_errors import Away, Stale
from sentiment_operator.leader import DURATION_SECONDS, RENEW_DEADLINE_SECONDS, Election, LeaseLost

Manifest = dict[str, Any]


class Leases:
    """One Lease."""

    def __init__(self) -> None:
        self.lease: Manifest | None = None
        self.away = False
        self._version = 0

    async def get_lease(self, namespace: str, name: str) -> Manifest | None:
        self._answer()
        return copy.deepcopy(self.lease)

    async def create_lease(self, manifest: Manifest) -> Manifest:
        self._answer()
        if self.lease is not None:
            raise Stale("exists")
        return self._keep(manifest)

    async def update_lease(self, manifest: Manifest) -> Manifest:
        self._answer()
        if self.lease is None or manifest["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise Stale("conflict")
        return self._keep(manifest)

    @property
    def holder(self) -> str:
        return self.lease["spec"]["holderIdentity"] if self.lease else ""

    def _answer(self) -> None:
        if self.away:
            raise Away("connection refused")

    def _keep(self, manifest: Manifest) -> Manifest:
        self._version += 1
        self.lease = copy.deepcopy(manifest)
        self.lease["metadata"]["resourceVersion"] = str(self._version)
        return self.lease


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def leases() -> Leases:
    return Leases()


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

    monkeypatch.setattr("sentiment_operator.leader.asyncio.sleep", sleep)


def election(leases: Leases, clock: Clock, identity: str) -> Election:
    return Election(leases, "system", identity, clock)


def test_the_first_one_wins_and_the_second_one_does_not(leases: Leases, clock: Clock) -> None:
    first, second = election(leases, clock, "one"), election(leases, clock, "two")

    async def story() -> None:
        await first.win()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await second.win()

    asyncio.run(story())
    assert (first.leads, second.leads, leases.holder) == (True, False, "one")


def test_a_lease_that_is_not_renewed_is_taken_after_its_duration_and_not_before(leases: Leases, clock: Clock) -> None:
    first, second = election(leases, clock, "one"), election(leases, clock, "two")
    asyncio.run(first.win())
    began = clock.now
    asyncio.run(second.win())
    assert second.leads
    assert not first.leads
    assert DURATION_SECONDS < clock.now - began < DURATION_SECONDS + 5
    assert leases.lease is not None
    assert leases.lease["spec"]["leaseTransitions"] == 1


def test_a_released_lease_is_taken_at_once(leases: Leases, clock: Clock) -> None:
    first, second = election(leases, clock, "one"), election(leases, clock, "two")

    async def story() -> None:
        await first.win()
        await first.release()
        assert leases.holder == ""
        await second.win()

    began = clock.now
    asyncio.run(story())
    assert clock.now == began
    assert (first.leads, second.leads) == (False, True)


def test_a_follower_releases_nothing(leases: Leases, clock: Clock) -> None:
    first, second = election(leases, clock, "one"), election(leases, clock, "two")

    async def story() -> None:
        await first.win()
        await second.release()

    asyncio.run(story())
    assert leases.holder == "one"


def test_a_frozen_leader_does_not_lead_when_it_wakes_up(leases: Leases, clock: Clock) -> None:
    leader = election(leases, clock, "one")
    asyncio.run(leader.win())
    clock.now += RENEW_DEADLINE_SECONDS + 0.1
    assert not leader.leads


def test_a_leader_that_another_one_replaced_ends(leases: Leases, clock: Clock) -> None:
    leader = election(leases, clock, "one")
    asyncio.run(leader.win())
    assert leases.lease is not None
    leases.lease["spec"]["holderIdentity"] = "two"
    with pytest.raises(LeaseLost):
        asyncio.run(leader.keep())


def test_a_short_outage_does_not_cost_the_lease_and_a_long_one_does(leases: Leases, clock: Clock) -> None:
    leader = election(leases, clock, "one")
    asyncio.run(leader.win())
    leases.away = True
    began = clock.now
    with pytest.raises(LeaseLost):
        asyncio.run(leader.keep())
    assert clock.now - began >= RENEW_DEADLINE_SECONDS


def test_an_api_server_that_is_away_is_waited_for(leases: Leases, clock: Clock) -> None:
    leases.away = True

    async def story() -> None:
        winning = asyncio.create_task(leader.win())
        for _ in range(5):
            await asyncio.sleep(0)
        assert not leader.leads
        leases.away = False
        await winning

    leader = election(leases, clock, "one")
    asyncio.run(story())
    assert leader.leads

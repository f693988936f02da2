"""A server that fails rests, longer each time, and one that hangs leaves most passes to the other models."""

import asyncio
from collections import Counter
from itertools import islice, pairwise
from typing import Any

import pytest

from sentiment_operator.facts.observed import RegistryAnswer, RegistryAway
from sentiment_operator.registry import restraint
from sentiment_operator.registry.client import VERSIONS, Registry
from sentiment_operator.registry.restraint import (
    LONGEST_REST_SECONDS,
    MOST_OF_ONE,
    REST_SECONDS,
    SOON_SECONDS,
    Breaker,
    Busy,
    Places,
    RegistryError,
)

PLACES = 2
ALL_DAY = 86400.0


class Played(Registry):
    """Servers by URL: those that hang do so until they are let go, those that are away fail at once."""

    now = 0.0
    seconds = 0.0
    """That each answer takes."""
    hang: set[str]
    fail: set[tuple[str, str]]
    """By server and call; every call where that is empty."""
    odd: set[str]
    """Those whose answers have another form."""
    asked: Counter[str]
    under_way: Counter[str]
    let_go: asyncio.Event

    async def _ask(self, tracking_url: str, method: str, call: str, *rest: Any) -> bytes:
        self.asked[tracking_url] += 1
        self.under_way[tracking_url] += 1
        try:
            if tracking_url in self.hang:
                await self.let_go.wait()
            await asyncio.sleep(0)
            self.now += self.seconds
            if {(tracking_url, call), (tracking_url, "")} & self.fail or tracking_url in self.hang:
                raise TimeoutError
            return b"[]" if tracking_url in self.odd else b'{"experiment": {"experiment_id": "7"}}'
        finally:
            self.under_way[tracking_url] -= 1


@pytest.fixture
def registry() -> Played:
    unused: Any = None
    played = Played(unused, lambda: played.now, Places(PLACES))
    played.hang, played.fail, played.odd = set(), set(), set()
    played.asked, played.under_way = Counter(), Counter()
    played.let_go = asyncio.Event()
    return played


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def well(registry: Played, url: str) -> Any:
    return registry.versions(url, "m")


# One that fails


async def test_a_server_that_goes_on_failing_rests_twice_as_long_each_time(registry: Played) -> None:
    registry.fail.add(("down", ""))
    asked_at: list[float] = []
    for _ in range(300):
        before = registry.asked["down"]
        assert isinstance(await well(registry, "down"), RegistryAway)
        asked_at += [registry.now] * (registry.asked["down"] - before)
        registry.now += 1
    pauses = [later - earlier for earlier, later in pairwise(asked_at)]
    assert pauses[:4] == [REST_SECONDS, 10, 20, 40]
    assert set(pauses[4:]) == {LONGEST_REST_SECONDS}


async def test_one_that_is_back_is_asked_as_ever_and_rests_briefly_the_next_time(registry: Played) -> None:
    registry.fail.add(("down", ""))
    for _ in range(3):
        await well(registry, "down")
        registry.now += LONGEST_REST_SECONDS
    registry.fail.clear()
    assert await well(registry, "down") == RegistryAnswer(())
    registry.fail.add(("down", ""))
    await well(registry, "down")
    registry.now += REST_SECONDS
    registry.fail.clear()
    assert await well(registry, "down") == RegistryAnswer(())


async def test_after_a_rest_one_call_alone_tries_and_the_others_are_told_at_once(registry: Played) -> None:
    registry.fail.add(("down", ""))
    first = await well(registry, "down")
    registry.now += REST_SECONDS
    registry.hang.add("down")
    trying = asyncio.create_task(well(registry, "down"))
    await settled()
    assert await well(registry, "down") == first
    assert registry.asked["down"] == 2
    trying.cancel()
    await asyncio.wait([trying])
    registry.hang.clear()
    registry.fail.clear()
    assert await well(registry, "down") == RegistryAnswer(())


def test_calls_that_fail_together_count_as_one_failure() -> None:
    breaker = Breaker()
    begun = [breaker.begin(0.0) for _ in range(8)]
    for tried in begun:
        breaker.failed(10.0, "away", tried=tried)
    assert breaker.rest == REST_SECONDS


def test_a_try_that_fails_after_an_older_call_was_answered_still_begins_a_rest() -> None:
    breaker = Breaker()
    breaker.failed(0.0, "away", tried=breaker.begin(0.0))
    tried = breaker.begin(REST_SECONDS)
    breaker.answered()
    breaker.failed(REST_SECONDS, "away", tried=tried)
    assert breaker.rest == REST_SECONDS


async def test_a_server_that_fails_at_progress_alone_answers_passes(registry: Played) -> None:
    registry.fail.add(("half", "runs/search"))
    for _ in range(5):
        with pytest.raises(RegistryError):
            await registry.running("half", ["m"])
        assert await well(registry, "half") == RegistryAnswer(())
        registry.now += 3


# Those that hang


async def test_servers_that_hang_hold_so_many_passes_and_the_rest_is_told_at_once(
    registry: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restraint, "PATIENCE_SECONDS", 0.01)
    registry.hang = {f"hangs-{number}" for number in range(8)}
    passes = [asyncio.create_task(well(registry, url)) for url in sorted(registry.hang)]
    for each in islice(asyncio.as_completed(passes, timeout=5), 8 - PLACES):
        with pytest.raises(Busy):
            await each
    waiting = [one for one in passes if not one.done()]
    assert len(waiting) == PLACES
    monkeypatch.setattr(restraint, "PATIENCE_SECONDS", ALL_DAY)
    with pytest.raises(Busy):
        await asyncio.wait_for(well(registry, "another"), timeout=5)
    registry.let_go.set()
    await asyncio.wait(waiting)
    # Places were left, so it is worth waiting for one again.
    answers = await asyncio.gather(*(well(registry, "another") for _ in range(8)))
    assert set(answers) == {RegistryAnswer(())}


async def test_a_server_that_is_well_is_asked_while_others_hang(registry: Played) -> None:
    await well(registry, "well")
    registry.hang = {f"hangs-{number}" for number in range(PLACES)}
    hanging = [asyncio.create_task(well(registry, url)) for url in sorted(registry.hang)]
    await settled()
    for _ in range(3):
        assert await well(registry, "well") == RegistryAnswer(())
    for task in hanging:
        task.cancel()
    await asyncio.wait(hanging)


async def test_one_server_that_hangs_leaves_places_to_another_that_nobody_asked(
    registry: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restraint, "PATIENCE_SECONDS", 0.01)
    registry.places = Places(MOST_OF_ONE + 1)
    registry.hang.add("hangs")
    passes = [asyncio.create_task(well(registry, "hangs")) for _ in range(8)]
    await settled()
    assert registry.under_way["hangs"] == MOST_OF_ONE
    assert await well(registry, "new") == RegistryAnswer(())
    for each in islice(asyncio.as_completed(passes, timeout=5), 8 - MOST_OF_ONE):
        with pytest.raises(Busy):
            await each
    registry.let_go.set()
    await asyncio.wait(passes)


async def test_an_odd_answer_about_one_model_closes_the_server_to_no_other(registry: Played) -> None:
    registry.odd.add("half")
    assert isinstance(await well(registry, "half"), RegistryAway)
    registry.odd.clear()
    assert await well(registry, "half") == RegistryAnswer(())


async def test_many_passes_that_begin_together_all_get_their_answer_from_a_server_nobody_asked(
    registry: Played,
) -> None:
    answers = await asyncio.gather(*(well(registry, "new") for _ in range(50)))
    assert set(answers) == {RegistryAnswer(())}


@pytest.mark.parametrize("ill", ["failed", "was slow"])
async def test_one_that_was_ill_needs_a_place_for_a_while_although_it_answers(registry: Played, ill: str) -> None:
    await well(registry, "flapping")
    if ill == "failed":
        registry.fail.add(("flapping", ""))
    else:
        registry.seconds = SOON_SECONDS + 1
    await well(registry, "flapping")
    registry.fail.clear()
    registry.seconds = 0.0
    registry.now += REST_SECONDS
    assert await well(registry, "flapping") == RegistryAnswer(())
    registry.hang.add("flapping")
    passes = [asyncio.create_task(well(registry, "flapping")) for _ in range(8)]
    await settled()
    assert registry.under_way["flapping"] == PLACES
    registry.let_go.set()
    await asyncio.wait(passes)
    registry.hang.clear()
    registry.now += 3 * LONGEST_REST_SECONDS
    await well(registry, "flapping")
    assert registry._breaker("flapping", VERSIONS).is_trusted(registry.now)


async def test_a_question_of_many_slow_pages_comes_to_an_end(registry: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentiment_operator.registry.client.QUESTION_SECONDS", 0.01)
    registry.hang.add("drips")
    away = await asyncio.wait_for(well(registry, "drips"), timeout=5)
    assert isinstance(away, RegistryAway)
    assert "takes too long" in away.message

"""How notices come from the thread that watches to the loop that works."""

import asyncio
import threading
from typing import Any

import kopf
import pytest

from sentiment_operator.cluster import handlers
from sentiment_operator.cluster.handlers import NOTICES_AT_A_TIME, Handover, login_with
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import POD, Kind

MANY = 3 * NOTICES_AT_A_TIME + 1


def _say_nothing(_: asyncio.AbstractEventLoop, __: dict[str, Any]) -> None:
    """The test looks at what is heard after an error, not at the error."""


def heard(many: int, broken: int | None = None) -> tuple[list[int], int]:
    """Numbers of the notices in the order they were heard, and how often something else had its turn meanwhile."""
    numbers: list[int] = []

    def notice(_: Kind, __: str | None, body: Manifest) -> None:
        if body["number"] == broken:
            raise ValueError(broken)
        numbers.append(body["number"])

    async def run() -> int:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_say_nothing)
        handover = Handover(loop, notice)
        watching = threading.Thread(target=lambda: [handover.put(POD, None, {"number": n}) for n in range(many)])
        watching.start()
        watching.join()
        turns, expected = 0, many - (broken is not None)
        async with asyncio.timeout(10):
            while len(numbers) < expected:
                await asyncio.sleep(0)
                turns += 1
        return turns

    return numbers, asyncio.run(run())


def test_every_notice_is_heard_in_its_order() -> None:
    assert heard(MANY)[0] == list(range(MANY))


def test_others_have_their_turn_between_many_notices() -> None:
    assert heard(MANY)[1] >= MANY // NOTICES_AT_A_TIME


@pytest.mark.parametrize("broken", [0, NOTICES_AT_A_TIME - 1, MANY - 1])
def test_a_notice_that_cannot_be_heard_keeps_back_no_other(broken: int) -> None:
    assert heard(MANY, broken)[0] == [number for number in range(MANY) if number != broken]


def test_the_first_notice_is_heard_at_once_and_those_soon_after_it_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "HANDOVER_SECONDS", 3600.0)
    numbers: list[int] = []

    async def run() -> list[float]:
        loop = asyncio.get_running_loop()
        later: list[float] = []
        monkeypatch.setattr(loop, "call_at", lambda at, _: later.append(at - loop.time()))
        handover = Handover(loop, lambda _, __, body: numbers.append(body["number"]))
        for number in range(3):
            handover.put(POD, None, {"number": number})
            await asyncio.sleep(0)
        return later

    [later] = asyncio.run(run())
    assert numbers == [0]
    assert 3590 < later <= 3600


def test_a_connection_that_was_refused_is_no_other_session_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """kopf would take a new session for a new try, and try for ever."""
    tokens = iter(["one", "one", "two"])

    def connection(**_: object) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(server="https://127.0.0.1:1", token=next(tokens))

    monkeypatch.setattr(handlers, "watch_connection", connection)

    async def run() -> list[kopf.AiohttpSession]:
        login = login_with(lambda _, __: False)
        sessions = [await login(settings=kopf.OperatorSettings()) for _ in range(3)]
        for session in sessions:
            await session.aiohttp_session.close()
        return sessions

    first, second, third = asyncio.run(run())
    assert first is second
    assert third is not second

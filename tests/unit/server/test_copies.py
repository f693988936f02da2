"""Which requests are copied, and where to."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from sentiment_contract.rollout import Mirror
from sentiment_server.web.copies import Copies, Result
from sentiment_server.web.delivery import Copy
from sentiment_server.web.mirroring import unversioned


@pytest.mark.parametrize(
    ("path", "copied"),
    [
        ("/predict", "/predict"),
        ("/predict/batch", "/predict/batch"),
        ("/v2/models/imdb/infer", "/v2/models/imdb/infer"),
        ("/v2/models/imdb/versions/2/infer", "/v2/models/imdb/infer"),
        ("/v2/models/versions/versions/2/infer", "/v2/models/versions/infer"),
        ("/v2/models/imdb/versions/versions/infer", "/v2/models/imdb/infer"),
        ("/v2/models/versions/infer", "/v2/models/versions/infer"),
    ],
)
def test_a_copy_names_no_version(path: str, copied: str) -> None:
    assert unversioned(path) == copied


@pytest.fixture
def results() -> list[Result]:
    return []


@pytest.fixture
async def copies(results: list[Result]) -> AsyncIterator[Copies]:
    made = Copies(results.append)
    yield made
    made.towards(None)


@pytest.mark.parametrize("percent", [1, 20, 50, 99, 100])
async def test_about_the_wanted_share_is_copied(copies: Copies, percent: int) -> None:
    copies.towards(Mirror(url="http://imdb", percent=percent))
    wanted = sum(copies.wanted() for _ in range(20_000)) / 200
    assert percent - 2 <= wanted <= percent + 2
    assert (wanted == 100) == (percent == 100)


async def test_without_a_mirror_nothing_is_copied(copies: Copies, results: list[Result]) -> None:
    assert not any(copies.wanted() for _ in range(100))
    copies.offer(Copy("/predict", {}, b""))
    assert results == []


async def test_what_finds_no_room_is_counted_as_dropped(copies: Copies, results: list[Result]) -> None:
    copies.towards(Mirror(url="http://imdb", percent=100))
    for _ in range(100):
        copies.offer(Copy("/predict", {}, b"x" * 1_000))
    assert results == ["dropped"] * 36
    copies.towards(Mirror(url="http://another", percent=100))
    for _ in range(3):
        copies.offer(Copy("/predict", {}, b"x" * 4 * 2**20))
    assert results == ["dropped"] * 37


async def test_another_share_keeps_the_connections(copies: Copies) -> None:
    copies.towards(Mirror(url="http://imdb", percent=10))
    sender = copies._sender
    copies.towards(Mirror(url="http://imdb", percent=20))
    assert copies._sender is sender
    copies.towards(Mirror(url="http://another", percent=20))
    assert copies._sender is not sender


async def test_a_server_that_is_not_there_is_not_looked_for_with_each_request(
    copies: Copies, results: list[Result]
) -> None:
    began = time.monotonic()
    copies.towards(Mirror(url="http://127.0.0.1:1", percent=100))
    for _ in range(12):
        copies.offer(Copy("/predict", {}, b""))
    async with asyncio.timeout(10):
        while len(results) < 12:  # noqa: ASYNC110  it sets no event
            await asyncio.sleep(0.001)
    assert (set(results), time.monotonic() - began >= 0.39) == ({"failed"}, True)

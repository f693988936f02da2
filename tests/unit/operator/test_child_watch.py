"""How the watch of children goes on after whatever ends it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from typing import Any, cast

import pytest

from sentiment_operator.cluster import child_watch
from sentiment_operator.cluster.child_watch import ChildWatch
from sentiment_operator.cluster.errors import Away, Refused, Stale
from sentiment_operator.cluster.kube import Kube, Told
from sentiment_operator.cluster.store import Store
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import POD, Kind
from sentiment_operator.replicas.interest import Interest


async def _never(_: frozenset[int]) -> None:
    await asyncio.Event().wait()


MANAGED = "app.kubernetes.io/managed-by=sentiment-operator"
EVERYTHING = Interest(1, frozenset[int], _never)


def a_pod(name: str, version: int) -> Manifest:
    return {"metadata": {"namespace": "shop", "name": name, "uid": name, "resourceVersion": str(version)}}


class Played:
    """An API server that answers each watch as the test says, and then ends the story."""

    def __init__(self, *streams: list[Told] | Exception) -> None:
        self.streams = list(streams)
        self.began: list[int] = []
        """The versions that were watched from."""
        self.asked: list[str] = []
        """Selectors, of lists and watches."""
        self.lists = 0
        self.over = asyncio.Event()

    async def all_of(self, _: Kind, __: str, selector: str, ___: object) -> tuple[list[Manifest], int]:
        self.asked.append(selector)
        self.lists += 1
        return [a_pod("listed", 3)], 10

    async def watch(self, _: Kind, __: str, selector: str, version: int) -> AsyncGenerator[list[Told], None]:
        self.asked.append(selector)
        self.began.append(version)
        if not self.streams:
            self.over.set()
            await asyncio.Event().wait()
        match self.streams.pop(0):
            case Exception() as error:
                raise error
            case events:
                yield events


def watched(*streams: list[Told] | Exception) -> tuple[Played, list[str], list[str]]:
    """What was asked of the API server, what was heard, and what a list brought that nobody had told of."""
    heard: list[str] = []
    found: list[str] = []

    def hear(_: Kind, event: str | None, body: Manifest) -> None:
        heard.append(f"{event} {body['metadata']['name']}")

    def find(_: Kind, body: Manifest) -> None:
        found.append(body["metadata"]["name"])

    async def run() -> Played:
        played = Played(*streams)
        watch = ChildWatch(cast("Any", played), Store(lambda _: ("", "")), (), (POD,), EVERYTHING, hear, find)
        watching = asyncio.create_task(watch.run())
        async with asyncio.timeout(10):
            await played.over.wait()
        watching.cancel()
        await asyncio.wait([watching])
        return played

    return asyncio.run(run()), heard, found


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]  # a fixture
    monkeypatch.setattr(child_watch, "PAUSES_SECONDS", (0, 0))


def test_it_lists_once_and_goes_on_from_where_it_was_when_the_server_ends_a_stream() -> None:
    played, heard, found = watched([("ADDED", a_pod("a", 11)), ("MODIFIED", a_pod("a", 12))], [])
    assert (played.lists, played.began) == (1, [10, 12, 12])
    assert heard == ["ADDED a", "MODIFIED a"]
    assert found == ["listed"]


class Holding:
    """Shards that come and go."""

    def __init__(self, *shards: int) -> None:
        self.shards = frozenset(shards)
        self.changed = asyncio.Event()

    def take(self, shard: int) -> None:
        self.shards |= {shard}
        self.changed.set()

    async def moved(self, since: frozenset[int]) -> None:
        while self.shards == since:
            self.changed.clear()
            await self.changed.wait()


def followed(played: Played, holding: Holding, then: Callable[[], None]) -> list[str]:
    """What lists brought until two streams were begun and nothing came of them. `then`: what happens once the first is."""
    found: list[str] = []

    async def run() -> None:
        watch = ChildWatch(
            cast("Any", played),
            Store(lambda _: ("", "")),
            (),
            (POD,),
            Interest(2, lambda: holding.shards, holding.moved),
            lambda *_: None,
            lambda _, body: found.append(body["metadata"]["name"]),
        )
        watching = asyncio.create_task(watch.run())
        async with asyncio.timeout(10):
            await played.over.wait()
            then()
            played.over.clear()
            await played.over.wait()
        watching.cancel()
        await asyncio.wait([watching])

    asyncio.run(run())
    return found


def test_a_list_that_was_made_while_shards_came_or_went_is_made_again() -> None:
    class Late(Played):
        async def all_of(self, *asked: Any) -> tuple[list[Manifest], int]:
            if self.lists == 1:
                holding.shards |= {1}  # Before whoever waits for it can hear of it.
            return await super().all_of(*asked)

    played, holding = Late(), Holding()
    assert followed(played, holding, lambda: holding.take(0)) == ["listed"]
    assert played.lists == 3


def test_where_shards_come_the_list_and_the_watch_begin_anew_with_what_is_selected_then() -> None:
    played, holding = Played(), Holding(0)
    followed(played, holding, lambda: holding.take(1))
    before, after = f"{MANAGED},rottenpotatoes.com/bucket notin ({','.join(map(str, range(1, 64, 2)))})", MANAGED
    assert played.asked == [before, before, after, after]
    assert played.began == [10, 10]


def test_a_bookmark_tells_the_place_and_nothing_else() -> None:
    played, heard, _ = watched([("BOOKMARK", a_pod("", 40))])
    assert (played.began, heard) == ([10, 40], [])


def test_a_lost_connection_is_taken_up_where_it_was_lost() -> None:
    played, _, _ = watched([("DELETED", a_pod("a", 15))], Away("gone"), Away("gone"))
    assert (played.lists, played.began) == (1, [10, 15, 15, 15])


@pytest.mark.parametrize("forgotten", [Stale("too old"), Refused(410, "Expired", "too old")])
def test_where_the_server_forgot_the_place_everything_is_listed_anew(forgotten: Exception) -> None:
    played, _, _ = watched([("ADDED", a_pod("a", 15))], forgotten)
    assert (played.lists, played.began) == (2, [10, 15, 10])


class Wire:
    """A server whose stream arrives in such pieces."""

    def __init__(self, *chunks: bytes, status: int = 200) -> None:
        self.chunks, self.status, self.closed = chunks, status, False
        self.content = self

    async def request(self, *_: object) -> "Wire":
        return self

    async def iter_any(self) -> AsyncGenerator[bytes, None]:
        for chunk in self.chunks:
            yield chunk

    async def read(self) -> bytes:
        return b"".join(self.chunks)

    def close(self) -> None:
        self.closed = True


def streamed(wire: Wire) -> list[str]:
    """Names of the objects that a watch of pods told of."""

    async def run() -> list[str]:
        kube = Kube(cast("Any", wire), lambda: True)
        return [body["metadata"]["name"] async for told in kube.watch(POD, "shop", "", 1) for _, body in told]

    return asyncio.run(run())


def line(name: str, event: str = "ADDED") -> bytes:
    return json.dumps({"type": event, "object": a_pod(name, 2)}).encode() + b"\n"


def test_an_event_may_come_in_pieces_and_several_in_one() -> None:
    text = line("a") + line("b") + line("c")
    for size in (1, 7, len(line("a")), len(text)):
        wire = Wire(*(text[start : start + size] for start in range(0, len(text), size)))
        assert streamed(wire) == ["a", "b", "c"]
        assert wire.closed


def test_what_the_server_says_instead_of_events_ends_the_watch() -> None:
    gone = {"kind": "Status", "code": 410, "message": "too old"}
    with pytest.raises(Stale):
        streamed(Wire(json.dumps({"type": "ERROR", "object": gone}).encode() + b"\n"))
    with pytest.raises(Away):
        streamed(Wire(json.dumps({"type": "ERROR", "object": gone | {"code": 500}}).encode() + b"\n"))
    with pytest.raises(Refused):
        streamed(Wire(json.dumps(gone | {"code": 403}).encode(), status=403))

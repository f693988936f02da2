"""What others act for is taken out of a watch stream, however the network cuts it; all else goes on as it came."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web
from hypothesis import given
from hypothesis import strategies as st
from kopf import ConnectionInfo

from sentiment_operator.elsewhere import Way, _Stream, is_told, session  # pyright: ignore[reportPrivateUsage]


def event(type_: str, namespace: str, name: str = "imdb", kind: str = "Deployment") -> bytes:
    """As the API server writes it: kinds of Kubernetes with their names first, others sorted."""
    metadata = {"name": name, "namespace": namespace, "uid": name}
    body = {"kind": kind, "apiVersion": "apps/v1", "metadata": metadata}
    if kind == "SentimentModel":
        body = {"apiVersion": "v1", "kind": kind, "metadata": {"labels": {"namespace": "ours"}, **metadata}}
    return json.dumps({"type": type_, "object": body}, separators=(",", ":")).encode()


class Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def way(self, api_version: str, kind: str, namespace: str) -> Way:
        if namespace != "theirs":
            return Way.KOPF
        return Way.NOWHERE if kind == "Pod" else Way.PAST_KOPF

    def hear(self, event: str, body: Any) -> None:
        self.heard.append((event, body["metadata"]["name"]))


BOOKMARK = b'{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"7"}}}'
GONE = b'{"type":"ERROR","object":{"code":410}}'
LINES = [
    event("ADDED", "ours"),
    event("MODIFIED", "theirs", "a"),
    BOOKMARK,
    event("MODIFIED", "theirs", "pod", "Pod"),
    event("MODIFIED", "ours", "pod", "Pod"),
    event("DELETED", "theirs", "b", "SentimentModel"),
    event("ADDED", "ours", "c", "SentimentModel"),
    GONE,
]
LEFT = [LINES[0], BOOKMARK, LINES[4], LINES[6], GONE]


class Content:
    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


@given(st.sets(st.integers(1, sum(len(line) + 1 for line in LINES) - 1)))
def test_lines_are_told_or_left_wherever_they_are_cut(cuts: set[int]) -> None:
    text, listener = b"\n".join([*LINES, b""]), Listener()
    places = [0, *sorted(cuts), len(text)]
    content: Any = Content([text[begin:end] for begin, end in itertools.pairwise(places)])

    async def read() -> bytes:
        return b"".join([chunk async for chunk in _Stream(content, listener).iter_chunked(1024)])

    assert asyncio.run(read()).splitlines() == LEFT
    assert listener.heard == [("MODIFIED", "a"), ("DELETED", "b")]


@pytest.mark.parametrize("line", [b"", b"not json", b"[]", b'{"type":"ADDED"}', b'{"type":"ADDED","object":{}}'])
def test_what_is_no_event_of_an_object_is_left_to_kopf(line: bytes) -> None:
    assert not is_told(line, Listener())


async def test_watches_are_divided_and_lists_are_not() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"\n".join([*LINES, b""]))

    application, listener = web.Application(), Listener()
    application.router.add_get("/", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    url = f"http://{host}:{port}"
    divided: ClientSession = session(ConnectionInfo(server=url), listener).aiohttp_session
    async with divided:
        async with divided.get(url) as response:
            assert len((await response.read()).splitlines()) == len(LINES)
        assert listener.heard == []
        async with divided.get(f"{url}/?watch=true") as response:
            left = b"".join([chunk async for chunk in response.content.iter_chunked(1024)])
    await runner.cleanup()
    assert left.splitlines() == LEFT
    assert listener.heard == [("MODIFIED", "a"), ("DELETED", "b")]

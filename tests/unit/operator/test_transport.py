"""What the API server says beside its objects, or does not say: a silent stream, a wish to wait."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from kubernetes.aio.client import Configuration

from sentiment_operator.cluster import transport
from sentiment_operator.cluster.api_server import ApiServer
from sentiment_operator.cluster.errors import Away
from sentiment_operator.facts.observed import Manifest


@asynccontextmanager
async def served(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncGenerator[ApiServer]:
    """A client of a server that answers everything so."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        host, port = runner.addresses[0][:2]
        async with asyncio.timeout(10), ApiServer(Configuration(host=f"http://{host}:{port}")) as client:
            yield client
    finally:
        await runner.cleanup()


async def _one_line_and_no_more(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b'{"type":"BOOKMARK"}\n')
    await asyncio.Event().wait()
    return response


def test_a_stream_that_falls_silent_ends_long_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = transport.STREAM_TIMEOUT
    assert limits.sock_read is not None
    assert limits.total is not None
    assert 60 < limits.sock_read < limits.total / 3
    quick = aiohttp.ClientTimeout(total=limits.total, sock_read=limits.sock_read / 1000)
    monkeypatch.setattr(transport, "STREAM_TIMEOUT", quick)

    heard = list[list[Manifest]]()

    async def listen(client: ApiServer) -> None:
        async for lines in transport.stream(client, "/watched", {}):
            heard.append(lines)

    async def story() -> None:
        async with served(_one_line_and_no_more) as client:
            with pytest.raises(Away):
                await listen(client)

    asyncio.run(story())
    assert heard == [[{"type": "BOOKMARK"}]]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7.0), ("999999", 60.0), ("9" * 400, 60.0)]
    + [(odd, 0.0) for odd in ("", "-1", "1.5", "²", "٣", "Wed, 21 Oct 2026 07:28:00 GMT")],
)
def test_a_wish_to_wait_is_heeded_within_bounds(said: str, seconds: float) -> None:
    async def asks_to_wait(request: web.Request) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": said})

    async def story() -> transport.Answer:
        async with served(asks_to_wait) as client:
            return await transport.send(client, "GET", "/busy", None, None, transport.JSON)

    assert asyncio.run(story()) == transport.Answer(429, b"", seconds)

"""A stream of the API server that goes on without a word."""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from kubernetes.aio.client import Configuration

from sentiment_operator.cluster import transport
from sentiment_operator.cluster.api_server import ApiServer
from sentiment_operator.cluster.errors import Away
from sentiment_operator.facts.observed import Manifest


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
        app = web.Application()
        app.router.add_get("/watched", _one_line_and_no_more)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            host, port = runner.addresses[0][:2]
            async with asyncio.timeout(10), ApiServer(Configuration(host=f"http://{host}:{port}")) as client:
                with pytest.raises(Away):
                    await listen(client)
        finally:
            await runner.cleanup()

    asyncio.run(story())
    assert heard == [[{"type": "BOOKMARK"}]]

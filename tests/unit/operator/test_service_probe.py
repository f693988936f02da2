"""What the operator says when the known review gets no answer through the Service."""

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sentiment_operator.facts.observed import ServiceProbe
from sentiment_operator.probing import service_probe
from sentiment_operator.probing.service_probe import MOST_BYTES, PAUSES_SECONDS, readiness_trouble, through_service
from tests.support.ports import free_port


def service(port: int) -> dict[str, Any]:
    return {"spec": {"clusterIP": "127.0.0.1", "ports": [{"name": "http", "port": port}]}}


async def error_of(port: int) -> str:
    async with aiohttp.ClientSession() as session:
        return (await through_service(session, service(port))).error


async def test_a_service_without_an_endpoint_is_no_connection() -> None:
    assert (await error_of(free_port())).endswith("/predict: no connection")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (web.Response(text="<html>"), "the answer is not JSON"),
        (web.json_response({"title": "busy"}, status=503), "answered 503"),
        (web.json_response({"other": 1}), "answered 200"),
        (web.json_response({"sentiment": "x" * MOST_BYTES}), "the answer is longer than any that is expected"),
    ],
    ids=["something else listens", "overloaded", "another API", "no end of it"],
)
async def test_a_wrong_answer_is_told(answer: web.Response, said: str) -> None:
    async def reply(_: web.Request) -> web.Response:
        return answer

    app = web.Application()
    app.router.add_post("/predict", reply)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        assert said in await error_of(port)
    finally:
        await runner.cleanup()


async def test_a_service_without_an_address_is_not_asked() -> None:
    async with aiohttp.ClientSession() as session:
        assert (await through_service(session, None)).error == "the Service has no cluster address yet"


async def test_a_service_that_leads_nowhere_for_a_moment_is_asked_again() -> None:
    async def reply(_: web.Request) -> web.Response:
        return web.json_response({"sentiment": "positive"}, headers={"X-Model-Version": "1", "X-Model-Digest": "d"})

    app = web.Application()
    app.router.add_post("/predict", reply)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    async with aiohttp.ClientSession() as session:
        asking = asyncio.create_task(through_service(session, service(port)))
        await asyncio.sleep(PAUSES_SECONDS[0] / 2)
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            assert await asking == ServiceProbe(version="1", digest="d", error="")
        finally:
            await runner.cleanup()


@pytest.mark.parametrize(("more", "told"), [(0, "OutOfMemory"), (MOST_BYTES, None)], ids=["short", "no end of it"])
async def test_a_pod_says_why_it_is_not_ready_as_long_as_it_is_brief(
    more: int, told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def reply(_: web.Request) -> web.Response:
        return web.json_response({"reason": "OutOfMemory", "message": "m" + "x" * more}, status=503)

    app = web.Application()
    app.router.add_get("/readyz", reply)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    monkeypatch.setattr(service_probe, "HTTP_PORT", port)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with aiohttp.ClientSession() as session:
            trouble = await readiness_trouble(session, {"status": {"podIP": "127.0.0.1"}})
        assert (trouble.reason if trouble else None) == told
    finally:
        await runner.cleanup()

"""What serving pods count, read from the very text that a model server shows, and from real addresses."""

import math
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import generate_latest

from sentiment_contract.names import VERSION_LABEL
from sentiment_contract.rollout import PREDICT_ROUTES
from sentiment_operator.facts.observed import Answered
from sentiment_operator.probing import pod_metrics
from sentiment_operator.probing.pod_metrics import answered, by_version, of_versions, together
from sentiment_operator.probing.service_probe import MOST_BYTES
from sentiment_server.metrics import Metrics
from tests.support.ports import free_port


def exposition(*calls: tuple[str, int, float]) -> str:
    """What a model server shows after these calls: route, status, seconds."""
    metrics = Metrics("imdb", "1")
    for route, status, seconds in calls:
        metrics.answered(route, "POST", status, [seconds])
    return generate_latest(metrics.registry).decode()


PREDICT = PREDICT_ROUTES[0]
SOME = exposition((PREDICT, 200, 0.002), (PREDICT, 503, 0.2), (PREDICT_ROUTES[2], 422, 0.002))


def told(text: str) -> Answered:
    found = answered(text)
    assert found is not None
    return found


def named(name: str, version: str = "2", *, ready: bool = True) -> dict[str, Any]:
    """A pod that has this name."""
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": "2026-01-01T00:00:00Z"}
    return {
        "metadata": {"name": name, "labels": {VERSION_LABEL: version}},
        "status": {"conditions": [condition]},
    }


# What the text says


def test_requests_errors_and_seconds_of_predictions_are_counted() -> None:
    found = told(SOME)
    assert (found.requests, found.errors) == (3, 1)
    assert dict(found.buckets)[0.0025] == 2
    assert dict(found.buckets)[0.25] == 3
    assert found.buckets[-1] == (math.inf, 3)


@pytest.mark.parametrize("route", PREDICT_ROUTES)
def test_every_route_of_users_counts(route: str) -> None:
    assert told(exposition((route, 500, 0.1))).errors == 1


@pytest.mark.parametrize("route", ["/healthz", "/readyz", "/docs", "/v2/models/{model}", "unmatched"])
def test_probes_documents_and_mistakes_do_not_count(route: str) -> None:
    assert answered(exposition((route, 500, 30.0))) == Answered()


def test_a_server_that_nobody_asked_has_answered_nothing() -> None:
    assert answered(exposition()) == Answered()


def test_disagreements_count_beside_the_routes() -> None:
    text = "sentiment_compared_total 40.0\nsentiment_disagreements_total 3.0\nsentiment_comparing 1.0\n"
    assert answered(text) == Answered(compared=40, disagreements=3, comparing=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>not found</html>",
        "process_cpu_seconds_total 3.0",
        "sentiment_requests_total{route=",
        f'sentiment_requests_total{{route="{PREDICT}",status="500"}} NaN',
        f'sentiment_requests_total{{route="{PREDICT}",status="500"}} +Inf',
        f'sentiment_request_seconds_bucket{{route="{PREDICT}"}} 3.0',
        f'sentiment_request_seconds_bucket{{route="{PREDICT}",le="soon"}} 3.0',
        "\x00\x01",
    ],
)
def test_what_no_server_shows_is_no_answer(text: str) -> None:
    assert answered(text) is None


def test_several_pods_are_summed_bucket_by_bucket() -> None:
    other = exposition((PREDICT, 200, 3.0))
    parts = {"a": answered(SOME), "b": answered(other), "c": Answered(compared=5, disagreements=1, comparing=1)}
    whole = together([named(name) for name in parts], parts)
    assert (whole.by_pod, whole.comparing) == ({"a": 3, "b": 1, "c": 0}, 1)
    assert (whole.requests, whole.errors, whole.compared, whole.disagreements) == (4, 1, 5, 1)
    assert dict(whole.buckets)[2.5] == 3
    assert whole.buckets[-1] == (math.inf, 4)


def test_pods_that_nobody_asked_do_not_disturb_the_sum() -> None:
    whole = together([named("a"), named("b")], {"a": Answered(), "b": answered(SOME)})
    assert replace(whole, by_pod={}) == answered(SOME)


def test_a_ready_pod_that_does_not_tell_is_named_and_one_that_is_not_ready_need_not_tell() -> None:
    whole = together([named("a"), named("b", ready=False), named("c")], {"a": answered(SOME), "b": None, "c": None})
    assert (whole.silent, whole.by_pod) == (("c",), {"a": 3})


def test_a_pod_that_is_ending_counts_for_nothing() -> None:
    ending = named("a")
    ending["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    parts = {"a": answered(SOME), "b": Answered()}
    assert of_versions([ending, named("b")], parts)["2"] == Answered(by_pod={"b": 0})
    assert of_versions([ending], parts) == {}


# What the addresses say


def pod(address: str, version: str = "2") -> dict[str, Any]:
    """A pod that has the name of its address and is ready."""
    shown = named(address or "new", version)
    return {**shown, "status": {**shown["status"], "podIP": address}}


@asynccontextmanager
async def pods_at(port: int, monkeypatch: pytest.MonkeyPatch, *addresses: str) -> AsyncGenerator[None, None]:
    """Model servers at these addresses, on the port that stands for that of metrics."""
    monkeypatch.setattr(pod_metrics, "METRICS_PORT", port)

    async def show(_: web.Request) -> web.Response:
        return web.Response(text=SOME)

    app = web.Application()
    app.router.add_get("/metrics", show)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        for address in addresses:
            await web.TCPSite(runner, address, port).start()
        yield
    finally:
        await runner.cleanup()


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


async def asked(*pods: dict[str, Any]) -> dict[str, Answered]:
    async with aiohttp.ClientSession() as session:
        return await by_version(session, pods)


async def test_pods_are_told_apart_by_their_version(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pods_at(free_port(), monkeypatch, "127.0.0.1", "127.0.0.2"):
        found = await asked(pod("127.0.0.1", "1"), pod("127.0.0.1", "2"), pod("127.0.0.2", "2"))
    assert {label: part.requests for label, part in found.items()} == {"1": 3, "2": 6}


async def test_a_pod_with_an_ipv6_address_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    async with pods_at(free_port(), monkeypatch, "::1"):
        assert (await asked(pod("::1")))["2"].requests == 3


async def test_a_pod_without_an_address_or_without_an_answer_counts_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with pods_at(free_port(), monkeypatch, "127.0.0.1"):
        found = await asked(pod(""), pod("127.0.0.2"), pod("127.0.0.1"))
    assert (found["2"].requests, found["2"].by_pod) == (3, {"127.0.0.1": 3})
    assert found["2"].silent == ("127.0.0.2", "new")


async def test_a_pod_that_takes_the_connection_and_hangs_costs_the_timeout_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pod_metrics, "TIMEOUT", aiohttp.ClientTimeout(total=0.2))
    with socket.create_server(("127.0.0.3", 0)) as silent:
        port = silent.getsockname()[1]
        async with pods_at(port, monkeypatch, "127.0.0.1"):
            # Far more than are asked at once would hang a minute one after the other.
            found = await asked(*[pod("127.0.0.3", "1")] * pod_metrics.AT_ONCE, pod("127.0.0.1", "2"))
    assert found == {
        "1": Answered(silent=("127.0.0.3",)),
        "2": replace(told(SOME), by_pod={"127.0.0.1": 3}),
    }


@pytest.mark.parametrize(
    ("text", "status"),
    [(SOME, 500), (SOME + "# " + "x" * MOST_BYTES + "\n", 200)],
    ids=["a page of errors", "more than a server has to show"],
)
async def test_what_is_no_page_of_a_server_counts_for_nothing(
    text: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def show(_: web.Request) -> web.Response:
        page = web.Response(text=text, status=status)
        page.enable_compression()
        return page

    app = web.Application()
    app.router.add_get("/metrics", show)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    monkeypatch.setattr(pod_metrics, "METRICS_PORT", port)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        assert await asked(pod("127.0.0.1")) == {"2": Answered(silent=("127.0.0.1",))}
    finally:
        await runner.cleanup()


def test_no_pod_is_waited_for_longer_than_two_seconds() -> None:
    assert (pod_metrics.TIMEOUT.total, pod_metrics.TIMEOUT.sock_connect) == (2, 1)

"""A canary behind a real Gateway gets its share to the percent, however few pods there are, and no request fails."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.gateway import NAME, Gateway, a_gateway, said_of_the_route, the_gateway_api, weights
from tests.e2e.shop import MORE, Shop, data, model
from tests.e2e.traffic import traffic
from tests.support.eventually import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.campaign, pytest.mark.exclusive, pytest.mark.timeout(2400)]

PODS, WEIGHT, TOLERANCE = 2, 10, 3
REQUESTS = 2000
LEAST = {"requests": {"cpu": "50m", "memory": "96Mi"}}
DIVIDED: dict[str, Any] = {
    "strategy": "Canary",
    "router": "GatewayAPI",
    "gateway": {"name": NAME},
    "steps": [{"weightPercent": WEIGHT, "pauseSeconds": 5, "minRequests": REQUESTS * 3 // 2 * WEIGHT // 100}],
    "analysis": {"maxErrorPercent": 1},
}
"""The step lasts for some 3,000 requests, and so for longer than its share is measured."""


@pytest.fixture(scope="module")
def gateway(shop: Shop) -> Iterator[Gateway]:
    """Model `imdb` serves version 1 through a Gateway."""
    with the_gateway_api(), a_gateway(shop) as opened:
        shop.apply(model(serving={"replicas": PODS, "resources": LEAST}, rollout=DIVIDED))
        shop.is_ready("imdb", "1", 300)
        eventually("the Gateway takes the route", lambda: '"Accepted"' in said_of_the_route(shop))
        eventually("it answers", lambda: answers(shop, opened))
        try:
            yield opened
        finally:
            shop.kubectl("delete", "smod", "imdb", "--wait=true")


def answers(shop: Shop, gateway: Gateway) -> bool:
    try:
        return shop.ask(gateway.address, "a wonderful film")[0]["version"] == "1"
    except OSError:
        return False


def test_a_tenth_of_the_requests_is_a_tenth_with_two_pods_and_none_fails(shop: Shop, gateway: Gateway) -> None:
    with traffic(gateway.address, per_second=60, callers=6, keeping=0) as told:
        shop.patch("smod", "imdb", {"spec": {"version": "2", "data": data(MORE)}})
        shop.becomes("imdb", "RolledOut", "CanaryRunning", status="False", seconds=180)
        eventually("version 2 answers", lambda: "2" in told.versions())
        began = told.first("2", 0.0)
        eventually("enough requests", lambda: told.share("2", began, time.monotonic())[1] >= REQUESTS, 120)
        percent, requests = told.share("2", began, time.monotonic())
        measured = shop.the("smod", "imdb")["status"]["canaryPercent"]
        assert weights(shop) == {"imdb": 100 - WEIGHT, "imdb-candidate": WEIGHT}
        shop.is_ready("imdb", "2", 300)
        ready = time.monotonic()
        eventually("some more answers", lambda: told.answers[-1].began > ready + 3)
    print(
        f"\n{requests} requests with fresh connections: {percent:.1f} % for weight {WEIGHT}, status says {measured} %;"
        f" {len(told.answers)} requests from the edit to Ready and after at {told.rate():.0f}/s,"
        f" {len(told.failures())} failed"
    )
    assert not told.failures(), told.failures()[:5]
    assert abs(percent - WEIGHT) <= TOLERANCE
    assert abs(measured - WEIGHT) <= TOLERANCE
    assert told.versions(since=ready) == {"2"}
    assert weights(shop) == {"imdb": 100}
    eventually("nothing is left of the candidate", lambda: shop.get("service", "imdb-candidate") is None)


def test_going_back_in_the_middle_of_a_step_fails_no_request(shop: Shop, gateway: Gateway) -> None:
    with traffic(gateway.address, per_second=60, callers=6, keeping=0) as told:
        shop.patch("smod", "imdb", {"spec": {"version": "3", "data": {"rows": 2400}}})
        shop.becomes("imdb", "RolledOut", "CanaryRunning", status="False", seconds=180)
        eventually("version 3 answers", lambda: "3" in told.versions())
        shop.patch("smod", "imdb", {"spec": {"version": "2"}})
        shop.is_ready("imdb", "2")
        ready = time.monotonic()
        eventually("some more answers", lambda: told.answers[-1].began > ready + 5)
    print(f"\n{len(told.answers)} requests, {len(told.failures())} failed")
    assert not told.failures(), told.failures()[:5]
    assert told.versions(since=ready) == {"2"}
    assert shop.get("service", "imdb-candidate") is None
    assert shop.get("deployment", "imdb-candidate") is None


def test_a_gateway_that_does_not_exist_holds_the_step_and_says_so(shop: Shop, gateway: Gateway) -> None:
    nowhere = {**DIVIDED, "gateway": {"name": "nowhere"}}
    shop.patch("smod", "imdb", {"spec": {"version": "4", "rollout": nowhere, "data": {"rows": 2200}}})
    found = shop.becomes("imdb", "Stalled", "RouteNotAccepted", seconds=180)
    assert f"Gateway {shop.namespace}/nowhere" in found["message"]
    assert "Next: kubectl" in found["message"]
    shop.patch("smod", "imdb", {"spec": {"rollout": DIVIDED}})
    shop.becomes("imdb", "RolledOut", "CanaryRunning", status="False", seconds=180)
    shop.patch("smod", "imdb", {"spec": {"version": "2"}})
    shop.is_ready("imdb", "2")

"""Versions switch under constant traffic: no request fails, and every answer is of one version or the other."""

import statistics
import time
from dataclasses import dataclass

import pytest

from tests.e2e.shop import Shop
from tests.e2e.traffic import Traffic, traffic

pytestmark = pytest.mark.e2e
LEAST_PER_SECOND = 20
FIRST_ANSWER_SECONDS, READY_SECONDS = 5.0, 15.0
UNHURRIED = 3.0
"""The sample shares the machine with whatever else runs: it fails only where something is plainly slow."""


@dataclass(frozen=True, slots=True)
class Switch:
    """How long a switch took, in seconds from the edit."""

    first_answer: float
    ready: float


def test_two_switches_under_traffic_fail_no_request(two_versions: Shop) -> None:
    switches = switched_under_traffic(two_versions, times=2)
    assert max(switch.first_answer for switch in switches) <= FIRST_ANSWER_SECONDS * UNHURRIED
    assert max(switch.ready for switch in switches) <= READY_SECONDS * UNHURRIED


@pytest.mark.campaign
@pytest.mark.timeout(900)
def test_ten_switches_under_traffic_fail_no_request(two_versions: Shop) -> None:
    switches = switched_under_traffic(two_versions, times=10)
    assert max(switch.first_answer for switch in switches) <= FIRST_ANSWER_SECONDS
    assert max(switch.ready for switch in switches) <= READY_SECONDS


def switched_under_traffic(shop: Shop, times: int) -> list[Switch]:
    with traffic(shop.address("imdb")) as told:
        switches = [switch(shop, told, "12"[number % 2]) for number in range(times)]
    assert not told.failures()
    assert told.versions() == {"1", "2"}
    assert told.rate() >= LEAST_PER_SECOND
    first, ready = ([getattr(one, name) for one in switches] for name in ("first_answer", "ready"))
    print(
        f"\n{len(told.answers)} requests at {told.rate():.0f}/s, 0 failed; first new answer {min(first):.1f}–"
        f"{max(first):.1f} s (median {statistics.median(first):.1f}), Ready {min(ready):.1f}–{max(ready):.1f} s "
        f"(median {statistics.median(ready):.1f})"
    )
    return switches


def switch(shop: Shop, told: Traffic, version: str) -> Switch:
    """Edit the field, wait for Ready, and see that from then on the wanted version alone answers."""
    began = time.monotonic()
    shop.patch("smod", "imdb", {"spec": {"version": version}})
    shop.is_ready("imdb", version, seconds=60)
    ready = time.monotonic()
    seen = len(told.answers)
    while len(told.answers) < seen + 3 * LEAST_PER_SECOND:
        time.sleep(0.1)
    assert told.versions(since=ready) == {version}
    return Switch(told.first(version, began) - began, ready - began)

"""Canaries again and again under heavy traffic: each gets the share that it was to get, and nobody notices an end of one."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.e2e.rollouts import PODS, assert_nothing_left, assert_unnoticed, progress, serve_1, want
from tests.e2e.shop import MORE, Manifest, Shop
from tests.e2e.traffic import Traffic, traffic
from tests.support.eventually import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.campaign, pytest.mark.exclusive, pytest.mark.timeout(3600)]

PROMOTIONS, ABORTS = 20, 10
LEAST_PER_SECOND = 200
LEAST_PER_STEP = 2000
POINTS = 3.0
"""So far may a measured share be from the weight."""
PAUSE_SECONDS = 22
"""Twice as many requests as have to be counted: a share of 4,000 is off by its own noise 3 points once in 10,000 steps."""
WEIGHTS = (33, 50)
"""One candidate beside two pods, and two: what pod counts can give exactly."""
SEED = 1100
"""Each version is learnt from other reviews, since the same model again would need no rollout."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one step gave to the candidate, as its users and as the status saw it."""

    weight: int
    measured: float
    told: int
    requests: int


@pytest.fixture(scope="module")
def stable(shop: Shop) -> Shop:
    """Version 1 serves with two pods."""
    serve_1(shop)
    return shop


@contextmanager
def heavy(shop: Shop) -> Generator[Traffic]:
    """Fresh connections alone; no request fails."""
    with traffic(shop.address("imdb"), per_second=LEAST_PER_SECOND * 1.1, callers=22, keeping=0) as told:
        yield told
    assert_unnoticed(told)


def canary(weight: int, seconds: float, **more: Manifest) -> Manifest:
    return {"strategy": "Canary", "steps": [{"weightPercent": weight, "pauseSeconds": seconds}], **more}


def test_twenty_promotions(stable: Shop) -> None:
    began = time.monotonic()
    with heavy(stable) as told:
        shares = [promoted(stable, told, number) for number in range(PROMOTIONS)]
    print(f"\n{PROMOTIONS} promotions in {time.monotonic() - began:.0f} s: {figures(told)}")
    for weight in WEIGHTS:
        of = [share for share in shares if share.weight == weight]
        print(
            f"weight {weight}: users measured {min(s.measured for s in of):.1f}-{max(s.measured for s in of):.1f} %, "
            f"the status told {min(s.told for s in of)}-{max(s.told for s in of)} %, "
            f"at least {min(s.requests for s in of)} requests a step"
        )
    assert told.rate() >= LEAST_PER_SECOND
    assert all(share.requests >= LEAST_PER_STEP for share in shares), shares
    assert all(abs(share.measured - share.weight) <= POINTS for share in shares), shares
    assert all(abs(share.told - share.weight) <= POINTS for share in shares), shares


def promoted(shop: Shop, told: Traffic, number: int) -> Share:
    """One version takes over, and the share that it had before."""
    version, weight = f"up-{number}", WEIGHTS[number % len(WEIGHTS)]
    want(shop, version, canary(weight, PAUSE_SECONDS), seed=SEED + number)
    eventually(f"{version} answers", lambda: progress(shop).get("requests", 0) > 0, 180)
    since = until = time.monotonic()
    seen = 0
    while (status := shop.the("smod", "imdb")["status"]).get("rollout"):
        until, seen = time.monotonic(), status.get("canaryPercent", seen)
        time.sleep(0.2)
    measured, requests = told.share(version, since, until - 1)
    shop.is_ready("imdb", version)
    assert_nothing_left(shop)
    return Share(weight, measured, seen, requests)


def test_ten_aborts(stable: Shop) -> None:
    before = stable.the("smod", "imdb")["status"]["servingVersion"]
    with heavy(stable) as told:
        for number in range(ABORTS):
            (edited_back if number % 2 else rolled_back)(stable, before, number)
    print(f"\n{ABORTS} aborts: {figures(told)}")
    assert told.rate() >= LEAST_PER_SECOND


def edited_back(shop: Shop, before: str, number: int) -> None:
    """Somebody thinks better of it in the middle of a step."""
    want(shop, f"no-{number}", canary(50, 3600), seed=SEED + 50 + number)
    eventually("the candidate answers", lambda: progress(shop).get("requests", 0) > 0, 180)
    end_with(shop, before)


def rolled_back(shop: Shop, before: str, number: int) -> None:
    """The candidate judges otherwise than what serves."""
    agreeing = canary(50, 3600, analysis={"maxDisagreementPercent": 10, "minSamples": 50})
    want(shop, f"no-{number}", agreeing, path="flipped.csv", seed=SEED + 50 + number)
    shop.becomes("imdb", "Stalled", "RolledBack", seconds=180)
    assert shop.the("smod", "imdb")["status"]["servingVersion"] == before
    end_with(shop, before)


def end_with(shop: Shop, version: str) -> None:
    want(shop, version, {"strategy": "RollingUpdate", "steps": None}, path=MORE)
    shop.is_ready("imdb", version)
    assert_nothing_left(shop)
    assert len(shop.servers("imdb")) >= PODS


def figures(told: Traffic) -> str:
    return f"{len(told.answers)} requests at {told.rate():.0f}/s over fresh connections, {len(told.failures())} failed"

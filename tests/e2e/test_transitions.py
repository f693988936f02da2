"""A sample of the table of transitions on the real cluster: each ends where it has to, and no user notices."""

import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from demo.installation import NAMESPACE as SYSTEM
from demo.installation import RELEASE
from tests.e2e import node
from tests.e2e.rollouts import PODS, assert_nothing_left, assert_unnoticed, left_at_1, progress, serve_1, want
from tests.e2e.shop import Manifest, Shop
from tests.e2e.traffic import traffic
from tests.support.eventually import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.campaign, pytest.mark.exclusive, pytest.mark.timeout(900)]

STEP = {"pauseSeconds": 4, "minRequests": 20}
STRATEGIES: dict[str, Manifest] = {
    "Canary": {"strategy": "Canary", "steps": [{"weightPercent": 33, **STEP}, {"weightPercent": 50, **STEP}]},
    "BlueGreen": {"strategy": "BlueGreen", "steps": [STEP]},
    "Shadow": {"strategy": "Shadow", "steps": [{"weightPercent": 50, **STEP}]},
}
_seeds = count(1500)
"""Each version is learnt from other reviews, since the same model again would need no rollout."""


@pytest.fixture(scope="module")
def stable(shop: Shop) -> Shop:
    """Version 1 serves with two pods."""
    serve_1(shop)
    return shop


# Where it is


def starts(shop: Shop, _: str) -> bool:
    return shop.get("deployment", "imdb-candidate") is not None


def last_step(shop: Shop, _: str) -> bool:
    told = progress(shop)
    return told.get("step", 0) > 0 and told["step"] == told["steps"]


def takes_over(shop: Shop, version: str) -> bool:
    labels = shop.the("deployment", "imdb")["spec"]["template"]["metadata"]["labels"]
    return labels["rottenpotatoes.com/version"] == version


# What happens, and the version that serves in the end


def edit_back(shop: Shop, version: str) -> str:
    shop.patch("smod", "imdb", {"spec": {"version": "1"}})
    return "1"


def edit_forward(shop: Shop, version: str) -> str:
    following = f"{version}-next"
    change = {"version": following, "training": {"parameters": {"seed": next(_seeds)}}}
    shop.patch("smod", "imdb", {"spec": change})
    return following


def kill(shop: Shop, version: str) -> str:
    (operator,) = Shop(SYSTEM).every("pods", f"app.kubernetes.io/name={RELEASE}")
    node.kill(operator, RELEASE)
    # Started again in its pod, it would wait longer from kill to kill.
    Shop(SYSTEM).kubectl("delete", "pod", operator["metadata"]["name"], "--wait=false")
    return version


def scaled_up(shop: Shop, version: str) -> str:
    shop.patch("smod", "imdb", {"spec": {"serving": {"replicas": PODS + 1}}})
    return version


def candidate_deleted(shop: Shop, version: str) -> str:
    shop.kubectl("delete", "deployment", "imdb-candidate", "--ignore-not-found", "--wait=false")
    return version


def suspended_for_a_while(shop: Shop, version: str) -> str:
    shop.patch("smod", "imdb", {"spec": {"suspend": True}})
    shop.becomes("imdb", "Ready", "Suspended", status="False")
    shop.patch("smod", "imdb", {"spec": {"suspend": False}})
    return version


EVENTS = (edit_back, edit_forward, kill, scaled_up, candidate_deleted, suspended_for_a_while)
CELLS: list[Any] = [
    *((strategy, point, event) for strategy in STRATEGIES for point in (starts, last_step) for event in EVENTS),
    *((strategy, takes_over, event) for strategy in ("Canary", "BlueGreen") for event in (edit_back, kill)),
]
NOTICED = {("BlueGreen", last_step, candidate_deleted)}
"""Whoever deletes the pods that have all requests takes away what answers, until requests have found their way back."""


def _spelled(part: Any) -> str:
    return part.__name__.replace("_", " ") if callable(part) else str(part)


@pytest.mark.parametrize(("strategy", "point", "event"), CELLS, ids=_spelled)
def test_every_cell_reaches_its_end(
    stable: Shop, strategy: str, point: Callable[[Shop, str], bool], event: Callable[[Shop, str], str]
) -> None:
    began, seed = time.monotonic(), next(_seeds)
    version = f"t{seed}"
    with left_at_1(stable):
        with traffic(stable.address("imdb"), per_second=30, callers=6, keeping=2) as told:
            want(stable, version, STRATEGIES[strategy], seed=seed)
            eventually(f"it {_spelled(point)}", lambda: point(stable, version), 180)
            end = event(stable, version)
            stable.is_ready("imdb", end)
            assert_nothing_left(stable)
        if (strategy, point, event) not in NOTICED:
            assert_unnoticed(told)
        else:
            assert told.versions(since=told.answers[-1].began - 1) == {end}
    print(f" {len(told.answers)} requests, {len(told.failures())} failed, {time.monotonic() - began:.0f} s")

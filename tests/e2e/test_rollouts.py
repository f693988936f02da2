"""A new version takes over step by step, or is rolled back, and users of the one that serves notice nothing of it."""

import time
from collections.abc import Iterator

import pytest

from tests.e2e import node, stored
from tests.e2e.rollouts import (
    PODS,
    assert_nothing_left,
    assert_unnoticed,
    candidates,
    left_at_1,
    progress,
    serve_1,
    want,
)
from tests.e2e.shop import Manifest, Shop
from tests.e2e.traffic import traffic
from tests.support.eventually import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

HALF = {"weightPercent": 50, "pauseSeconds": 3, "minRequests": 100}
THIRD = {"weightPercent": 33, "pauseSeconds": 3, "minRequests": 100}
CANARY = {"strategy": "Canary", "steps": [THIRD, HALF], "analysis": {"maxErrorPercent": 1}}


@pytest.fixture(scope="module")
def stable(shop: Shop) -> Shop:
    """Model `imdb` serves version 1 with two pods."""
    serve_1(shop)
    return shop


@pytest.fixture
def back_at_1(stable: Shop) -> Iterator[Shop]:
    """Whatever a test does, version 1 serves before and after it."""
    with left_at_1(stable):
        yield stable


def test_a_canary_takes_over_in_steps_and_its_pods_stay(stable: Shop) -> None:
    with traffic(stable.address("imdb"), per_second=60, callers=6, keeping=1) as told:
        want(stable, "2", CANARY)
        stable.becomes("imdb", "RolledOut", "CanaryRunning", status="False")
        assert stable.the("smod", "imdb")["status"]["candidateVersion"] == "2"
        eventually("as many candidates as pods", lambda: len(candidates(stable, "2")) == PODS, 90)
        before = candidates(stable, "2")
        stable.is_ready("imdb", "2")
        ready = time.monotonic()
        assert candidates(stable, "2") == before, "promoted, not started anew"
        eventually("some more answers", lambda: len(told.answers) and told.answers[-1].began > ready + 2)
    assert_unnoticed(told)
    assert told.versions(since=ready) == {"2"}
    assert_nothing_left(stable)


def test_the_way_back_needs_no_candidate(stable: Shop) -> None:
    jobs = stable.jobs()
    stable.patch("smod", "imdb", {"spec": {"version": "1"}})
    stable.is_ready("imdb", "1")
    assert stable.jobs() <= jobs
    assert_nothing_left(stable)


@pytest.mark.campaign
def test_a_candidate_that_answers_late_is_rolled_back_with_figures(back_at_1: Shop) -> None:
    shop = back_at_1
    strict = {
        **CANARY,
        "steps": [{**HALF, "pauseSeconds": 30}],
        "analysis": {"maxP95Milliseconds": 60, "minSamples": 50},
    }
    with traffic(shop.address("imdb"), per_second=40, callers=8, keeping=0) as told:
        want(shop, "slow", strict, maxFeatures=1100)
        for pod in eventually("candidates run", lambda: running(shop, "slow")):
            node.slow_down(pod, "sentiment", percent=1)
        found = shop.becomes("imdb", "Stalled", "RolledBack", seconds=180)
        assert "95 % of requests were answered within" in found["message"]
        assert "Next: kubectl" in found["message"]
        eventually("the candidates are gone", lambda: not candidates(shop, "slow"), 60)
    assert_unnoticed(told)
    (failure,) = shop.the("smrev", "imdb.slow")["status"]["failedRollouts"]
    assert failure["reason"] == "LimitExceeded"
    status = shop.the("smod", "imdb")["status"]
    assert (status["wantedVersion"], status["servingVersion"]) == ("slow", "1")


def running(shop: Shop, version: str) -> list[Manifest]:
    pods = shop.every("pods", f"app.kubernetes.io/instance=imdb,rottenpotatoes.com/version={version}")
    serving = [pod for pod in pods if pod["metadata"]["labels"]["app.kubernetes.io/component"] == "server"]
    ready = [pod for pod in serving if all(c.get("ready") for c in pod["status"].get("containerStatuses", [{}]))]
    return ready if len(ready) == PODS else []


@pytest.mark.campaign
def test_a_candidate_that_cannot_start_is_rolled_back_at_once(back_at_1: Shop) -> None:
    shop = back_at_1
    shop.patch("smod", "imdb", {"spec": {"promotion": {"approval": {"policy": "Manual"}}}})
    with traffic(shop.address("imdb"), per_second=40, callers=4, keeping=2) as told:
        want(shop, "torn", CANARY, maxFeatures=1150)
        shop.becomes("imdb", "AwaitingApproval", "ApprovalRequested")
        with stored.damaged(shop, "torn"):
            shop.patch("smod", "imdb", {"spec": {"promotion": None}})
            found = shop.becomes("imdb", "Stalled", "RolledBack", seconds=90)
            eventually("the candidates are gone", lambda: not candidates(shop, "torn"), 60)
    assert "DigestMismatch" in found["message"] or "digest" in found["message"]
    assert_unnoticed(told)
    assert told.versions() == {"1"}


@pytest.mark.campaign
def test_the_autoscaler_scales_what_serves_alone_and_its_pods_stay_when_sides_swap(back_at_1: Shop) -> None:
    shop = back_at_1
    autoscaled: Manifest = {"replicas": None, "autoscaling": {"minReplicas": PODS + 1, "maxReplicas": PODS + 2}}
    shop.patch("smod", "imdb", {"spec": {"serving": autoscaled}})
    try:
        eventually("the autoscaler wants one more", lambda: len(shop.servers("imdb")) == PODS + 1, 120)
        shop.is_ready("imdb", "1")
        with traffic(shop.address("imdb"), per_second=40, callers=4, keeping=2) as told:
            want(shop, "scaled", CANARY, maxFeatures=1250)
            shop.becomes("imdb", "RolledOut", "CanaryRunning", status="False")
            (autoscaler,) = shop.every("hpa", "app.kubernetes.io/instance=imdb")
            assert autoscaler["spec"]["scaleTargetRef"]["name"] == "imdb"
            while shop.the("smod", "imdb")["status"].get("rollout"):
                assert shop.the("deployment", "imdb")["spec"]["replicas"] > PODS
                time.sleep(0.2)
            shop.is_ready("imdb", "scaled")
        assert_unnoticed(told)
        assert len(shop.servers("imdb")) > PODS
    finally:
        shop.patch("smod", "imdb", {"spec": {"serving": {"autoscaling": None, "replicas": PODS}}})


@pytest.mark.campaign
def test_blue_and_green_never_answer_at_the_same_time(back_at_1: Shop) -> None:
    shop = back_at_1
    with traffic(shop.address("imdb"), per_second=60, callers=6, keeping=0) as told:
        want(
            shop,
            "green",
            {"strategy": "BlueGreen", "steps": [{"pauseSeconds": 5, "minRequests": 50}]},
            maxFeatures=1200,
        )
        shop.becomes("imdb", "RolledOut", "BlueGreenRunning", status="False")
        shop.is_ready("imdb", "green")
    assert_unnoticed(told)
    first = told.first("green", 0)
    mixed = [answer for answer in told.answers if answer.version == "1" and answer.began > first + 1]
    assert not mixed, "the switch is one moment, give or take a second of the node's proxy"


@pytest.mark.campaign
def test_a_shadow_gets_copies_and_answers_nobody(back_at_1: Shop) -> None:
    shop = back_at_1
    shadow = {
        "strategy": "Shadow",
        "steps": [{"weightPercent": 100, "minRequests": 100}],
        "analysis": {"maxErrorPercent": 1, "maxDisagreementPercent": 50},
    }
    with traffic(shop.address("imdb"), per_second=40, callers=4, keeping=2) as told:
        want(shop, "shade", shadow, maxFeatures=1300)
        shop.becomes("imdb", "RolledOut", "ShadowRunning", status="False")
        assert candidates(shop, "shade", "shadow")
        assert not candidates(shop, "shade")
        eventually("copies are answered", lambda: progress(shop).get("requests", 0) >= 50, 180)
        assert told.versions() == {"1"}
        shop.is_ready("imdb", "shade", 240)
    assert_unnoticed(told)
    assert_nothing_left(shop)


@pytest.mark.campaign
def test_a_candidate_that_disagrees_too_much_is_rolled_back(back_at_1: Shop) -> None:
    shop = back_at_1
    agreeing = {**CANARY, "analysis": {"maxDisagreementPercent": 30, "minSamples": 30}}
    with traffic(shop.address("imdb"), per_second=40, callers=4, keeping=0) as told:
        want(shop, "flipped", agreeing, path="flipped.csv")
        found = shop.becomes("imdb", "Stalled", "RolledBack", seconds=180)
    assert "judged otherwise" in found["message"]
    assert_unnoticed(told)


def test_an_edit_back_in_the_middle_leaves_nothing(back_at_1: Shop) -> None:
    shop = back_at_1
    with traffic(shop.address("imdb"), per_second=40, callers=4, keeping=2) as told:
        want(shop, "never", {"strategy": "Canary", "steps": [{**HALF, "pauseSeconds": 3600}]}, maxFeatures=1400)
        shop.becomes("imdb", "RolledOut", "CanaryRunning", status="False")
        shop.patch("smod", "imdb", {"spec": {"version": "1"}})
        shop.is_ready("imdb", "1")
    assert_unnoticed(told)
    assert_nothing_left(shop)

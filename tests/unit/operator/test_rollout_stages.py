"""How many pods a stage has, and which requests it gets, for every weight and every number of pods that serve."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sentiment_operator.api.rollout import Rollout
from sentiment_operator.rollout.stages import Flow, stages

PODS = some.integers(1, 500)
HALF_A_POD = Fraction(1, 2)


def way(document: dict[str, Any], pods: int = 4) -> list[tuple[Flow, int, int]]:
    return [(stage.flow, stage.weight, stage.pods) for stage in stages(Rollout.model_validate(document), pods)]


def pods_for(weight: int, pods: int, **more: Any) -> int:
    """Pods of the candidate in a stage with this weight beside so many."""
    (stage,) = way({"strategy": "Canary", "steps": [{"weightPercent": weight}], **more}, pods)
    return stage[2]


@given(weight=some.integers(1, 50), pods=PODS)
def test_as_many_pods_take_the_share_behind_one_service_as_whole_pods_allow(weight: int, pods: int) -> None:
    taken, exact = pods_for(weight, pods), Fraction(pods * weight, 100 - weight)
    assert taken >= 1
    assert abs(taken - exact) <= HALF_A_POD or (taken == 1 and exact < 1)


@given(weight=some.integers(1, 49), pods=PODS)
def test_more_weight_is_never_fewer_pods(weight: int, pods: int) -> None:
    assert pods_for(weight, pods) <= pods_for(weight + 1, pods) <= pods


@given(weight=some.integers(1, 100), pods=PODS)
def test_behind_a_gateway_the_candidate_can_carry_its_share_and_not_a_pod_more(weight: int, pods: int) -> None:
    taken = pods_for(weight, pods, router="GatewayAPI", gateway={"name": "g"})
    assert taken * 100 >= pods * weight
    assert taken == 1 or (taken - 1) * 100 < pods * weight


@pytest.mark.parametrize(
    ("pods", "weight", "taken"), [(1, 1, 1), (1, 50, 1), (4, 20, 1), (4, 50, 4), (10, 5, 1), (10, 30, 4), (99, 1, 1)]
)
def test_examples_of_pods_beside_others(pods: int, weight: int, taken: int) -> None:
    assert pods_for(weight, pods) == taken


@given(weight=some.integers(1, 100), pods=PODS)
def test_a_shadow_can_carry_the_copies_that_it_gets(weight: int, pods: int) -> None:
    ((flow, share, taken),) = way({"strategy": "Shadow", "steps": [{"weightPercent": weight}]}, pods)
    assert (flow, share) == (Flow.COPIES, weight)
    assert taken == max(1, -(-pods * weight // 100))


@given(pods=PODS)
def test_blue_green_has_all_pods_ready_before_any_request_and_then_all_requests(pods: int) -> None:
    assert way({"strategy": "BlueGreen"}, pods) == [(Flow.NONE, 0, pods), (Flow.ALL, 100, pods)]


def test_a_deployment_that_was_scaled_to_nothing_still_gets_a_candidate_of_one_pod() -> None:
    assert way({"strategy": "BlueGreen"}, 0) == [(Flow.NONE, 0, 1), (Flow.ALL, 100, 1)]
    assert pods_for(50, 0) == 1


def test_a_rolling_update_has_no_stages() -> None:
    assert way({}) == []


@pytest.mark.parametrize(
    ("analysis", "needed"),
    [({}, 7), ({"minSamples": 50}, 7), ({"maxErrorPercent": 1, "minSamples": 50}, 50), ({"maxErrorPercent": 1}, 100)],
    ids=["no limits", "samples without limits", "more samples than requests", "samples by default"],
)
def test_a_stage_needs_as_many_requests_as_its_step_and_its_limits_ask_for(
    analysis: dict[str, int], needed: int
) -> None:
    steps = [{"weightPercent": 10, "pauseSeconds": 3, "minRequests": 7}]
    (stage,) = stages(Rollout.model_validate({"strategy": "Canary", "steps": steps, "analysis": analysis}), 1)
    assert (stage.requests, stage.pause) == (needed, timedelta(seconds=3))


def test_before_blue_green_moves_requests_nothing_but_ready_pods_is_waited_for() -> None:
    document = {"strategy": "BlueGreen", "steps": [{"pauseSeconds": 60}], "analysis": {"maxErrorPercent": 1}}
    before, after = stages(Rollout.model_validate(document), 4)
    assert (before.pause, before.requests) == (timedelta(), 0)
    assert (after.pause, after.requests) == (timedelta(seconds=60), 100)

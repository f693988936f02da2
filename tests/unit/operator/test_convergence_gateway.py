"""A canary whose requests a Gateway divides: on every way, no request is led to where no pod is ready.

The Gateway follows the HTTPRoute with delay, may be away for a while, or take no route at all. What is asked after
every turn is asked of what it leads requests to by then, not of what was written.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from sentiment_contract.names import VERSION_LABEL
from sentiment_operator.api.status import ConditionType
from sentiment_operator.facts.observed import Answered
from sentiment_operator.kinds import DEPLOYMENT, HTTP_ROUTE, SERVICE
from sentiment_operator.reading.raw import labels_of, uid_of
from tests.support.builders import SETTINGS
from tests.support.seeds import seeds
from tests.unit.operator import test_convergence_rollout as rollouts
from tests.unit.operator.simulated_world import (
    NAME,
    Operator,
    World,
    for_seconds,
    killed_before_each_write,
    turn,
    until_quiet,
)
from tests.unit.operator.test_convergence import assert_honest, assert_ready, assert_rests, said, told
from tests.unit.operator.test_convergence_rollout import CANDIDATE, PODS, candidate, limited, reached, ready, rolled

WITH_GATEWAY_API = SETTINGS.model_copy(update={"gateway_api": True})
STEPS = [{"weightPercent": 10, "pauseSeconds": 30}, {"weightPercent": 60, "pauseSeconds": 30, "minRequests": 100}]
DIVIDED: dict[str, Any] = {
    "strategy": "Canary",
    "router": "GatewayAPI",
    "gateway": {"name": "public", "namespace": "edge"},
    "steps": STEPS,
}
BY_PODS: dict[str, Any] = {"strategy": "Canary", "steps": [{"weightPercent": 20, "pauseSeconds": 30}]}
WHOLE = {NAME: 100}


def serving(label: str, rollout: dict[str, Any] = DIVIDED) -> Operator:
    """A world in which this version serves with all of its pods, and nothing moves."""
    operator = Operator(World(), settings=WITH_GATEWAY_API, after_pass=assert_honest)
    operator.world.edit(rolled(label, rollout))
    until_quiet(operator)
    assert_ready(operator, label)
    return operator


def turned(operator: Operator) -> bool:
    """One turn, after which whoever asks is answered, through the Gateway as well as through the Service."""
    moved = turn(operator)
    assert len(reached(operator)) >= PODS, operator.writes[-5:]
    for name, weight in operator.world.led_to.items():
        assert not weight or pods_behind(operator, name), (operator.world.led_to, operator.writes[-5:])
    return moved


def pods_behind(operator: Operator, name: str) -> list[str]:
    """Versions of the ready pods that a Service leads to."""
    service = operator.world.objects.get((SERVICE, name))
    selector = service["spec"]["selector"] if service is not None else {"nothing": "is there"}
    return [labels_of(pod)[VERSION_LABEL] for pod in ready(operator) if selector.items() <= labels_of(pod).items()]


def watched(operator: Operator) -> list[dict[str, int]]:
    """Take turns until nothing moves; what requests were led to on the way."""
    seen = [dict(operator.world.led_to)]
    for _ in range(2000):
        if not turned(operator):
            return seen
        if operator.world.led_to != seen[-1]:
            seen.append(dict(operator.world.led_to))
    raise AssertionError(f"it does not rest: {operator.writes[-10:]}")


def until(operator: Operator, holds: Callable[[], object]) -> None:
    for _ in range(2000):
        if holds():
            return
        assert turned(operator), said(operator, ConditionType.READY)
    raise AssertionError("it never held")


def until_reason(operator: Operator, reason: str) -> None:
    until(operator, lambda: said(operator, ConditionType.READY)[1] == reason)


def until_led(operator: Operator, percent: int) -> None:
    until(operator, lambda: operator.world.led_to.get(CANDIDATE, 0) == percent)


def assert_serves(operator: Operator, label: str) -> None:
    rollouts.assert_serves(operator, label)
    assert operator.world.led_to == WHOLE
    assert_rests(operator)


# The way of a good version


def test_a_good_version_gets_its_share_to_the_percent_and_takes_over() -> None:
    operator = serving("1")
    assert operator.world.led_to == WHOLE
    operator.world.edit(rolled("2", DIVIDED))
    assert watched(operator) == [WHOLE, {NAME: 90, CANDIDATE: 10}, {NAME: 40, CANDIDATE: 60}, WHOLE]
    assert_ready(operator, "2")
    assert_serves(operator, "2")


def test_the_share_of_a_stage_is_led_to_as_many_pods_as_carry_it_and_the_rest_to_what_serves() -> None:
    operator = serving("1")
    operator.world.edit(rolled("2", DIVIDED))
    until_led(operator, 10)
    assert (len(candidate(operator)), set(pods_behind(operator, NAME)), len(reached(operator))) == (1, {"1"}, PODS)
    assert said(operator, ConditionType.ROLLED_OUT)[1] == "CanaryRunning"
    until_led(operator, 60)
    assert (len(candidate(operator)), set(pods_behind(operator, NAME)), len(reached(operator))) == (3, {"1"}, PODS)


def test_while_the_pods_of_a_stage_start_the_share_of_the_one_before_goes_on() -> None:
    operator = serving("1")
    operator.world.edit(rolled("2", DIVIDED))
    until(operator, lambda: len(candidate(operator)) > 1)
    assert operator.world.led_to == {NAME: 90, CANDIDATE: 10}


def test_the_share_stays_until_the_deployment_of_the_model_has_the_pods_which_are_not_started_anew() -> None:
    operator = serving("1")
    operator.world.edit(rolled("2", DIVIDED))
    until_led(operator, 60)
    before = {uid_of(pod) for pod in candidate(operator)}
    until(operator, lambda: operator.world.objects[DEPLOYMENT, NAME]["spec"].get("paused"))
    while operator.world.objects[DEPLOYMENT, NAME]["spec"].get("paused"):
        assert operator.world.led_to == {NAME: 40, CANDIDATE: 60}
        assert turned(operator)
    watched(operator)
    assert before <= {uid_of(pod) for pod in candidate(operator)}
    assert_serves(operator, "2")


def test_a_share_of_everything_leads_nothing_to_what_serves() -> None:
    rollout = DIVIDED | {"steps": [{"weightPercent": 100, "pauseSeconds": 30}]}
    operator = serving("1", rollout)
    operator.world.edit(rolled("2", rollout))
    assert {NAME: 0, CANDIDATE: 100} in watched(operator)
    assert_serves(operator, "2")


# A bad version, and going back


def test_a_bad_version_is_left_by_the_requests_before_its_pods_go() -> None:
    operator = serving("1", limited(DIVIDED))
    operator.world.answers = rollouts.failing("2")
    operator.world.edit(rolled("2", limited(DIVIDED)))
    assert watched(operator)[-1] == WHOLE
    assert said(operator, ConditionType.STALLED) == ("True", "RolledBack")
    assert_serves(operator, "1")


def test_pods_of_a_bad_version_that_are_left_over_get_nothing_through_the_service_either() -> None:
    operator = serving("1", limited(DIVIDED))
    operator.world.answers = rollouts.failing("2")
    operator.world.edit(rolled("2", limited(DIVIDED)))
    until_led(operator, 10)
    while turned(operator):
        assert set(pods_behind(operator, NAME)) == {"1"}
    assert_serves(operator, "1")


@pytest.mark.parametrize("label", ["1", "3"])
@pytest.mark.parametrize("after", range(1, 60, 4))
def test_an_edit_ends_the_rollout_wherever_it_is(label: str, after: int) -> None:
    operator = serving("1")
    operator.world.edit(rolled("2", DIVIDED))
    until(operator, lambda: (DEPLOYMENT, CANDIDATE) in operator.world.objects)
    for _ in range(after):
        turned(operator)
    operator.world.edit(rolled(label, DIVIDED))
    watched(operator)
    assert_serves(operator, label)


@pytest.mark.parametrize("after", range(1, 60, 4))
def test_another_router_takes_or_leaves_the_requests_wherever_a_rollout_is(after: int) -> None:
    operator = serving("1")
    operator.world.edit(rolled("2", DIVIDED))
    until(operator, lambda: (DEPLOYMENT, CANDIDATE) in operator.world.objects)
    for _ in range(after):
        turned(operator)
    operator.world.edit(rolled("2", BY_PODS))
    rollouts.watched(operator)
    rollouts.assert_serves(operator, "2")
    assert (HTTP_ROUTE, NAME) not in operator.world.objects
    operator.world.edit(rolled("3", DIVIDED))
    watched(operator)
    assert_serves(operator, "3")


# A candidate that loses its pods


def test_a_share_whose_pods_are_gone_goes_back_to_what_serves_until_they_are_there_again() -> None:
    operator = serving("1")
    operator.world.edit(rolled("2", DIVIDED))
    until_led(operator, 10)
    (pod,) = candidate(operator)
    operator.world.delete(rollouts.POD, pod["metadata"]["name"])
    operator.world.hinders = lambda label: "Unschedulable" if label == "2" else None
    for_seconds(operator, 5)
    assert operator.world.led_to == WHOLE
    operator.world.hinders = lambda _: None
    for_seconds(operator, 10)
    assert operator.world.led_to == {NAME: 90, CANDIDATE: 10}
    watched(operator)
    assert_serves(operator, "2")


def test_a_share_whose_service_is_gone_goes_back_to_what_serves_until_it_is_there_again() -> None:
    operator = serving("1")
    operator.world.edit(rolled("2", DIVIDED))
    until_led(operator, 10)
    operator.world.delete(SERVICE, CANDIDATE)
    operator.hear_and_pass()
    (rule,) = operator.world.objects[HTTP_ROUTE, NAME]["spec"]["rules"]
    assert [backend["name"] for backend in rule["backendRefs"]] == [NAME]
    until_led(operator, 10)
    watched(operator)
    assert_serves(operator, "2")


# A Gateway that does not do as it is told


@pytest.mark.parametrize("why", ["", "NotAllowedByListeners"], ids=["no Gateway", "a Gateway that refuses"])
def test_a_stage_does_not_begin_before_a_gateway_takes_the_route_and_the_candidate_is_not_to_blame(why: str) -> None:
    operator = serving("1")
    operator.world.refuses_routes = why
    operator.world.edit(rolled("2", DIVIDED))
    until_reason(operator, "RouteNotAccepted")
    for_seconds(operator, 1200)
    assert said(operator, ConditionType.ROLLED_OUT) == ("False", "RouteNotAccepted")
    assert said(operator, ConditionType.STALLED) == ("True", "RouteNotAccepted")
    status = told(operator).rollout
    assert status is not None
    assert status.step == 0
    operator.world.refuses_routes = None
    watched(operator)
    assert_serves(operator, "2")


def test_a_stage_does_not_end_while_the_gateway_takes_nothing() -> None:
    operator = serving("1", limited(DIVIDED))
    operator.world.answers = rollouts._good
    operator.world.edit(rolled("2", limited(DIVIDED)))
    until_led(operator, 60)
    operator.world.refuses_routes = ""
    operator.world.answers = lambda _, seconds: Answered()
    for_seconds(operator, 1200)
    assert said(operator, ConditionType.ROLLED_OUT) == ("False", "RouteNotAccepted")
    operator.world.refuses_routes, operator.world.answers = None, rollouts._good
    watched(operator)
    assert_serves(operator, "2")


def test_what_a_gateway_still_leads_requests_to_stays_however_long_it_sleeps() -> None:
    operator = serving("1", limited(DIVIDED))
    operator.world.answers = rollouts._good
    operator.world.edit(rolled("2", limited(DIVIDED)))
    until_led(operator, 10)
    operator.world.gateway_sleeps = True
    operator.world.edit(rolled("1", limited(DIVIDED)))
    for _ in range(200):
        turned(operator)
    assert operator.world.led_to == {NAME: 90, CANDIDATE: 10}
    assert pods_behind(operator, CANDIDATE) == ["2"]
    operator.world.gateway_sleeps = False
    watched(operator)
    assert_serves(operator, "1")


# An operator without the right to write routes


def test_without_the_gateway_api_a_model_that_asks_for_it_is_not_accepted_and_what_serves_is_untouched() -> None:
    operator = serving("1", BY_PODS)
    operator.settings = SETTINGS
    operator.world.edit(rolled("2", DIVIDED))
    watched(operator)
    assert said(operator, ConditionType.ACCEPTED) == ("False", "UnsupportedRouter")
    assert said(operator, ConditionType.STALLED) == ("True", "UnsupportedRouter")
    assert (HTTP_ROUTE, NAME) not in operator.world.objects
    rollouts.assert_serves(operator, "1")
    operator.world.edit(rolled("2", BY_PODS))
    rollouts.watched(operator)
    rollouts.assert_serves(operator, "2")


@pytest.mark.parametrize("percent", [10, 60])
def test_where_the_right_is_lost_on_the_way_nothing_moves_until_it_is_back(percent: int) -> None:
    operator = serving("1")
    operator.world.edit(rolled("2", DIVIDED))
    until_led(operator, percent)
    operator.settings = SETTINGS
    operator.restart()
    for_seconds(operator, 600)
    assert operator.world.led_to == {NAME: 100 - percent, CANDIDATE: percent}
    assert pods_behind(operator, CANDIDATE)
    operator.settings = WITH_GATEWAY_API
    operator.restart()
    watched(operator)
    assert_serves(operator, "2")


# Killed anywhere, and whatever comes between


@pytest.mark.parametrize("ends_well", [True, False], ids=["well", "badly"])
def test_a_kill_after_any_write_loses_no_request_and_changes_nothing_of_the_end(*, ends_well: bool) -> None:
    undisturbed = serving("1", limited(DIVIDED))
    undisturbed.world.answers = rollouts._good if ends_well else rollouts.failing("2")
    undisturbed.world.edit(rolled("2", limited(DIVIDED)))
    ends: list[tuple[str, str]] = []
    for operator in killed_before_each_write(undisturbed, turned):
        watched(operator)
        assert_serves(operator, "2" if ends_well else "1")
        ends.append(said(operator, ConditionType.READY))
    assert len(ends) > 10
    assert set(ends) == {said(undisturbed, ConditionType.READY)}


def an_edit(operator: Operator, chance: Random) -> None:
    rollout = chance.choice((DIVIDED, limited(DIVIDED), limited(DIVIDED), BY_PODS, {}))
    operator.world.edit(rolled(chance.choice(("1", "2", "3")), rollout, suspend=chance.random() < 0.1))


def another_gateway(operator: Operator, chance: Random) -> None:
    operator.world.refuses_routes = chance.choice((None, None, "", "NotAllowedByListeners"))
    operator.world.gateway_sleeps = chance.random() < 0.3


OTHERS = tuple(event for event in rollouts.EVENTS if event is not rollouts.an_edit)


@pytest.mark.parametrize("seed", seeds(20, 100))
def test_whatever_comes_between_what_is_wanted_serves_in_the_end(seed: int) -> None:
    chance = Random(seed)
    operator = Operator(World(answers=rollouts._good), settings=WITH_GATEWAY_API, after_pass=assert_honest)
    an_edit(operator, chance)
    for _ in range(50):
        with suppress(KeyError):
            chance.choice((*OTHERS, an_edit, an_edit, another_gateway))(operator, chance)
    world = operator.world
    world.mlflow_is_away, world.hinders, world.answers = False, lambda _: None, rollouts._good
    world.refuses_routes, world.gateway_sleeps = None, False
    label = chance.choice(("1", "2", "3"))
    world.edit(rolled(label, limited(DIVIDED)))
    world.annotate_retry("at last")
    world.now += timedelta(minutes=10)
    operator.restart()
    until_quiet(operator)
    assert_ready(operator, label)
    assert_serves(operator, label)

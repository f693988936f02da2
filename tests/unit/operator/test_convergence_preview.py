"""A forecast held to what really comes: suspended, foretold, resumed, and then watched turn by turn."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from sentiment_operator.api import SentimentModelSpec
from sentiment_operator.facts import Manifest
from sentiment_operator.kinds import JOB, MODEL, REVISION
from sentiment_operator.raw import is_deleting
from tests.support.builders import spec
from tests.unit.operator.simulated_world import NAME, Operator, World, for_seconds, turn, until_quiet
from tests.unit.operator.test_convergence import assert_ready, assert_rests
from tests.unit.operator.test_convergence_gated import NO_WORSE, TOO_STRICT, measured
from tests.unit.operator.test_convergence_rollout import BLUE_GREEN, CANARY, SHADOW

PODS = 4
WAYS: dict[str, dict[str, Any]] = {"RollingUpdate": {}, "Canary": CANARY, "BlueGreen": BLUE_GREEN, "Shadow": SHADOW}


def wanted(label: str, *, suspend: bool = False, **more: Any) -> SentimentModelSpec:
    """A label with a recipe of its own, and four pods."""
    return spec(label, rows=1000 + int(label), serving={"replicas": PODS}, suspend=suspend, **more)


def after(*labels: str) -> Operator:
    """A world in which these served one after the other, and nothing moves."""
    operator = Operator(World(compares=measured))
    for label in labels:
        operator.world.edit(wanted(label))
        until_quiet(operator)
        assert_ready(operator, label)
    return operator


def foretold(operator: Operator, label: str, **more: Any) -> Manifest:
    """What the suspended model says of this change; that saying so writes nothing but status is asked as well."""
    operator.world.edit(wanted(label, suspend=True, **more))
    operator.writes.clear()
    until_quiet(operator)
    assert set(operator.writes) == {"status SentimentModel"}
    assert_rests(operator)
    return operator.world.objects[MODEL, NAME]["status"]["plan"]


@dataclass(frozen=True)
class Came:
    """What came of going on."""

    trainings: int
    comparisons: int
    most_pods: int
    """At a time, beyond those that ran before. This world replaces the pods of a Deployment all at once: so this says
    something of candidates alone."""


def resumed(operator: Operator, label: str, **more: Any) -> Came:
    """Go on, and watch until nothing moves."""
    world = operator.world
    before = len(world.starts), len(world.comparisons), living(world)
    most = before[2]
    world.edit(wanted(label, **more))
    while turn(operator):
        most = max(most, living(world))
    assert "plan" not in world.objects[MODEL, NAME]["status"]
    return Came(len(world.starts) - before[0], len(world.comparisons) - before[1], most - before[2])


def living(world: World) -> int:
    return sum(not is_deleting(pod) for pod in world.serving_pods(with_shadows=True))


@pytest.mark.parametrize("strategy", WAYS)
def test_a_new_version_is_trained_and_takes_over_as_foretold(strategy: str) -> None:
    operator = after("1")
    plan = foretold(operator, "2", rollout=WAYS[strategy])
    came = resumed(operator, "2", rollout=WAYS[strategy])
    assert_ready(operator, "2")
    assert (plan["action"], plan["strategy"]) == ("Train", strategy)
    assert came.trainings == 1
    if strategy in ("Canary", "BlueGreen"):
        assert came.most_pods == plan["surgePods"]


@pytest.mark.parametrize("strategy", WAYS)
def test_a_version_that_served_is_brought_back_as_foretold(strategy: str) -> None:
    operator = after("1", "2")
    plan = foretold(operator, "1", rollout=WAYS[strategy], gates=[NO_WORSE])
    came = resumed(operator, "1", rollout=WAYS[strategy], gates=[NO_WORSE])
    assert_ready(operator, "1")
    assert (plan["action"], plan["gates"]) == ("Serve", [{"name": "no-worse", "outlook": "NotRequired"}])
    assert (came.trainings, came.comparisons, plan["surgePods"]) == (0, 0, 1)


def test_what_mlflow_holds_is_reused_as_foretold() -> None:
    operator = after("1", "2", "1")
    for job in operator.world.of(JOB):
        operator.world.delete(JOB, job["metadata"]["name"])
    operator.world.delete(REVISION, f"{NAME}.2")
    until_quiet(operator)
    plan = foretold(operator, "2", gates=[NO_WORSE])
    came = resumed(operator, "2", gates=[NO_WORSE])
    assert_ready(operator, "2")
    assert (plan["action"], plan["jobCPU"]) == ("Reuse", "500m")
    assert (came.trainings, came.comparisons) == (0, 1)


def test_a_gate_that_is_in_the_way_is_foretold() -> None:
    operator = after("1")
    strict = {"gates": [TOO_STRICT]}
    operator.world.edit(wanted("2", **strict))
    until_quiet(operator)
    plan = foretold(operator, "2", **strict)
    assert (plan["action"], plan["gates"][0]["outlook"]) == ("Nothing", "Failed")
    assert resumed(operator, "2", **strict) == Came(0, 0, 0)
    assert operator.world.objects[MODEL, NAME]["status"]["servingVersion"] == "1"


def test_suspended_in_the_middle_of_a_rollout_the_pods_that_run_are_not_counted_again() -> None:
    operator = after("1")
    operator.world.edit(wanted("2", rollout=BLUE_GREEN))
    while living(operator.world) < 2 * PODS:
        assert turn(operator)
    plan = foretold(operator, "2", rollout=BLUE_GREEN)
    assert resumed(operator, "2", rollout=BLUE_GREEN).most_pods <= plan["surgePods"] == 1
    assert_ready(operator, "2")


def test_to_go_on_gives_a_rollout_its_time_anew_however_long_it_was_suspended() -> None:
    operator = after("1")
    operator.world.hinders = lambda label: "Unschedulable" if label == "2" else None
    operator.world.edit(wanted("2", rollout=BLUE_GREEN))
    for_seconds(operator, 60)
    foretold(operator, "2", rollout=BLUE_GREEN)
    operator.world.now += timedelta(hours=1)
    operator.restart()
    until_quiet(operator)
    assert operator.world.objects[MODEL, NAME]["status"]["plan"]["action"] == "Serve"

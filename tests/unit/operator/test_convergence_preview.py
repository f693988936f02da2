"""A forecast held to what really comes: suspended, foretold, resumed, and then watched turn by turn."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import DEPLOYMENT, JOB, MODEL, REVISION, SERVICE
from sentiment_operator.reading.raw import is_deleting, uid_of
from tests.support.builders import spec
from tests.unit.operator.simulated_world import NAME, Operator, World, for_seconds, turn, until_quiet
from tests.unit.operator.test_convergence import assert_ready, assert_rests
from tests.unit.operator.test_convergence_gated import NO_WORSE, TOO_STRICT, measured
from tests.unit.operator.test_convergence_rollout import BLUE_GREEN, CANARY, SHADOW

PODS = 4
WAYS: dict[str, dict[str, Any]] = {"RollingUpdate": {}, "Canary": CANARY, "BlueGreen": BLUE_GREEN, "Shadow": SHADOW}


def wanted(label: str, *, suspend: bool = False, **more: Any) -> SentimentModelSpec:
    """A label with a recipe of its own, and four pods unless it says otherwise."""
    serving: dict[str, Any] = more.pop("serving", {"replicas": PODS})
    return spec(label, rows=1000 + int(label), serving=serving, suspend=suspend, **more)


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
    strict: dict[str, Any] = {"gates": [TOO_STRICT]}
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


# Nothing is touched

LARGE: dict[str, Any] = {"replicas": 6, "resources": {"requests": {"cpu": "1"}}}
OTHERWISE: dict[str, dict[str, Any]] = {
    "replicas": {"replicas": 6},
    "resources": {"replicas": PODS, "resources": LARGE["resources"]},
    "autoscaling": {"autoscaling": {"minReplicas": 6, "maxReplicas": 9}},
    "serviceType": {"replicas": PODS, "serviceType": "NodePort"},
}


def conditions(operator: Operator) -> dict[str, str]:
    return {one["type"]: one["status"] for one in operator.world.objects[MODEL, NAME]["status"]["conditions"]}


@pytest.mark.parametrize("way", WAYS)
def test_a_version_with_another_serving_waits_as_a_whole(way: str) -> None:
    operator, rollout = after("1"), WAYS[way]
    plan = foretold(operator, "2", serving=LARGE, rollout=rollout)
    assert "With it spec.serving.resources and spec.serving.replicas would come into force." in plan["why"]
    came = resumed(operator, "2", serving=LARGE, rollout=rollout)
    assert_ready(operator, "2")
    if way in ("Canary", "BlueGreen"):
        assert came.most_pods <= plan["surgePods"]
    assert living(operator.world) == LARGE["replicas"]


@pytest.mark.parametrize("changed", OTHERWISE)
def test_another_serving_alone_waits_and_is_foretold(changed: str) -> None:
    operator = after("1")
    plan = foretold(operator, "1", serving=OTHERWISE[changed])
    assert (plan["action"], plan["strategy"]) == ("Serve", "RollingUpdate")
    assert f"spec.serving.{changed}" in plan["summary"]
    assert conditions(operator)["Ready"] == "True"
    came = resumed(operator, "1", serving=OTHERWISE[changed])
    assert_ready(operator, "1")
    assert_rests(operator)
    if changed == "replicas":
        assert came.most_pods == plan["surgePods"] == 2


def test_the_way_back_asks_for_what_is_in_force() -> None:
    plan = foretold(after("1"), "1", serving=LARGE)
    change = """'[{"op":"add","path":"/spec/serving","value":{"replicas":4}}]'"""
    assert plan["goBack"] == f"kubectl -n reviews patch smod imdb --type json -p {change}"


def test_nothing_is_forgotten_while_suspended() -> None:
    operator = after("1", "2", "3", "4")
    few = {"revisionHistoryLimit": 2}
    operator.world.edit(wanted("4", suspend=True, rollout=few))
    until_quiet(operator)
    assert len(operator.world.of(REVISION)) == 4
    operator.world.edit(wanted("4", rollout=few))
    until_quiet(operator)
    assert len(operator.world.of(REVISION)) == 2


CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "to a third version": ("3", {}),
    "back": ("1", {}),
    "of the way": ("2", {"rollout": SHADOW}),
    "to no way at all": ("2", {"rollout": {}}),
    "of the serving": ("2", {"serving": LARGE}),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("way", ["Canary", "BlueGreen"])
def test_a_rollout_that_is_suspended_stays_as_it_is_whatever_is_edited(way: str, change: str) -> None:
    operator = after("1")
    operator.world.edit(wanted("2", rollout=WAYS[way]))
    while operator.world.objects[MODEL, NAME]["status"].get("rollout", {}).get("requests", 0) == 0:
        assert turn(operator)
    pods = {uid_of(pod) for pod in operator.world.serving_pods(with_shadows=True)}
    label, more = CHANGES[change]
    foretold(operator, label, **{"rollout": WAYS[way], **more})
    assert {uid_of(pod) for pod in operator.world.serving_pods(with_shadows=True)} == pods
    resumed(operator, label, **{"rollout": WAYS[way], **more})
    assert_ready(operator, label)


def test_what_is_lost_while_suspended_comes_back_as_it_was() -> None:
    operator = after("1")
    foretold(operator, "1", serving={**LARGE, "serviceType": "NodePort"})
    world = operator.world
    world.delete(SERVICE, NAME)
    live = world.objects[DEPLOYMENT, NAME]
    world.write(DEPLOYMENT, {**live, "spec": {**live["spec"], "replicas": 9}})
    until_quiet(operator)
    assert world.objects[SERVICE, NAME]["spec"]["type"] == "ClusterIP"
    assert living(world) == PODS

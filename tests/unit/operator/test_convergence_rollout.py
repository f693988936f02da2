"""The same world with candidates: whatever comes between, every rollout ends, and users never lose a pod by it.

That as many pods answer as were wanted is asked after every turn, by whichever of passes and controllers it was.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from sentiment_contract.names import VERSION_LABEL
from sentiment_operator import names
from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.api.status import ConditionType
from sentiment_operator.facts.observed import Answered, Manifest
from sentiment_operator.kinds import CONFIG_MAP, DEPLOYMENT, MODEL, POD, REVISION, SERVICE, Kind
from sentiment_operator.reading import workload
from sentiment_operator.reading.raw import is_deleting, labels_of, uid_of
from tests.support.builders import spec
from tests.support.seeds import seeds
from tests.unit.operator.simulated_world import (
    NAME,
    REQUESTS_A_SECOND,
    Killed,
    Operator,
    World,
    for_seconds,
    killed_before_each_write,
    turn,
    until_quiet,
)
from tests.unit.operator.test_convergence import assert_honest, assert_ready, assert_rests, said, told

PODS = 4
CANDIDATE = f"{NAME}-candidate"
CANARY: dict[str, Any] = {
    "strategy": "Canary",
    "steps": [{"weightPercent": 20, "pauseSeconds": 30}, {"weightPercent": 50, "pauseSeconds": 30, "minRequests": 100}],
}
BLUE_GREEN: dict[str, Any] = {"strategy": "BlueGreen", "steps": [{"pauseSeconds": 30}]}
SHADOW: dict[str, Any] = {"strategy": "Shadow", "steps": [{"weightPercent": 100, "pauseSeconds": 30}]}
LIMITS = {"maxErrorPercent": 1, "maxP95Milliseconds": 150, "maxDisagreementPercent": 8}
STRATEGIES = {"Canary": CANARY, "BlueGreen": BLUE_GREEN, "Shadow": SHADOW}


def rolled(label: str, rollout: dict[str, Any], **more: Any) -> SentimentModelSpec:
    """A label with a recipe of its own, four pods, and this way to take over."""
    return spec(label, rows=1000 + int(label), rollout=rollout, serving={"replicas": PODS}, **more)


def limited(rollout: dict[str, Any], **limits: Any) -> dict[str, Any]:
    """The way with limits on what the candidate answers."""
    return rollout | {"analysis": LIMITS | limits}


def serving(label: str, rollout: dict[str, Any]) -> Operator:
    """A world in which this version serves with all of its pods, and nothing moves."""
    operator = Operator(World(), after_pass=assert_honest)
    operator.world.edit(rolled(label, rollout))
    until_quiet(operator)
    assert_ready(operator, label)
    return operator


def failing(label: str) -> Callable[[str, int], Answered]:
    """Every tenth request of that version fails."""

    def answered(of: str, seconds: int) -> Answered:
        requests = REQUESTS_A_SECOND * seconds
        return Answered(requests=requests, errors=requests // 10 if of == label else 0)

    return answered


def slow(label: str) -> Callable[[str, int], Answered]:
    """That version takes more than half a second, the others next to none."""

    def answered(of: str, seconds: int) -> Answered:
        requests = REQUESTS_A_SECOND * seconds
        quick = 0 if of == label else requests
        return Answered(requests=requests, buckets=((0.1, quick), (0.5, quick), (1.0, requests)))

    return answered


def odd(label: str) -> Callable[[str, int], Answered]:
    """That version judges every fifth review otherwise."""

    def answered(of: str, seconds: int) -> Answered:
        requests = REQUESTS_A_SECOND * seconds
        compared = requests if of == label else 0
        return Answered(requests=requests, compared=compared, disagreements=compared // 5)

    return answered


BAD = {"failing": failing("2"), "slow": slow("2"), "odd": odd("2")}


# What has to hold on the way


def ready(operator: Operator, *, shadows: bool = False) -> list[Manifest]:
    """Pods that users are answered by."""
    pods = operator.world.serving_pods(with_shadows=shadows)
    return [pod for pod in pods if workload.is_ready(pod) and not is_deleting(pod)]


def reached(operator: Operator) -> list[Manifest]:
    """Pods that the Service leads to."""
    selector = operator.world.objects[SERVICE, NAME]["spec"]["selector"]
    return [pod for pod in ready(operator) if selector.items() <= labels_of(pod).items()]


def turned(operator: Operator, end: datetime | None = None) -> bool:
    """One turn, after which users have all of their pods."""
    moved = turn(operator, end)
    assert not moved or len(reached(operator)) >= PODS, operator.writes[-5:]
    return moved


def watched(operator: Operator, seconds: float | None = None) -> None:
    """Take turns until nothing moves, or for so long; all the way users have all of their pods."""
    end = None if seconds is None else operator.world.now + timedelta(seconds=seconds)
    for _ in range(2000):
        if not turned(operator, end):
            return
    raise AssertionError(f"it does not rest: {operator.writes[-10:]}")


def until(operator: Operator, holds: Callable[[], object]) -> None:
    """Take turns until it holds; all the way users have all of their pods."""
    for _ in range(2000):
        if holds():
            return
        assert turn(operator), said(operator, ConditionType.READY)
        assert len(reached(operator)) >= PODS, operator.writes[-5:]
    raise AssertionError("it never held")


def until_reason(operator: Operator, reason: str) -> None:
    until(operator, lambda: said(operator, ConditionType.READY)[1] == reason)


def candidate(operator: Operator) -> list[Manifest]:
    """Living pods of version 2, whoever they belong to."""
    pods = operator.world.serving_pods(with_shadows=True)
    return [pod for pod in pods if labels_of(pod)[VERSION_LABEL] == "2" and not is_deleting(pod)]


def assert_nothing_left(operator: Operator) -> None:
    """No trace of a candidate."""
    for kind in (DEPLOYMENT, SERVICE, CONFIG_MAP):
        assert (kind, CANDIDATE) not in operator.world.objects
    selector = operator.world.objects[SERVICE, NAME]["spec"]["selector"]
    assert selector == names.identity_labels(NAME, names.SERVER)
    assert not operator.world.objects[DEPLOYMENT, NAME]["spec"].get("paused")
    assert {labels_of(pod)[names.COMPONENT_LABEL] for pod in operator.world.serving_pods(with_shadows=True)} == {
        "server"
    }
    assert told(operator).rollout is None


def assert_serves(operator: Operator, label: str) -> None:
    assert {labels_of(pod)[VERSION_LABEL] for pod in ready(operator)} == {label}
    assert len(ready(operator)) == PODS
    assert operator.world.answer().version == label
    assert_nothing_left(operator)


# The way of a good version


@pytest.mark.parametrize("limits", [{}, LIMITS], ids=["without limits", "with limits"])
@pytest.mark.parametrize("rollout", STRATEGIES.values(), ids=STRATEGIES)
def test_a_good_version_takes_over_step_by_step(rollout: dict[str, Any], limits: dict[str, int]) -> None:
    rollout = rollout | ({"analysis": limits} if limits else {})
    operator = serving("1", rollout)
    operator.world.answers = lambda _, seconds: Answered(
        requests=REQUESTS_A_SECOND * seconds,
        compared=REQUESTS_A_SECOND * seconds,
        buckets=((0.1, REQUESTS_A_SECOND * seconds),),
    )
    operator.world.edit(rolled("2", rollout))
    watched(operator)
    assert_ready(operator, "2")
    assert_serves(operator, "2")
    assert_rests(operator)


def test_a_canary_gets_one_pod_in_five_and_then_one_in_two() -> None:
    operator = serving("1", CANARY)
    operator.world.edit(rolled("2", CANARY))
    until_reason(operator, "CanaryRunning")
    assert (len(candidate(operator)), len(reached(operator))) == (1, PODS + 1)
    assert told(operator).candidate_version == "2"
    until(operator, lambda: len(candidate(operator)) == PODS)
    watched(operator)
    assert_serves(operator, "2")


@pytest.mark.parametrize("strategy", ["Canary", "BlueGreen"])
def test_the_pods_of_a_candidate_become_those_of_the_model_and_are_not_started_anew(strategy: str) -> None:
    operator = serving("1", STRATEGIES[strategy])
    operator.world.edit(rolled("2", STRATEGIES[strategy]))
    until(operator, lambda: len(candidate(operator)) == PODS)
    before = {uid_of(pod) for pod in candidate(operator)}
    watched(operator)
    assert {uid_of(pod) for pod in candidate(operator)} == before


@pytest.mark.parametrize("strategy", ["Canary", "BlueGreen"])
def test_nor_are_they_when_a_person_answers_in_that_very_moment(strategy: str) -> None:
    operator = serving("1", STRATEGIES[strategy])
    operator.world.edit(rolled("2", STRATEGIES[strategy]))
    until(operator, lambda: operator.world.objects[DEPLOYMENT, NAME]["spec"].get("paused"))
    before = {uid_of(pod) for pod in candidate(operator)}
    operator.world.answer_for("ana", "2")
    watched(operator)
    assert {uid_of(pod) for pod in candidate(operator)} == before
    (answer,) = operator.world.objects[REVISION, f"{NAME}.2"]["status"]["approvals"]
    assert answer["approvedBy"] == "ana"
    assert_serves(operator, "2")


def test_a_blue_green_candidate_gets_no_request_until_all_of_its_pods_answer_and_then_all() -> None:
    operator = serving("1", BLUE_GREEN)
    operator.world.edit(rolled("2", BLUE_GREEN))
    mixed: list[set[str]] = []
    while turn(operator):
        mixed.append({labels_of(pod)[VERSION_LABEL] for pod in reached(operator)})
        assert len(reached(operator)) >= PODS
    switched = mixed.index({"2"})
    assert all(versions == {"1"} for versions in mixed[:switched])
    assert all(versions == {"2"} for versions in mixed[switched:])
    assert_serves(operator, "2")


def test_a_shadow_answers_no_user() -> None:
    operator = serving("1", SHADOW)
    operator.world.edit(rolled("2", SHADOW))
    until_reason(operator, "ShadowRunning")
    assert len(candidate(operator)) == PODS
    assert {labels_of(pod)[VERSION_LABEL] for pod in reached(operator)} == {"1"}
    assert (CONFIG_MAP, CANDIDATE) in operator.world.objects
    assert (told(operator).ready_replicas, told(operator).serving_version) == (PODS, "1")
    until(operator, lambda: (found := told(operator).rollout) is not None and found.requests > 0)
    assert told(operator).canary_percent is None, "copies are no share of the requests"


def test_a_stage_waits_for_its_time_and_its_requests() -> None:
    operator = serving("1", CANARY)
    operator.world.edit(rolled("2", CANARY))
    until_reason(operator, "CanaryRunning")
    began = operator.world.now
    until(operator, lambda: len(candidate(operator)) > 1)
    assert operator.world.now - began >= timedelta(seconds=30)
    operator.world.answers = lambda _, seconds: Answered()
    for_seconds(operator, 120)
    assert said(operator, ConditionType.READY) == ("False", "CanaryRunning")
    operator.world.answers = lambda _, seconds: Answered(requests=seconds)
    watched(operator)
    assert_serves(operator, "2")


# Going back, and what needs no candidate


def test_a_version_that_served_before_is_gone_back_to_at_once() -> None:
    operator = serving("1", CANARY)
    operator.world.edit(rolled("2", CANARY))
    watched(operator)
    operator.writes.clear()
    operator.world.edit(rolled("1", CANARY))
    while turn(operator):
        assert (DEPLOYMENT, CANDIDATE) not in operator.world.objects
    assert_serves(operator, "1")


def test_the_first_version_needs_no_candidate() -> None:
    operator = Operator(World(), after_pass=assert_honest)
    operator.world.edit(rolled("1", CANARY))
    until_quiet(operator)
    assert_serves(operator, "1")


@pytest.mark.parametrize("rollout", STRATEGIES.values(), ids=STRATEGIES)
@pytest.mark.parametrize("after", range(1, 30, 4))
def test_an_edit_back_ends_the_rollout_wherever_it_is(rollout: dict[str, Any], after: int) -> None:
    operator = serving("1", rollout)
    operator.world.edit(rolled("2", rollout))
    until(operator, lambda: (DEPLOYMENT, CANDIDATE) in operator.world.objects)
    for _ in range(after):
        turn(operator)
    operator.world.edit(rolled("1", rollout))
    watched(operator)
    assert_serves(operator, "1")
    assert_ready(operator, "1")


@pytest.mark.parametrize("rollout", STRATEGIES.values(), ids=STRATEGIES)
def test_a_candidate_of_what_does_not_come_up_takes_no_pod_from_what_serves(rollout: dict[str, Any]) -> None:
    operator = serving("1", rollout)
    operator.world.edit(rolled("2", rollout))
    watched(operator)
    operator.world.hinders = lambda label: "Unschedulable" if label == "1" else None
    operator.world.edit(rolled("1", rollout))
    watched(operator, 30)
    operator.world.edit(rolled("3", rollout))
    watched(operator, 120)
    assert said(operator, ConditionType.READY)[1] == "CandidateStarting"
    operator.world.hinders = lambda _: None
    watched(operator)
    assert_serves(operator, "3")


@pytest.mark.parametrize("rollout", STRATEGIES.values(), ids=STRATEGIES)
@pytest.mark.parametrize("after", range(1, 30, 4))
def test_an_edit_forward_ends_with_the_newest(rollout: dict[str, Any], after: int) -> None:
    operator = serving("1", rollout)
    operator.world.edit(rolled("2", rollout))
    until(operator, lambda: (DEPLOYMENT, CANDIDATE) in operator.world.objects)
    for _ in range(after):
        turn(operator)
    operator.world.edit(rolled("3", rollout))
    watched(operator)
    assert_serves(operator, "3")
    assert_ready(operator, "3")


# A bad version


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize("rollout", STRATEGIES.values(), ids=STRATEGIES)
def test_a_bad_version_is_removed_and_not_tried_again(
    rollout: dict[str, Any], bad: Callable[[str, int], Answered]
) -> None:
    operator = serving("1", limited(rollout))
    operator.world.answers = bad
    operator.world.edit(rolled("2", limited(rollout)))
    watched(operator)
    assert said(operator, ConditionType.READY) == ("False", "RolledBack")
    assert said(operator, ConditionType.STALLED) == ("True", "RolledBack")
    assert told(operator).wanted_version == "2"
    assert_serves(operator, "1")
    assert_rests(operator)
    operator.world.now += timedelta(days=1)
    operator.restart()
    watched(operator)
    assert operator.writes[-1] == "status SentimentModel"
    assert (DEPLOYMENT, CANDIDATE) not in operator.world.objects


@pytest.mark.parametrize("rollout", STRATEGIES.values(), ids=STRATEGIES)
@pytest.mark.parametrize("why", ["CrashLoopBackOff", "DigestMismatch", "Unschedulable"])
def test_a_version_whose_pods_never_answer_is_removed(rollout: dict[str, Any], why: str) -> None:
    operator = serving("1", rollout)
    operator.world.hinders = lambda label: why if label == "2" else None
    operator.world.edit(rolled("2", rollout))
    watched(operator)
    assert said(operator, ConditionType.STALLED) == ("True", "RolledBack")
    assert_serves(operator, "1")


@pytest.mark.parametrize("why", ["RegistryUnreachable", "Unschedulable"])
def test_a_version_that_fails_while_more_of_its_pods_wait_is_removed_before_the_deadline(why: str) -> None:
    operator = serving("1", limited(CANARY))
    operator.world.edit(rolled("2", limited(CANARY)))
    until(operator, lambda: len(candidate(operator)) == 1)
    operator.world.hinders = lambda label: why if label == "2" and len(candidate(operator)) > 1 else None
    operator.world.answers = _good
    until(operator, lambda: len(candidate(operator)) > 1)
    operator.world.answers = failing("2")
    watched(operator, 60)
    assert said(operator, ConditionType.STALLED) == ("True", "RolledBack")
    assert_serves(operator, "1")


def test_a_version_whose_pods_do_not_tell_how_they_fare_is_removed_and_the_reason_named() -> None:
    operator = serving("1", limited(CANARY))
    operator.world.is_mute = True
    operator.world.edit(rolled("2", limited(CANARY)))
    watched(operator)
    assert said(operator, ConditionType.STALLED) == ("True", "RolledBack")
    failure = told(operator).last_failure
    assert failure is not None
    assert "does not tell at /metrics" in failure.message
    assert_serves(operator, "1")


def test_another_value_of_the_retry_annotation_tries_it_once_more() -> None:
    operator = serving("1", limited(CANARY))
    operator.world.answers = failing("2")
    operator.world.edit(rolled("2", limited(CANARY)))
    watched(operator)
    operator.world.answers = failing("none")
    operator.world.annotate_retry("again")
    watched(operator)
    # No review was compared and no histogram read: only the errors can be judged.
    assert said(operator, ConditionType.STALLED) == ("True", "RolledBack")
    operator.world.answers = lambda _, seconds: Answered(
        requests=100 * seconds, compared=100 * seconds, buckets=((0.1, 100 * seconds),)
    )
    operator.world.annotate_retry("and again")
    watched(operator)
    assert_serves(operator, "2")


def test_other_limits_are_another_try() -> None:
    operator = serving("1", limited(CANARY))
    operator.world.answers = odd("2")
    operator.world.edit(rolled("2", limited(CANARY)))
    watched(operator)
    looser = {"strategy": "Canary", "steps": CANARY["steps"], "analysis": {"maxDisagreementPercent": 30}}
    operator.world.edit(rolled("2", looser))
    watched(operator)
    assert_serves(operator, "2")


def test_held_a_failed_candidate_stays_until_a_person_decides() -> None:
    rollout = limited(CANARY) | {"onFailure": "Hold"}
    operator = serving("1", rollout)
    operator.world.answers = failing("2")
    operator.world.edit(rolled("2", rollout))
    watched(operator)
    assert said(operator, ConditionType.STALLED) == ("True", "RolloutHeld")
    assert len(candidate(operator)) == 1
    assert_rests(operator)
    operator.world.edit(rolled("1", rollout))
    watched(operator)
    assert_serves(operator, "1")


def test_too_few_requests_are_no_proof() -> None:
    operator = serving("1", limited(CANARY))
    operator.world.answers = lambda _, seconds: Answered(requests=min(seconds, 20))
    operator.world.edit(rolled("2", limited(CANARY)))
    watched(operator)
    assert said(operator, ConditionType.STALLED) == ("True", "RolledBack")
    failure = told(operator).last_failure
    assert failure is not None
    assert re.search("[0-9]+ of 100 requests", failure.message)
    assert_serves(operator, "1")


# What the candidate's surroundings do


def test_while_the_registry_is_away_a_candidate_waits_and_does_not_fail() -> None:
    operator = serving("1", CANARY)
    operator.world.hinders = lambda label: "RegistryUnreachable" if label == "2" else None
    operator.world.edit(rolled("2", CANARY))
    until(operator, lambda: (DEPLOYMENT, CANDIDATE) in operator.world.objects)
    for_seconds(operator, 1800)
    assert said(operator, ConditionType.READY) == ("False", "RegistryUnreachable")
    assert said(operator, ConditionType.STALLED)[0] == "False"
    operator.world.hinders = lambda _: None
    watched(operator)
    assert_serves(operator, "2")


def test_the_candidate_grows_with_what_it_stands_beside() -> None:
    operator = serving("1", CANARY)
    operator.world.edit(rolled("2", CANARY))
    until_reason(operator, "CanaryRunning")
    autoscaled = rolled("2", CANARY).model_copy(update={"serving": spec("2", serving={"replicas": 8}).serving})
    operator.world.edit(autoscaled)
    until(operator, lambda: len(candidate(operator)) == 2)
    watched(operator)
    assert len(ready(operator)) == 8


def test_suspended_in_the_middle_a_candidate_stays_as_it_is() -> None:
    operator = serving("1", CANARY)
    operator.world.edit(rolled("2", CANARY))
    until_reason(operator, "CanaryRunning")
    operator.world.edit(rolled("2", CANARY, suspend=True))
    for_seconds(operator, 300)
    assert len(candidate(operator)) == 1
    assert said(operator, ConditionType.READY) == ("False", "Suspended")
    operator.world.edit(rolled("2", CANARY))
    watched(operator)
    assert_serves(operator, "2")


def test_an_answer_of_a_person_does_not_disturb_a_candidate() -> None:
    approval = {"approval": {"policy": "Manual"}}
    operator = serving("1", CANARY)
    operator.world.edit(rolled("2", CANARY, promotion=approval))
    until_quiet(operator)
    operator.world.answer_for("ana", "2")
    until_reason(operator, "CanaryRunning")
    before = uid_of(operator.world.objects[DEPLOYMENT, CANDIDATE])
    operator.world.answer_for("bob", "2")
    for_seconds(operator, 20)
    assert uid_of(operator.world.objects[DEPLOYMENT, CANDIDATE]) == before
    watched(operator)
    assert_serves(operator, "2")


@pytest.mark.parametrize("kind", [DEPLOYMENT, SERVICE, CONFIG_MAP])
def test_what_is_deleted_of_a_candidate_comes_back(kind: Kind) -> None:
    rollout = {"strategy": "Canary", "steps": CANARY["steps"], "analysis": {"maxDisagreementPercent": 30}}
    operator = serving("1", rollout)
    operator.world.answers = odd("2")
    operator.world.edit(rolled("2", rollout))
    until_reason(operator, "CanaryRunning")
    operator.world.delete(kind, CANDIDATE)
    watched(operator)
    assert_serves(operator, "2")


def test_records_beyond_the_limit_are_forgotten_but_never_what_serves_or_served_last() -> None:
    rollout = {"revisionHistoryLimit": 3}
    operator = serving("1", rollout)
    for label in ("2", "3", "4", "5"):
        operator.world.edit(rolled(label, rollout))
        watched(operator)
    operator.world.edit(rolled("4", rollout))
    watched(operator)
    kept = {body["spec"]["version"] for body in operator.world.of(REVISION)}
    assert (len(kept), kept >= {"4", "5"}) == (3, True)
    assert_rests(operator)


# Killed anywhere


@pytest.mark.parametrize("rollout", STRATEGIES.values(), ids=STRATEGIES)
@pytest.mark.parametrize("ends_well", [True, False], ids=["well", "badly"])
def test_a_kill_after_any_write_changes_nothing_of_the_end(rollout: dict[str, Any], *, ends_well: bool) -> None:
    undisturbed = serving("1", limited(rollout))
    undisturbed.world.answers = BAD["failing"] if not ends_well else _good
    undisturbed.world.edit(rolled("2", limited(rollout)))
    ends: list[tuple[str, str]] = []
    for operator in killed_before_each_write(undisturbed, turned):
        watched(operator)
        assert_serves(operator, "2" if ends_well else "1")
        ends.append(said(operator, ConditionType.READY))
    assert len(ends) > 10
    assert set(ends) == {said(undisturbed, ConditionType.READY)}


def _good(label: str, seconds: int) -> Answered:
    requests = REQUESTS_A_SECOND * seconds
    return Answered(requests=requests, compared=requests, buckets=((0.1, requests),))


# Whatever comes between


def an_edit(operator: Operator, chance: Random) -> None:
    operator.world.edit(any_model(chance))


def any_model(chance: Random) -> SentimentModelSpec:
    rollout = chance.choice((*STRATEGIES.values(), limited(chance.choice(list(STRATEGIES.values()))), {}))
    return rolled(chance.choice(("1", "2", "3")), rollout, suspend=chance.random() < 0.1)


def a_retry(operator: Operator, chance: Random) -> None:
    operator.world.annotate_retry(str(chance.randrange(5)))


def an_outage(operator: Operator, chance: Random) -> None:
    operator.world.mlflow_is_away = not operator.world.mlflow_is_away


def other_answers(operator: Operator, chance: Random) -> None:
    operator.world.answers = chance.choice((_good, _good, *BAD.values(), lambda _, seconds: Answered()))


def other_pods(operator: Operator, chance: Random) -> None:
    bad, why = (
        chance.choice(("1", "2", "3")),
        chance.choice(("CrashLoopBackOff", "Unschedulable", "RegistryUnreachable")),
    )
    operator.world.hinders = chance.choice((lambda _: None, lambda label: why if label == bad else None))


def a_pass(operator: Operator, chance: Random) -> None:
    operator.hear_and_pass()


def a_pass_that_has_not_heard_the_news(operator: Operator, chance: Random) -> None:
    if operator.known:
        operator.run_pass()


def a_pass_that_has_heard_of_some_kinds_only(operator: Operator, chance: Random) -> None:
    if operator.known:
        for kind in chance.sample((MODEL, POD, DEPLOYMENT, SERVICE), 2):
            operator.hear_of(kind)
        operator.run_pass()


def a_kill(operator: Operator, chance: Random) -> None:
    operator.restart()
    operator.writes_left = chance.randrange(5)
    with suppress(Killed):
        operator.run_pass()
    operator.restart()


def a_loss(operator: Operator, chance: Random) -> None:
    lost = [address for address in operator.world.objects if address[0] in (POD, DEPLOYMENT, SERVICE, CONFIG_MAP)]
    if lost:
        operator.world.delete(*chance.choice(lost))


def a_move(operator: Operator, chance: Random) -> None:
    if moves := operator.world.moves():
        chance.choice(moves)()


def a_quiet_time(operator: Operator, chance: Random) -> None:
    for_seconds(operator, chance.uniform(0, 90))


EVENTS = (
    an_edit,
    an_edit,
    a_retry,
    an_outage,
    other_answers,
    other_pods,
    a_pass_that_has_not_heard_the_news,
    a_pass_that_has_heard_of_some_kinds_only,
    a_kill,
    a_loss,
    *[a_pass] * 3,
    *[a_move] * 4,
    *[a_quiet_time] * 3,
)


@pytest.mark.parametrize("seed", seeds(30, 150))
def test_whatever_comes_between_what_is_wanted_serves_in_the_end(seed: int) -> None:
    chance = Random(seed)
    operator = Operator(World(answers=_good), after_pass=assert_honest)
    operator.world.edit(any_model(chance))
    for _ in range(50):
        chance.choice(EVENTS)(operator, chance)
    operator.world.mlflow_is_away, operator.world.hinders, operator.world.answers = False, lambda _: None, _good
    wanted = any_model(chance).model_copy(update={"suspend": False})
    operator.world.edit(wanted)
    operator.world.annotate_retry("at last")
    operator.restart()
    until_quiet(operator)
    assert_ready(operator, wanted.wanted_label())
    assert_serves(operator, wanted.wanted_label())
    assert_rests(operator)

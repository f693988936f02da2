"""What is said of who serves follows the requests: from the moment that a candidate has them all, on trial or not.

It is asked in the simulated world, where a step of a BlueGreen rollout lasts ten minutes.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sentiment_contract.names import VERSION_LABEL
from sentiment_operator.api.conditions import condition_of, timestamp
from sentiment_operator.api.status import Condition, ConditionType, HistoryEntry, SentimentModelStatus
from sentiment_operator.facts.observed import Answered, Manifest, Source
from sentiment_operator.kinds import DEPLOYMENT, MODEL, SERVICE
from sentiment_operator.promoting.source import Proven, Standing, standing
from sentiment_operator.reading import extract
from sentiment_operator.reading.raw import uid_of
from sentiment_operator.telling.events import events
from tests.support.builders import NOW, revision
from tests.unit.operator.simulated_world import NAME, Killed, Operator, World, for_seconds, turn, until_quiet
from tests.unit.operator.test_convergence import assert_honest, assert_ready, assert_rests, said, told
from tests.unit.operator.test_convergence_gateway import WITH_GATEWAY_API
from tests.unit.operator.test_convergence_rollout import CANDIDATE, failing, rolled

FIVE_MINUTES = 300
LONG: dict[str, Any] = {"strategy": "BlueGreen", "steps": [{"pauseSeconds": 2 * FIVE_MINUTES}]}
WATCHED = LONG | {"analysis": {"maxErrorPercent": 1}}


def on_trial(rollout: dict[str, Any] = LONG, answers: Callable[[str, int], Answered] | None = None) -> Operator:
    """Version 1 served, and five minutes ago version 2 got all requests."""
    operator = Operator(World(), after_pass=names_who_has_the_requests)
    operator.world.edit(rolled("1", rollout))
    until_quiet(operator)
    operator.world.edit(rolled("2", rollout))
    for_seconds(operator, FIVE_MINUTES)
    return operator


def names_who_has_the_requests(operator: Operator, before: Manifest) -> None:
    """Where requests can go to one version only, that one is said to serve."""
    assert_honest(operator, before)
    selected = selector(operator).get(VERSION_LABEL)
    if selected is not None and not operator.is_due():
        assert told(operator).serving_version in (selected, "")


def selector(operator: Operator) -> dict[str, str]:
    service = operator.world.objects.get((SERVICE, NAME), {"spec": {"selector": {}}})
    found: dict[str, str] = service["spec"]["selector"]
    return found


def began(operator: Operator) -> list[tuple[str, str]]:
    """Version and reason of every entry of the history, the latest first."""
    return [(entry.version, entry.reason) for entry in told(operator).history]


def recorded(operator: Operator, label: str) -> list[HistoryEntry]:
    """The intervals on the record of a version."""
    uid = uid_of(operator.world.objects[MODEL, NAME])
    revisions = [body for (kind, _), body in operator.world.objects.items() if kind.name == "SentimentModelRevision"]
    return list(extract.revisions(revisions, uid)[label].status.serving)


def test_a_candidate_that_has_all_requests_serves_and_is_not_ready() -> None:
    operator = on_trial()
    assert selector(operator)[VERSION_LABEL] == "2"
    status = told(operator)
    assert (status.serving_version, status.previous_version, status.candidate_version) == ("2", "1", "2")
    assert status.lineage is not None
    assert began(operator) == [("2", "OnTrial"), ("1", "Wanted")]
    assert recorded(operator, "2") == [status.history[0]]
    assert said(operator, ConditionType.READY) == ("False", "BlueGreenRunning")
    available = condition_of(status.conditions, ConditionType.AVAILABLE)
    assert available is not None
    assert available.message == "Version 2 answers."


def test_until_it_has_them_what_served_serves() -> None:
    operator = Operator(World(), after_pass=names_who_has_the_requests)
    operator.world.edit(rolled("1", LONG))
    until_quiet(operator)
    operator.world.hinders = lambda label: "Unschedulable" if label == "2" else None
    operator.world.edit(rolled("2", LONG))
    for_seconds(operator, 60)
    assert (told(operator).serving_version, began(operator)) == ("1", [("1", "Wanted")])


def test_a_trial_that_ends_well_is_one_interval_with_the_reason_of_the_version() -> None:
    operator = on_trial()
    since = told(operator).history[0].since
    until_quiet(operator)
    assert_ready(operator, "2")
    assert began(operator) == [("2", "Wanted"), ("1", "Wanted")]
    (interval,) = recorded(operator, "2")
    assert (interval.since, interval.reason) == (since, "Wanted")
    assert_rests(operator)


def test_a_trial_that_ends_badly_stays_on_record_and_proves_nothing() -> None:
    operator = on_trial(WATCHED)
    operator.world.answers = failing("2")
    until_quiet(operator)
    assert said(operator, ConditionType.STALLED) == ("True", "RolledBack")
    assert (told(operator).serving_version, told(operator).previous_version) == ("1", "2")
    assert began(operator) == [("1", "RolledBack"), ("2", "OnTrial"), ("1", "Wanted")]
    assert [entry.reason for entry in recorded(operator, "2")] == ["OnTrial"]
    assert [entry.reason for entry in recorded(operator, "1")] == ["Wanted", "RolledBack"]
    assert_rests(operator)
    operator.world.annotate_retry("again")
    while (DEPLOYMENT, CANDIDATE) not in operator.world.objects:
        assert turn(operator), "it took over at once"


def test_an_edit_back_ends_the_trial() -> None:
    operator = on_trial()
    operator.world.edit(rolled("1", LONG))
    until_quiet(operator)
    assert_ready(operator, "1")
    assert began(operator) == [("1", "Wanted"), ("2", "OnTrial"), ("1", "Wanted")]
    assert len(recorded(operator, "2")) == 1


def test_an_edit_forward_gives_the_requests_back_first() -> None:
    operator = on_trial()
    operator.world.edit(rolled("3", LONG))
    for_seconds(operator, FIVE_MINUTES)
    assert began(operator) == [("3", "OnTrial"), ("1", "CandidateRemoved"), ("2", "OnTrial"), ("1", "Wanted")]


def test_what_is_held_with_all_requests_serves() -> None:
    operator = on_trial(WATCHED | {"onFailure": "Hold"})
    operator.world.answers = failing("2")
    until_quiet(operator)
    assert said(operator, ConditionType.STALLED) == ("True", "RolloutHeld")
    assert (selector(operator)[VERSION_LABEL], told(operator).serving_version) == ("2", "2")
    assert began(operator) == [("2", "OnTrial"), ("1", "Wanted")]
    operator.world.edit(rolled("1", WATCHED))
    until_quiet(operator)
    assert began(operator)[0] == ("1", "Wanted")


def test_a_canary_with_every_request_of_a_gateway_serves() -> None:
    steps = [{"weightPercent": 50, "pauseSeconds": 30}, {"weightPercent": 100, "pauseSeconds": 2 * FIVE_MINUTES}]
    rollout = {"strategy": "Canary", "router": "GatewayAPI", "gateway": {"name": "public"}, "steps": steps}
    operator = Operator(World(), settings=WITH_GATEWAY_API)
    operator.world.edit(rolled("1", rollout))
    until_quiet(operator)
    operator.world.edit(rolled("2", rollout))
    for_seconds(operator, 25)
    assert began(operator) == [("1", "Wanted")]
    for_seconds(operator, FIVE_MINUTES)
    assert operator.world.led_to == {NAME: 0, CANDIDATE: 100}
    assert told(operator).serving_version == "2"
    assert began(operator) == [("2", "OnTrial"), ("1", "Wanted")]


def test_the_switch_is_no_second_beginning_of_the_rollout() -> None:
    told_of: list[str] = []

    def listen(operator: Operator, before: Manifest) -> None:
        told_of.extend(fact.reason for fact in events(extract.model_status(before), told(operator)))

    operator = Operator(World())
    operator.world.edit(rolled("1", LONG))
    until_quiet(operator)
    operator.after_pass = listen
    operator.world.edit(rolled("2", LONG))
    until_quiet(operator)
    assert (told_of.count("RolloutStarted"), told_of.count("VersionReady")) == (1, 1)


@pytest.mark.parametrize("writes", range(1, 40, 3))
def test_whenever_it_is_killed_every_interval_is_on_record(writes: int) -> None:
    operator = Operator(World(), after_pass=names_who_has_the_requests)
    operator.world.edit(rolled("1", LONG))
    until_quiet(operator)
    operator.world.edit(rolled("2", LONG))
    operator.writes_left = writes
    try:
        until_quiet(operator)
    except Killed:
        operator.restart()
    until_quiet(operator)
    assert_ready(operator, "2")
    assert began(operator) == [("2", "Wanted"), ("1", "Wanted")]
    assert recorded(operator, "2") == [told(operator).history[0]]


# What a trial proves to a model that follows


def following(reason: str, wanted: str, *, ended: bool = False) -> Standing:
    """What is proven of version 2 to whom an hour is enough; two hours ago it began to serve for that reason."""
    began, ends = (HistoryEntry(version="2", since=at(2), reason=reason), HistoryEntry(version="3", since=at(0.5)))
    revisions = {"2": revision("2"), "3": revision("3")}
    history = (ends, began) if ended else (began,)
    found = SentimentModelStatus(
        wanted_version=wanted,
        serving_version=history[0].version,
        history=history,
        conditions=tuple(
            Condition(type=kind, status="True", reason="Serving", observed_generation=1, last_transition_time=at(9))
            for kind in ("Available", "Ready")
        ),
    )
    return standing(Source(allows=True, status=found, revisions=revisions), "2", timedelta(hours=1), NOW)


def at(hours_ago: float) -> str:
    return timestamp(NOW - timedelta(hours=hours_ago))


@pytest.mark.parametrize(("wanted", "ended"), [("2", False), ("3", False), ("3", True)])
def test_time_on_trial_is_no_time_of_proof(wanted: str, *, ended: bool) -> None:
    assert isinstance(following("Wanted", wanted, ended=ended), Proven)
    assert not isinstance(following("OnTrial", wanted, ended=ended), Proven)

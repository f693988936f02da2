"""Wherever a model begins and whatever comes between, its passes end at what is wanted, and then rest.

The core is let loose on a simulated world, with edits, kills, losses and late news in between. What is asked is the
end, what it cost, and that nothing was claimed on the way that was not so.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest

from sentiment_contract.names import VERSION_LABEL
from sentiment_contract.training import FailureReason
from sentiment_operator.api.conditions import condition_of
from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.api.status import ConditionType, SentimentModelStatus
from sentiment_operator.deciding.attempts import KEPT_FINISHED_JOBS
from sentiment_operator.deciding.gating import KEPT_COMPARISONS
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import JOB, MODEL, POD, REVISION, SERVICE, SERVING, Kind
from sentiment_operator.names import COMPONENT_LABEL, TRAINER
from sentiment_operator.reading import extract, workload
from sentiment_operator.reading.raw import controller_uid, is_unfinished, labels_of, uid_of
from tests.support.builders import SETTINGS, spec
from tests.support.seeds import seeds
from tests.unit.operator.simulated_world import (
    NAME,
    Killed,
    Operator,
    World,
    every_moment,
    for_seconds,
    killed_before_each_write,
    turn,
    until_quiet,
)

LABELS = ("1", "2", "3")


def version(label: str | None, number: int = 0, *, replicas: int = 1, suspend: bool = False) -> SentimentModelSpec:
    """A label with a recipe of its own; without a label, the recipe of that number is followed."""
    return spec(label, rows=1000 + int(label or number), serving={"replicas": replicas}, suspend=suspend)


def new(*wanted: SentimentModelSpec) -> Operator:
    """A world in which this was just applied, and an operator that has not looked yet and is taken at its word."""
    operator = Operator(World(), after_pass=assert_honest)
    for one in wanted:
        operator.world.edit(one)
    return operator


def serving(label: str) -> Operator:
    """A world in which this version serves and nothing moves."""
    operator = new(version(label))
    until_quiet(operator)
    assert_ready(operator, label)
    return operator


def told(operator: Operator) -> SentimentModelStatus:
    """The status as it stands."""
    return extract.model_status(operator.world.objects[MODEL, NAME])


def said(operator: Operator, kind: ConditionType) -> tuple[str, str]:
    """Status and reason of the condition."""
    found = condition_of(told(operator).conditions, kind)
    return (found.status, found.reason) if found is not None else ("", "")


def labels_of_starts(operator: Operator) -> list[str]:
    """The label of every Job there ever was."""
    return [start.order.label for start in operator.world.starts]


def trainings(operator: Operator) -> list[str]:
    """Names of the trainings that have not ended."""
    jobs = [job for job in operator.world.of(JOB) if is_unfinished(job) and not workload.is_comparison(job)]
    return [job["metadata"]["name"] for job in jobs]


# What an end has to be


@dataclass(frozen=True)
class End:
    """Everything about a world at rest that may not depend on how it came there."""

    serving: str
    digest: str
    conditions: dict[str, tuple[str, str]]
    children: list[str]
    pods: list[str]


def end_of(operator: Operator) -> End:
    """What it came to."""
    world = operator.world
    answer = world.answer()
    return End(
        serving=answer.version,
        digest=answer.digest,
        conditions={entry.type: (entry.status, entry.reason) for entry in told(operator).conditions},
        children=sorted(kind.name for kind in SERVING.values() if (kind, NAME) in world.objects),
        pods=sorted(labels_of(pod)[VERSION_LABEL] for pod in world.serving_pods()),
    )


def assert_honest(operator: Operator, before: Manifest) -> None:
    """What has just been said is so, and no two trainings run."""
    assert len(trainings(operator)) <= 1
    if said(operator, ConditionType.READY)[0] == "True":
        label = extract.model(operator.world.objects[MODEL, NAME]).spec.wanted_label()
        assert told(operator).wanted_version == label
        assert set(end_of(operator).pods) == {label}
        was_ready = condition_of(extract.model_status(before).conditions, ConditionType.READY)
        if was_ready is None or was_ready.status != "True":
            assert operator.world.answer().version == label
        # Where somebody deletes a pod, the Service leads nowhere for a moment, but never to another version.
        assert operator.world.answer().version in (label, "")


def assert_rests(operator: Operator) -> None:
    """A further pass writes nothing and asks for no other, even a new process's and a day later; and nothing moves."""
    operator.world.now += timedelta(days=1)
    operator.restart()
    before = len(operator.writes)
    operator.run_pass()
    assert operator.writes[before:] == []
    assert operator.due_at is None
    assert operator.world.moves() == []


def assert_ready(operator: Operator, label: str) -> None:
    """The version has all traffic, is said to have it, and no other training or pod is left."""
    assert (said(operator, ConditionType.READY)[0], told(operator).serving_version) == ("True", label)
    assert set(end_of(operator).pods) == {label}
    assert operator.world.answer().version == label
    assert_no_losers(operator)


def assert_recorded_as_registered(operator: Operator) -> None:
    """Every revision says of its label what MLflow says."""
    uid = uid_of(operator.world.objects[MODEL, NAME])
    for revision in extract.revisions(operator.world.of(REVISION), uid).values():
        recorded = revision.spec
        found = next(one for one in operator.world.versions if one.number == recorded.registry.version)
        assert found.labels[recorded.version] == recorded.recipe_hash
        assert (found.artifact_digest, found.git_author) == (recorded.artifact_digest, recorded.git_author)


def assert_no_losers(operator: Operator) -> None:
    """No Job runs; there are no more records of them than are kept, and no pods without their Job."""
    jobs = operator.world.of(JOB)
    comparisons = list(filter(workload.is_comparison, jobs))
    assert trainings(operator) == []
    assert len(comparisons) <= KEPT_COMPARISONS
    assert len(jobs) - len(comparisons) <= KEPT_FINISHED_JOBS + 1
    trained = [pod for pod in operator.world.of(POD) if labels_of(pod)[COMPONENT_LABEL] == TRAINER]
    assert {controller_uid(pod) for pod in trained} <= {uid_of(job) for job in jobs}


# Every sequence of edits


def any_edit(chance: Random) -> SentimentModelSpec:
    return version(
        chance.choice((*LABELS, None)),
        chance.randrange(3),
        replicas=chance.choice((1, 2)),
        suspend=chance.random() < 0.2,
    )


@pytest.mark.parametrize("seed", range(20))
def test_any_sequence_of_edits_ends_at_the_last_one(seed: int) -> None:
    chance = Random(seed)
    operator = new(any_edit(chance))
    for _ in range(8):
        for_seconds(operator, chance.uniform(0, 12))
        operator.world.edit(any_edit(chance))
    replicas = chance.choice((1, 2))
    last = version(chance.choice((*LABELS, None)), replicas=replicas)
    operator.world.edit(last)
    until_quiet(operator)
    assert_ready(operator, last.wanted_label())
    assert len(end_of(operator).pods) == replicas
    assert ("PodDisruptionBudget" in end_of(operator).children) == (replicas > 1)
    assert_rests(operator)


@pytest.mark.parametrize("seed", range(20))
def test_a_label_whose_recipe_is_edited_serves_what_it_meant_or_says_that_it_means_something_else(seed: int) -> None:
    chance = Random(seed)
    operator = new(spec("1", rows=1000))
    for _ in range(6):
        for_seconds(operator, chance.uniform(0, 12))
        operator.world.edit(spec(chance.choice(LABELS), rows=1000 + chance.randrange(2)))
    until_quiet(operator)
    wanted = told(operator).wanted_version
    if (REVISION, f"{NAME}.{wanted}") in operator.world.objects:
        assert_ready(operator, wanted)
    else:
        assert said(operator, ConditionType.STALLED) == ("True", "VersionConflict")
        assert_no_losers(operator)
    assert_recorded_as_registered(operator)
    assert_rests(operator)


def test_at_rest_nothing_is_asked() -> None:
    operator = serving("1")
    operator.questions.clear()
    operator.restart()
    operator.run_pass()
    assert operator.questions == []


# Forward and back


def test_forward_and_back_twice_costs_two_trainings() -> None:
    operator = serving("1")
    for label in ("2", "1", "2"):
        operator.world.edit(version(label))
        until_quiet(operator)
        assert_ready(operator, label)
    assert labels_of_starts(operator) == ["1", "2"]
    assert [entry.version for entry in told(operator).history] == ["2", "1", "2", "1"]
    assert_rests(operator)


def test_recipes_that_are_followed_forward_and_back_cost_two_trainings() -> None:
    operator = new(version(None, 1))
    until_quiet(operator)
    for number in (2, 1, 2):
        operator.world.edit(version(None, number))
        until_quiet(operator)
        assert_ready(operator, version(None, number).wanted_label())
    assert len(labels_of_starts(operator)) == 2


def test_there_and_back_before_the_edits_settle_costs_nothing() -> None:
    operator = serving("1")
    for label in ("2", "1"):
        operator.world.edit(version(label))
        for_seconds(operator, 1.0)
    until_quiet(operator)
    assert_ready(operator, "1")
    assert labels_of_starts(operator) == ["1"]


@pytest.mark.parametrize("seconds", range(3, 12))
def test_there_and_back_costs_at_most_the_training_there(seconds: int) -> None:
    operator = serving("1")
    operator.world.edit(version("2"))
    for_seconds(operator, seconds)
    operator.world.edit(version("1"))
    until_quiet(operator)
    assert_ready(operator, "1")
    assert labels_of_starts(operator) in (["1"], ["1", "2"])
    assert_rests(operator)


@pytest.mark.parametrize("seconds", range(10))
def test_there_and_back_while_the_first_version_is_trained_ends_at_the_first(seconds: int) -> None:
    operator = new(version("1"))
    for_seconds(operator, seconds)
    operator.world.edit(version("2"))
    for_seconds(operator, 1.0)
    operator.world.edit(version("1"))
    until_quiet(operator)
    assert_ready(operator, "1")
    assert labels_of_starts(operator) in (["1"], ["1", "1"])


# Level-triggered: any pass may be missing, repeated, late, cut off or the first

STORY = (version("1"), version("2"), version("1"), version("3", replicas=2))


def undisturbed(story: tuple[SentimentModelSpec, ...] = STORY) -> Operator:
    """The story with every pass in its time."""
    operator = new()
    for wanted in story:
        operator.world.edit(wanted)
        until_quiet(operator)
    return operator


def a_pass(operator: Operator, chance: Random) -> None:
    operator.hear_and_pass()


def a_pass_too_many(operator: Operator, chance: Random) -> None:
    a_pass(operator, chance)
    operator.run_pass()


def a_pass_that_has_not_heard_the_news(operator: Operator, chance: Random) -> None:
    if operator.known:
        operator.run_pass()


def a_kill(operator: Operator, chance: Random) -> None:
    operator.restart()
    operator.writes_left = chance.randrange(5)
    with suppress(Killed):
        operator.run_pass()
    operator.restart()


def a_move(operator: Operator, chance: Random) -> None:
    if moves := operator.world.moves():
        chance.choice(moves)()


def a_while(operator: Operator, chance: Random) -> None:
    operator.world.now += timedelta(seconds=chance.uniform(0, 5))


def a_quiet_time(operator: Operator, chance: Random) -> None:
    for_seconds(operator, chance.uniform(0, 20))


def a_loss(operator: Operator, chance: Random) -> None:
    """Somebody deletes an object, or the status: what might be taken for a memory."""
    world = operator.world
    kind, name = chance.choice(list(world.objects))
    if kind == MODEL:
        world.write_status(MODEL, NAME, {})
    else:
        world.delete(kind, name)


PASSES = (a_pass, a_pass_too_many, a_pass_that_has_not_heard_the_news, a_kill)
EVENTS = (*[a_move] * 5, a_while, a_quiet_time, a_loss)


@pytest.mark.parametrize("seed", seeds(40, 200))
def test_whatever_becomes_of_the_passes_the_end_is_the_same(seed: int, the_end: End) -> None:
    chance = Random(seed)
    operator = new()
    for wanted in STORY:
        operator.world.edit(wanted)
        for _ in range(chance.randrange(24)):
            chance.choice((*PASSES, *EVENTS))(operator, chance)
    operator.restart()
    until_quiet(operator)
    assert end_of(operator) == the_end
    assert_ready(operator, "3")
    assert_rests(operator)
    assert not any(start.was_known for start in operator.world.starts), "MLflow knows it, yet it is trained again"


@pytest.fixture(scope="module")
def the_end() -> End:
    return end_of(undisturbed())


def test_a_kill_after_any_write_costs_no_training() -> None:
    there_and_back = STORY[:3]
    operator, kills = new(), 0
    for number, wanted in enumerate(there_and_back, 1):
        operator.world.edit(wanted)
        for killed in killed_before_each_write(operator, turn):
            until_quiet(killed)
            for later in there_and_back[number:]:
                killed.world.edit(later)
                until_quiet(killed)
            assert_ready(killed, "1")
            assert labels_of_starts(killed) == ["1", "2"]
            assert_rests(killed)
            kills += 1
    assert kills == len(undisturbed(there_and_back).writes) > 10


def test_any_turn_may_be_the_first_of_a_process_that_finds_no_status() -> None:
    undisturbed, moments = serving("1"), 0
    undisturbed.world.edit(version("2", replicas=2))
    for operator in every_moment(undisturbed):
        operator.world.write_status(MODEL, NAME, {})
        operator.restart()
        until_quiet(operator)
        assert_ready(operator, "2")
        assert labels_of_starts(operator) == ["1", "2"]
        assert_rests(operator)
        moments += 1
    assert moments > 20, "there were many turns to begin at"


# Many edits


def test_twenty_quick_edits_cost_one_training() -> None:
    operator = serving("1")
    for number in range(2, 22):
        operator.world.edit(version(str(number)))
        for_seconds(operator, 0.25)
    until_quiet(operator)
    assert_ready(operator, "21")
    assert labels_of_starts(operator) == ["1", "21"]
    assert_rests(operator)


@pytest.mark.parametrize("seed", range(8))
def test_twenty_edits_cost_at_most_one_training_for_each_pause_and_leave_no_losers(seed: int) -> None:
    chance = Random(seed)
    operator = serving("1")
    pauses = [chance.uniform(0, 8) for _ in range(20)]
    for number, pause in enumerate(pauses, start=2):
        operator.world.edit(version(str(number)))
        for_seconds(operator, pause)
        assert len(trainings(operator)) <= 1
    until_quiet(operator)
    assert_ready(operator, "21")
    settled = [str(number) for number, pause in enumerate(pauses, start=2) if pause >= SETTINGS.settle_seconds]
    assert set(labels_of_starts(operator)) <= {"1", *settled, "21"}
    assert max(Counter(labels_of_starts(operator)).values()) == 1
    assert_rests(operator)


def test_twenty_versions_one_after_the_other_leave_the_last_and_a_few_records() -> None:
    operator = serving("1")
    for number in range(2, 22):
        operator.world.edit(version(str(number)))
        until_quiet(operator)
        assert_ready(operator, str(number))
    assert labels_of_starts(operator) == [str(number) for number in range(1, 22)]
    assert_rests(operator)


# Suspended


def test_suspended_nothing_but_status_is_written_and_resumed_it_goes_on() -> None:
    operator = serving("1")
    operator.world.edit(version("2", suspend=True))
    operator.writes.clear()
    for_seconds(operator, 3600)
    assert set(operator.writes) == {"status SentimentModel"}
    assert said(operator, ConditionType.READY) == ("False", "Suspended")
    assert operator.world.answer().version == "1"
    operator.world.edit(version("2"))
    until_quiet(operator)
    assert_ready(operator, "2")
    assert_rests(operator)


@pytest.mark.parametrize("label", ["1", "2"])
def test_suspended_a_known_version_is_not_rolled_out_either(label: str) -> None:
    operator = serving("1")
    operator.world.edit(version("2"))
    until_quiet(operator)
    operator.world.edit(version(label, suspend=True))
    operator.writes.clear()
    until_quiet(operator)
    assert set(operator.writes) <= {"status SentimentModel"}
    assert operator.world.answer().version == "2"


@pytest.mark.parametrize("seconds", range(4, 7))
def test_suspended_a_training_that_runs_may_end_and_is_recorded_but_not_rolled_out(seconds: int) -> None:
    operator = serving("1")
    operator.world.edit(version("2"))
    for_seconds(operator, seconds)
    assert trainings(operator), "it is under way"
    operator.world.edit(version("2", suspend=True))
    operator.writes.clear()
    until_quiet(operator)
    assert [write for write in operator.writes if not write.startswith("status")] == ["create SentimentModelRevision"]
    assert operator.world.answer().version == "1"
    operator.world.edit(version("2"))
    until_quiet(operator)
    assert_ready(operator, "2")
    assert labels_of_starts(operator) == ["1", "2"]


def test_suspended_even_a_training_of_another_version_may_end() -> None:
    operator = serving("1")
    operator.world.edit(version("2"))
    for_seconds(operator, 5)
    operator.world.edit(version("3", suspend=True))
    operator.writes.clear()
    until_quiet(operator)
    assert set(operator.writes) == {"status SentimentModel"}
    assert len(operator.world.of(JOB)) == 2
    operator.world.edit(version("2"))
    until_quiet(operator)
    assert_ready(operator, "2")
    assert labels_of_starts(operator) == ["1", "2"]


def test_suspended_a_child_that_was_deleted_still_comes_back() -> None:
    operator = serving("1")
    operator.world.edit(version("2", suspend=True))
    until_quiet(operator)
    operator.world.delete(SERVICE, NAME)
    until_quiet(operator)
    assert operator.world.answer().version == "1"


# Trainings that fail

AWAY, EMPTY, CRASH = FailureReason.REPOSITORY_UNREACHABLE, FailureReason.DATA_EMPTY, FailureReason.TRAINER_ERROR
DAY = 24 * 3600.0


def failing(reason: FailureReason) -> Operator:
    """Version 1 serves, version 2 is wanted, and every training of it fails."""
    operator = serving("1")
    operator.world.fails = lambda order: reason
    operator.world.edit(version("2"))
    return operator


def lose_jobs(operator: Operator) -> None:
    for job in operator.world.of(JOB):
        operator.world.delete(JOB, job["metadata"]["name"])


def test_surroundings_that_are_away_are_tried_again_at_growing_pauses_up_to_five_minutes() -> None:
    operator = failing(AWAY)
    for_seconds(operator, 1800)
    times = [start.at for start in operator.world.starts[1:]]
    gaps = [(after - before).total_seconds() for before, after in pairwise(times)]
    pauses = [10, 20, 40, 80, 160, *[300] * (len(gaps) - 5)]
    assert len(gaps) > 7
    assert all(pause <= gap <= pause + 10 for pause, gap in zip(pauses, gaps, strict=True)), gaps


def test_while_surroundings_are_away_the_conditions_say_so_and_the_old_version_serves() -> None:
    operator = failing(AWAY)
    for_seconds(operator, 1800)
    assert said(operator, ConditionType.DATA_VERIFIED) == ("False", AWAY)
    assert said(operator, ConditionType.READY) == ("False", AWAY)
    assert said(operator, ConditionType.STALLED) == ("True", AWAY)
    assert said(operator, ConditionType.AVAILABLE) == ("True", "Serving")
    assert operator.world.answer().version == "1"
    assert len(operator.world.of(JOB)) <= KEPT_FINISHED_JOBS + 1
    failure = told(operator).last_failure
    assert failure is not None
    assert failure.attempt == len(operator.world.starts) - 1


def test_surroundings_that_come_back_end_the_failure() -> None:
    operator = failing(AWAY)
    for_seconds(operator, 1800)
    operator.world.fails = lambda order: None
    until_quiet(operator)
    assert_ready(operator, "2")
    assert told(operator).last_failure is None
    assert_rests(operator)


def test_a_trainer_that_crashes_gets_as_many_new_pods_as_the_spec_allows_and_then_no_new_job() -> None:
    operator = failing(CRASH)
    for_seconds(operator, DAY)
    assert labels_of_starts(operator) == ["1", "2"]
    pods = [pod for pod in operator.world.of(POD) if labels_of(pod)[VERSION_LABEL] == "2"]
    assert len(pods) == 1 + version("2").training.backoff_limit
    assert said(operator, ConditionType.TRAINED) == ("False", CRASH)
    assert said(operator, ConditionType.STALLED) == ("True", CRASH)
    assert_rests(operator)


def test_bad_data_is_tried_once_and_the_conditions_say_why() -> None:
    operator = failing(EMPTY)
    for_seconds(operator, DAY)
    assert labels_of_starts(operator) == ["1", "2"]
    assert said(operator, ConditionType.DATA_VERIFIED) == ("False", EMPTY)
    assert said(operator, ConditionType.READY) == ("False", EMPTY)
    assert said(operator, ConditionType.STALLED) == ("True", EMPTY)
    assert said(operator, ConditionType.RECONCILING) == ("False", "Settled")
    assert operator.world.answer().version == "1"
    assert_rests(operator)


@pytest.mark.parametrize("lost", [JOB, MODEL], ids=["the Job is gone", "the status is gone"])
def test_bad_data_is_not_tried_again_where(lost: Kind) -> None:
    operator = failing(EMPTY)
    until_quiet(operator)
    if lost == JOB:
        lose_jobs(operator)
    else:
        operator.world.write_status(MODEL, NAME, {})
    operator.restart()
    for_seconds(operator, DAY)
    assert labels_of_starts(operator) == ["1", "2"]
    assert said(operator, ConditionType.READY) == ("False", EMPTY)
    assert_rests(operator)


@pytest.mark.parametrize("job_is_lost", [False, True])
def test_bad_data_is_not_tried_again_after_another_version_served(job_is_lost: bool) -> None:
    operator = failing(EMPTY)
    until_quiet(operator)
    if job_is_lost:
        lose_jobs(operator)
    for label in ("1", "2", "1", "2"):
        operator.world.edit(version(label))
        for_seconds(operator, 60)
    assert labels_of_starts(operator) == ["1", "2"]
    assert said(operator, ConditionType.READY) == ("False", EMPTY)
    assert_rests(operator)


def test_bad_data_is_tried_once_more_for_each_new_value_of_the_retry_annotation() -> None:
    operator = failing(EMPTY)
    for value, tries in (("a", 2), ("a", 2), ("b", 3)):
        for_seconds(operator, DAY)
        operator.world.annotate_retry(value)
        for_seconds(operator, DAY)
        assert labels_of_starts(operator) == ["1", *["2"] * tries]
    operator.world.fails = lambda order: None
    operator.world.annotate_retry("c")
    until_quiet(operator)
    assert_ready(operator, "2")
    assert_rests(operator)


def test_bad_data_is_tried_again_with_another_recipe() -> None:
    operator = failing(EMPTY)
    until_quiet(operator)
    operator.world.fails = lambda order: None
    operator.world.edit(spec("2", rows=5))
    until_quiet(operator)
    assert_ready(operator, "2")
    assert labels_of_starts(operator) == ["1", "2", "2"]
    assert_rests(operator)


# MLflow away


def test_without_mlflow_an_unknown_version_waits_and_comes_once_it_is_back() -> None:
    operator = serving("1")
    operator.world.mlflow_is_away = True
    operator.world.edit(version("2"))
    for_seconds(operator, 1800)
    assert labels_of_starts(operator) == ["1"]
    assert said(operator, ConditionType.READY) == ("False", "RegistryUnreachable")
    assert said(operator, ConditionType.STALLED)[0] == "False"
    operator.world.mlflow_is_away = False
    until_quiet(operator)
    assert_ready(operator, "2")
    assert_rests(operator)


def test_without_mlflow_known_versions_are_gone_back_to() -> None:
    operator = serving("1")
    operator.world.edit(version("2"))
    until_quiet(operator)
    operator.world.mlflow_is_away = True
    operator.questions.clear()
    operator.world.edit(version("1"))
    until_quiet(operator)
    assert_ready(operator, "1")
    assert "MLflow" not in operator.questions
    assert_rests(operator)


@pytest.mark.parametrize("seconds", range(10))
def test_mlflow_that_goes_away_in_the_middle_of_a_version_only_delays_it(seconds: int) -> None:
    operator = new(version("1"))
    for_seconds(operator, seconds)
    operator.world.mlflow_is_away = True
    for_seconds(operator, 600)
    operator.world.mlflow_is_away = False
    until_quiet(operator)
    assert_ready(operator, "1")
    assert_rests(operator)


def lose_deployment(operator: Operator) -> None:
    """Somebody deletes the Deployment; the operator looks until nothing moves."""
    operator.world.delete(SERVING["Deployment"], NAME)
    until_quiet(operator)


def test_what_served_comes_back_while_what_is_wanted_has_no_version() -> None:
    operator = failing(EMPTY)
    until_quiet(operator)
    assert operator.world.answer().version == "1"
    lose_deployment(operator)
    assert operator.world.answer().version == "1"


@pytest.mark.parametrize("known", [True, False], ids=["a known version", "an unknown version"])
def test_suspended_the_served_version_comes_back_and_not_the_wanted_one(known: bool) -> None:
    operator = serving("1")
    if known:
        operator.world.edit(version("2"))
        until_quiet(operator)
        operator.world.edit(version("1"))
        until_quiet(operator)
    operator.world.edit(version("2", suspend=True))
    until_quiet(operator)
    lose_deployment(operator)
    assert operator.world.answer().version == "1"
    assert said(operator, ConditionType.READY) == ("False", "Suspended")


def test_suspended_during_the_first_training_nothing_is_rolled_out() -> None:
    operator = new(version("1"))
    for_seconds(operator, 5)
    assert trainings(operator)
    operator.world.edit(version("1", suspend=True))
    until_quiet(operator)
    assert operator.world.answer().error
    operator.world.edit(version("1"))
    until_quiet(operator)
    assert_ready(operator, "1")
    assert labels_of_starts(operator) == ["1"]

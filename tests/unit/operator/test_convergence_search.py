"""However a search is interrupted, its model ends at the version that was searched for, or says why there is none."""

from contextlib import suppress
from random import Random

import pytest

from sentiment_contract.training import FailureReason, TrainingOrder
from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.api.status import ConditionType
from sentiment_operator.kinds import JOB, MODEL
from sentiment_operator.names import SEARCH_ANNOTATION
from sentiment_operator.reading.raw import annotations_of, is_unfinished
from tests.support.builders import SEARCH, spec
from tests.unit.operator.searching_world import SearchingWorld
from tests.unit.operator.simulated_world import Killed, Operator, for_seconds, turn, until_quiet
from tests.unit.operator.test_convergence import assert_rests, end_of, said, told

BOTH = [("1", 0), ("1", 1)]


def wanting(label: str | None = "1", rows: int = 1000) -> SentimentModelSpec:
    return spec(label, rows=rows, training=SEARCH)


def new(*wanted: SentimentModelSpec) -> tuple[Operator, SearchingWorld]:
    world = SearchingWorld()
    for one in wanted or (wanting(),):
        world.edit(one)
    return Operator(world), world


def jobs(world: SearchingWorld) -> list[str]:
    """What each Job that there is was for, the oldest first."""
    return ["search" if SEARCH_ANNOTATION in annotations_of(job) else "train" for job in world.of(JOB)]


def assert_serves(operator: Operator, label: str = "1") -> None:
    assert (said(operator, ConditionType.READY)[0], told(operator).serving_version) == ("True", label)
    assert set(end_of(operator).pods) == {label}
    assert not any(map(is_unfinished, operator.world.of(JOB)))
    assert_rests(operator)


def test_a_version_is_searched_for_trained_and_served() -> None:
    operator, world = new()
    until_quiet(operator)
    assert_serves(operator)
    assert world.searched == BOTH
    assert jobs(world) == ["search", "train"]


def test_going_back_and_forth_searches_no_more() -> None:
    operator, world = new()
    until_quiet(operator)
    for label in ("2", "1", "2"):
        world.edit(wanting(label, rows=2000 if label == "2" else 1000))
        until_quiet(operator)
        assert_serves(operator, label)
    assert world.searched == [*BOTH, ("2", 0), ("2", 1)]


@pytest.mark.parametrize("seed", range(30))
def test_an_operator_that_is_killed_anywhere_searches_once(seed: int) -> None:
    chance = Random(seed)
    operator, world = new()
    for _ in range(60):
        if chance.random() < 0.3:
            operator.restart()
            operator.writes_left = chance.randrange(4)
            with suppress(Killed):
                operator.run_pass()
            operator.restart()
        else:
            turn(operator)
    until_quiet(operator)
    assert_serves(operator)
    assert world.searched == BOTH
    assert len(world.starts) == 2


@pytest.mark.parametrize("seed", range(30))
def test_whatever_is_lost_the_version_comes_and_nothing_is_left_over(seed: int) -> None:
    chance = Random(seed)
    operator, world = new()
    for _ in range(4):
        for_seconds(operator, chance.uniform(1, 12))
        kind, name = chance.choice(list(world.objects))
        if kind != MODEL:
            world.delete(kind, name)
    until_quiet(operator)
    assert_serves(operator)


def test_an_edit_while_the_search_runs_supersedes_it() -> None:
    operator, world = new()
    for_seconds(operator, 5)
    assert jobs(world) == ["search"]
    world.edit(wanting("2", rows=2000))
    until_quiet(operator)
    assert_serves(operator, "2")
    assert len([name for name in world.starts if name.order.label == "1"]) == 1


def test_a_group_that_fails_is_done_without() -> None:
    operator, world = new()
    world.tries = lambda _order, index: FailureReason.SEARCH_FAILED if index == 1 else None
    until_quiet(operator)
    assert_serves(operator)
    assert world.searched == BOTH


@pytest.mark.parametrize("reason", [FailureReason.SEARCH_FAILED, FailureReason.TRAINER_ERROR])
def test_a_search_of_which_nothing_is_left_is_a_dead_end_until_somebody_asks(reason: FailureReason) -> None:
    operator, world = new()
    world.tries = lambda _order, _index: reason
    until_quiet(operator)
    assert said(operator, ConditionType.STALLED) == ("True", "SearchFailed")
    assert said(operator, ConditionType.TRAINED) == ("False", "SearchFailed")
    assert jobs(world) == ["search"]
    assert_rests(operator)
    world.tries = lambda _order, _index: None
    world.annotate_retry("now")
    until_quiet(operator)
    assert_serves(operator)
    assert jobs(world) == ["search", "search", "train"]


def test_a_search_that_mlflow_was_away_from_is_made_once_it_is_back() -> None:
    operator, world = new()
    for_seconds(operator, 5)
    world.mlflow_is_away = True
    for_seconds(operator, 60)
    assert said(operator, ConditionType.DEPENDENCIES_READY) == ("False", "RegistryUnreachable")
    assert said(operator, ConditionType.STALLED)[0] == "False"
    world.mlflow_is_away = False
    until_quiet(operator)
    assert_serves(operator)


def test_a_training_that_fails_is_repeated_with_the_search_there_is() -> None:
    operator, world = new()
    broken = True

    def fails(_: TrainingOrder) -> FailureReason | None:
        return FailureReason.PARITY_FAILED if broken else None

    world.fails = fails
    until_quiet(operator)
    assert said(operator, ConditionType.STALLED) == ("True", "ParityFailed")
    broken = False
    world.annotate_retry("now")
    until_quiet(operator)
    assert_serves(operator)
    assert world.searched == BOTH
    assert jobs(world) == ["search", "train", "train"]


def test_trials_that_mlflow_lost_are_made_again_when_somebody_asks() -> None:
    operator, world = new()
    while not world.searched or len(world.searched) < 2:
        turn(operator)
    world.trials.clear()
    until_quiet(operator)
    assert said(operator, ConditionType.STALLED) == ("True", "SearchFailed")
    world.annotate_retry("now")
    until_quiet(operator)
    assert_serves(operator)
    assert world.searched == [*BOTH, *BOTH]


def test_a_model_that_is_suspended_while_it_searches_trains_when_it_goes_on() -> None:
    operator, world = new()
    for_seconds(operator, 5)
    world.edit(spec("1", rows=1000, training=SEARCH, suspend=True))
    until_quiet(operator)
    assert world.searched == BOTH
    assert jobs(world) == ["search"]
    world.edit(wanting())
    until_quiet(operator)
    assert_serves(operator)
    assert world.searched == BOTH


def test_a_followed_recipe_is_searched_for_too() -> None:
    operator, world = new(wanting(None))
    until_quiet(operator)
    assert_serves(operator, wanting(None).wanted_label())
    assert len(world.searched) == 2

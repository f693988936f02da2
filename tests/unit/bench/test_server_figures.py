"""What the benchmark of servers says about what it measured."""

import pytest

from bench.server.figures import (
    MLFLOW,
    MLSERVERS,
    OURS,
    PEER,
    Figures,
    HalfLoad,
    Start,
    goals,
    median_of,
    quantile,
    ratio,
)


@pytest.mark.parametrize(
    ("count", "share", "found"), [(100, 0.99, 99), (100, 0.5, 50), (101, 0.99, 100), (1, 0.99, 1), (2, 0.5, 1)]
)
def test_a_quantile_is_a_value_that_was_measured(count: int, share: float, found: int) -> None:
    assert quantile(list(range(1, count + 1)), share) == found


def test_the_median_is_that_of_each_column() -> None:
    rows = [Start(1, 9, 5), Start(2, 8, 5), Start(3, 1, 6)]
    assert median_of(Start, rows) == Start(2, 8, 5)


def _costs(**others: float) -> dict[str, Figures]:
    costs = {OURS: 50.0, PEER: 1_000.0, **others}
    return {name: Figures(cost, 1, 1, 1) for name, cost in costs.items()}


def test_a_ratio_says_how_many_times_more_is_answered() -> None:
    assert ratio(_costs(), OURS) == 20
    assert ratio(_costs(), PEER, OURS) == 1 / 20


def test_goals_are_met_from_the_wanted_value_on() -> None:
    one = _costs(**{MLSERVERS[0]: 600.0, MLSERVERS[1]: 490.0, MLFLOW: 500.0})
    found = {goal.what: goal for goal in goals(one, _costs(), Start(0.31, 1, 60), HalfLoad(1, 1, 2.1, 9))}
    told = {what: (goal.reached, goal.met) for what, goal in found.items()}
    assert list(told.values()) == [
        (20, True),
        (9.8, False),
        (10, True),
        (20, True),
        (2.1, False),
        (60, True),
        (0.31, False),
    ]


def test_a_peer_that_is_missing_sets_no_goal() -> None:
    found = goals(_costs(), _costs(), Start(0.1, 1, 50), HalfLoad(1, 1, 1, 9))
    assert not [goal for goal in found if "MLServer" in goal.what or MLFLOW in goal.what]

"""What is reported for a gate, and what is said where nothing can be."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from sentiment_contract.gates import Figures, Gate, Slice, Verdict, judge
from sentiment_trainer.compare.figures import Board, Scores, decimal, figures_for, shortened, without_figures
from sentiment_trainer.compare.rows import Booleans, HeldOut

ROWS = 400
TRUTH = np.arange(ROWS) % 2 == 0


def _scores(right: Booleans) -> Scores:
    positive = np.where(right, TRUTH, ~TRUTH)
    return Scores(positive, positive + np.random.default_rng(1).random(ROWS) * 0.1)


def _board(
    candidate: Scores,
    baseline: Scores | None = None,
    shared: Booleans | None = None,
    columns: Mapping[str, Sequence[str]] | None = None,
    truth: Booleans = TRUTH,
    not_shared: str = "",
) -> Board:
    rows = HeldOut(
        texts=["x"] * ROWS,
        positive=truth,
        words=np.arange(ROWS),
        columns=columns or {},
        shared=np.ones(ROWS, dtype=bool) if shared is None else shared,
        not_shared=not_shared,
    )
    return Board(rows, candidate, baseline)


GOOD, BAD = _scores(np.arange(ROWS) % 20 != 0), _scores(np.arange(ROWS) % 4 != 1)


def _one(board: Board, metric: str = "accuracy", *, compared: bool = True, part: Slice | None = None) -> Figures:
    gate = Gate(name="g", metric=metric, slice=part, compare_with="Serving" if compared else None)
    (figures,) = figures_for([gate], board)
    return figures


@pytest.mark.parametrize("metric", ["accuracy", "precision", "recall", "f1", "rocAUC"])
def test_equal_models_are_no_worse_in(metric: str) -> None:
    figures = _one(_board(GOOD, GOOD), metric)
    assert (figures.value, figures.p_value, figures.samples) == (figures.baseline_value, "1", ROWS)
    assert -0.02 < float(figures.low) <= 0 <= float(figures.high) < 0.02
    gate = Gate(name="g", metric=metric, compare_with="Serving", max_decrease="0.02")
    assert judge(gate, figures)[0] is Verdict.PASSED


def test_a_comparison_has_all_figures() -> None:
    figures = _one(_board(GOOD, BAD))
    assert (figures.value, figures.baseline_value, figures.problem) == ("0.95", "0.75", "")
    assert 0.1 < float(figures.low) < 0.2 < float(figures.high) < 0.3
    assert float(figures.p_value) < 0.001


def test_a_slice_alone_has_a_value_and_no_interval() -> None:
    figures = _one(_board(GOOD, BAD), compared=False, part=Slice(min_words=100, max_words=199))
    assert figures == Figures(gate="g", value="0.95", samples=100)


def test_a_comparison_uses_shared_reviews_alone_and_a_slice_all_held_out_ones() -> None:
    board = _board(GOOD, BAD, shared=np.arange(ROWS) < 100)
    assert _one(board).samples == 100
    assert _one(board, compared=False, part=Slice(min_words=1)).samples == ROWS - 1


def test_a_slice_by_column_takes_what_stands_there() -> None:
    domains = ["hotel " if i < 60 else "hotels" for i in range(ROWS)]
    part = Slice(column="domain", value="hotel")
    assert _one(_board(GOOD, BAD, columns={"domain": domains}), part=part).samples == 60
    both = part.model_copy(update={"min_words": 20})
    assert _one(_board(GOOD, BAD, columns={"domain": domains}), part=both).samples == 40


PROBLEMS = {
    "an unknown metric": (
        _board(GOOD, GOOD),
        {"metric": "latency"},
        "'latency' cannot be compared or sliced; known are accuracy, precision, recall, f1, rocAUC",
    ),
    "nothing that serves": (_board(GOOD), {}, "nothing serves yet to compare with"),
    "no shared reviews": (_board(GOOD, not_shared="cannot tell"), {}, "cannot tell"),
    "an absent column": (
        _board(GOOD, GOOD),
        {"part": Slice(column="domain", value="hotel")},
        "the data have no column 'domain' to slice by",
    ),
    "a column without a value": (
        _board(GOOD, GOOD, columns={"domain": ["a"] * ROWS}),
        {"part": Slice(column="domain")},
        "column 'domain' and no value",
    ),
    "an empty slice": (
        _board(GOOD, GOOD),
        {"part": Slice(min_words=9000)},
        "only 0 held-out reviews with 9000 words or more: at least 30 are needed to measure accuracy",
    ),
    "a small slice": (_board(GOOD, GOOD), {"part": Slice(min_words=371)}, "only 29 held-out reviews"),
    "few shared reviews": (_board(GOOD, GOOD, shared=np.arange(ROWS) < 29), {}, "only 29 held-out reviews"),
    "one sentiment for rocAUC": (
        _board(GOOD, GOOD, truth=np.ones(ROWS, dtype=bool)),
        {"metric": "rocAUC"},
        "only 0 of 400 held-out reviews are negative: at least 30 are needed to measure rocAUC",
    ),
    "one sentiment for precision": (
        _board(GOOD, GOOD, truth=np.ones(ROWS, dtype=bool)),
        {"metric": "precision", "compared": False},
        "only 0 of 400 held-out reviews are negative",
    ),
    "too little to recall": (
        _board(GOOD, GOOD, truth=np.arange(ROWS) < 29),
        {"metric": "recall"},
        "only 29 of 400 held-out reviews are positive",
    ),
    "nothing to recall": (
        _board(GOOD, GOOD, truth=np.zeros(ROWS, dtype=bool)),
        {"metric": "recall"},
        "only 0 of 400 held-out reviews are positive",
    ),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_there_is_no_figure_with(case: str) -> None:
    board, asked, told = PROBLEMS[case]
    figures = _one(board, **asked)
    assert told in figures.problem
    assert figures == Figures(gate="g", problem=figures.problem)


@pytest.mark.parametrize("metric", ["accuracy", "recall"])
def test_one_sentiment_is_enough_for(metric: str) -> None:
    assert _one(_board(GOOD, GOOD, truth=np.ones(ROWS, dtype=bool)), metric).problem == ""


def test_a_problem_of_one_gate_leaves_the_others_alone() -> None:
    gates = [Gate(name="a", metric="latency"), Gate(name="b", metric="f1", compare_with="Serving")]
    first, second = figures_for(gates, _board(GOOD, BAD))
    assert (first.gate, bool(first.problem), second.gate, second.problem) == ("a", True, "b", "")


def test_a_long_problem_is_cut_to_what_the_contract_allows() -> None:
    (figures,) = without_figures([Gate(name="g", metric="f1")], "why " * 500)
    assert len(figures.problem) == 300
    assert figures.problem.endswith("…")
    assert shortened("two\nlines", 300) == "two lines"


NUMBERS = {
    (0.5, "ROUND_HALF_EVEN"): "0.5",
    (1.0, "ROUND_HALF_EVEN"): "1",
    (-0.0, "ROUND_HALF_EVEN"): "0",
    (-0.0000001, "ROUND_HALF_EVEN"): "0",
    (-0.0000001, "ROUND_FLOOR"): "-0.000001",
    (-0.0050000000000000044, "ROUND_FLOOR"): "-0.005",
    (0.0000001, "ROUND_CEILING"): "0.000001",
    (float("nan"), "ROUND_FLOOR"): "",
    (float("inf"), "ROUND_FLOOR"): "",
}


@pytest.mark.parametrize("number", NUMBERS, ids=str)
def test_a_number_is_spelt(number: tuple[float, str]) -> None:
    assert decimal(*number) == NUMBERS[number]

"""From scored reviews to the figures of each gate. Whatever cannot be measured says why, and nothing is guessed.

It must not judge: verdicts are the contract's.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

import numpy as np
from numpy.typing import NDArray

from sentiment_artifact import CompiledModel, Score
from sentiment_contract.gates import COMPARED_METRICS, Figures, Gate, Measured, Slice
from sentiment_contract.values import canonical_decimal
from sentiment_trainer.compare import statistics
from sentiment_trainer.compare.rows import Booleans, HeldOut
from sentiment_trainer.compare.statistics import COUNT_METRICS, Interval
from sentiment_trainer.compare.unmeasurable import Unmeasurable

FEWEST_REVIEWS = 30
"""Fewer prove nothing in either direction."""
NOTHING_SERVES = "nothing serves yet to compare with"
_PROBLEM_LIMIT = 300
_DIGITS = Decimal("0.000001")


@dataclass(frozen=True)
class Scores:
    """What one model says of each review: its class, and a number that ranks it."""

    positive: Booleans
    rank: NDArray[np.float64]

    def of(self, chosen: Booleans) -> "Scores":
        """Those of the chosen reviews."""
        return Scores(self.positive[chosen], self.rank[chosen])


@dataclass(frozen=True)
class Board:
    """Everything that was scored. Without a baseline, nothing serves yet or its reviews cannot be told."""

    rows: HeldOut
    candidate: Scores
    baseline: Scores | None


def score(model: CompiledModel, texts: Iterable[str]) -> Scores:
    """Score every text with the very scorer that serves."""
    scored = [(one.positive, _rank(one)) for one in map(model.score, texts)]
    return Scores(np.array([p for p, _ in scored], dtype=bool), np.array([r for _, r in scored], dtype=np.float64))


def _rank(score: Score) -> float:
    return score.probability_positive if score.decision is None else score.decision


def figures_for(gates: Sequence[Gate], board: Board) -> tuple[Figures, ...]:
    """The figures of every gate, or the problem where there are none."""
    return tuple(_figures(gate, board) for gate in gates)


def with_earlier(
    gates: Sequence[Gate], figures: Sequence[Figures], earlier: Board | Unmeasurable | None
) -> tuple[Figures, ...]:
    """The figures with those of the earlier reviews beside them, for every comparison that these can be made for.

    Where the earlier reviews are not to be had, no comparison counts.
    """
    return tuple(_with_earlier(gate, one, earlier) for gate, one in zip(gates, figures, strict=True))


def _with_earlier(gate: Gate, figures: Figures, board: Board | Unmeasurable | None) -> Figures:
    if gate.compare_with is None or figures.problem or board is None:
        return figures
    if isinstance(board, Unmeasurable):
        return without_figures([gate], str(board))[0]
    # All of them, also for a slice: what was kept knows no other columns, and a part of it may be too small to tell.
    before = _figures(gate.model_copy(update={"slice": None}), board)
    if before.problem:
        problem = (
            f"of the reviews that the serving version was judged by and the new one has not learnt: {before.problem}"
        )
        return without_figures([gate], problem)[0]
    measured = Measured.model_validate(before.model_dump(include=set(Measured.model_fields)))
    return figures.model_copy(update={"on_earlier_reviews": measured})


def without_figures(gates: Sequence[Gate], problem: str) -> tuple[Figures, ...]:
    """The same problem for all gates."""
    return tuple(Figures(gate=gate.name, problem=shortened(problem, _PROBLEM_LIMIT)) for gate in gates)


def shortened(text: str, limit: int) -> str:
    """The text on one line and within the limit."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: max(limit - 1, 0)]}…"


def _figures(gate: Gate, board: Board) -> Figures:
    try:
        if gate.metric not in COMPARED_METRICS:
            raise Unmeasurable(
                f"metric {gate.metric!r} cannot be compared or sliced; known are {', '.join(COMPARED_METRICS)}"
            )
        return _alone(gate, board) if gate.compare_with is None else _beside(gate, board)
    except Unmeasurable as problem:
        return without_figures([gate], str(problem))[0]


def _alone(gate: Gate, board: Board) -> Figures:
    chosen = _chosen(gate, board.rows, np.ones(len(board.rows), dtype=bool))
    value = _value(gate.metric, board.rows.positive[chosen], board.candidate.of(chosen))
    return Figures(gate=gate.name, value=decimal(value), samples=int(chosen.sum()))


def _beside(gate: Gate, board: Board) -> Figures:
    if board.baseline is None:
        raise Unmeasurable(board.rows.not_shared or NOTHING_SERVES)
    chosen = _chosen(gate, board.rows, board.rows.shared)
    truth, ours, theirs = board.rows.positive[chosen], board.candidate.of(chosen), board.baseline.of(chosen)
    interval = _interval(gate.metric, truth, ours, theirs)
    return Figures(
        gate=gate.name,
        value=decimal(_value(gate.metric, truth, ours)),
        baseline_value=decimal(_value(gate.metric, truth, theirs)),
        low=decimal(interval.low, ROUND_FLOOR),
        high=decimal(interval.high, ROUND_CEILING),
        p_value=decimal(statistics.mcnemar(truth, ours.positive, theirs.positive)),
        samples=len(truth),
    )


def _value(metric: str, truth: Booleans, scores: Scores) -> float:
    if metric in COUNT_METRICS:
        return float(COUNT_METRICS[metric](statistics.confusion(truth, scores.positive)))
    return statistics.area(truth, scores.rank)


def _interval(metric: str, truth: Booleans, ours: Scores, theirs: Scores) -> Interval:
    if metric in COUNT_METRICS:
        return statistics.count_interval(COUNT_METRICS[metric], truth, ours.positive, theirs.positive)
    return statistics.area_interval(truth, ours.rank, theirs.rank)


def _chosen(gate: Gate, rows: HeldOut, among: Booleans) -> Booleans:
    """The reviews that the gate is measured on. Raises Unmeasurable where they are too few or too much alike."""
    chosen = among if gate.slice is None else among & _in_slice(gate.slice, rows)
    what = f"held-out reviews{f' with {gate.slice.told()}' if gate.slice and gate.slice.told() else ''}"
    count, positive = int(chosen.sum()), int(rows.positive[chosen].sum())
    if count < FEWEST_REVIEWS:
        raise Unmeasurable(f"only {count} {what}: at least {FEWEST_REVIEWS} are needed to measure {gate.metric}")
    # What the metric is about: recall knows positive reviews alone, the others need both sentiments.
    about = {"accuracy": count, "recall": positive}.get(gate.metric, min(positive, count - positive))
    if about < FEWEST_REVIEWS:
        kind = "positive" if about == positive else "negative"
        raise Unmeasurable(
            f"only {about} of {count} {what} are {kind}: at least {FEWEST_REVIEWS} are needed to measure {gate.metric}"
        )
    return chosen


def _in_slice(part: Slice, rows: HeldOut) -> Booleans:
    inside = (rows.words >= (part.min_words or 0)) & (rows.words <= (part.max_words or np.iinfo(np.int64).max))
    if part.column is None:
        return inside
    if part.value is None:
        raise Unmeasurable(f"the slice names column {part.column!r} and no value")
    if part.column not in rows.columns:
        raise Unmeasurable(f"the data have no column {part.column!r} to slice by")
    wanted = part.value.strip()
    return inside & np.array([cell.strip() == wanted for cell in rows.columns[part.column]], dtype=bool)


def decimal(number: float, rounding: str = ROUND_HALF_EVEN) -> str:
    """The number with at most six decimals, empty where it is not finite."""
    if not math.isfinite(number):
        return ""
    # Nine decimals first: the last bits of a float are noise, and must not carry a bound over the next step.
    return canonical_decimal(str(Decimal(f"{number:.9f}").quantize(_DIGITS, rounding=rounding) + 0))

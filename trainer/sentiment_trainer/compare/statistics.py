"""The figures of two models on the same reviews, and how sure they are: paired bootstrap and McNemar's exact test.

Resampling reviews of eight kinds (truth, candidate, baseline) is drawing their counts from a multinomial distribution:
the paired bootstrap of scipy.stats.bootstrap for every metric of counts, but for a little smoothing, and in milliseconds
for any number of reviews. The area under the curve needs the reviews themselves; they are drawn in batches of bounded
memory.
"""

# scipy ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from sentiment_contract.gates import CONFIDENCE

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

RESAMPLES = 2000
SEED = 42
_CELLS_PER_BATCH = 1 << 20


@dataclass(frozen=True)
class Confusion:
    """How often each was right and wrong; arrays where there are many resamples."""

    tn: Integers
    fp: Integers
    fn: Integers
    tp: Integers


@dataclass(frozen=True)
class Interval:
    """The bounds of a difference, each one-sided at CONFIDENCE."""

    low: float
    high: float


CountMetric = Callable[[Confusion], Floats]


def _share(part: Integers, whole: Integers) -> Floats:
    """As in the evaluation of a training: nothing of nothing is 0."""
    return np.divide(part, whole, out=np.zeros(np.shape(whole), dtype=np.float64), where=np.asarray(whole) > 0)


COUNT_METRICS: dict[str, CountMetric] = {
    "accuracy": lambda c: _share(c.tp + c.tn, c.tp + c.tn + c.fp + c.fn),
    "precision": lambda c: _share(c.tp, c.tp + c.fp),
    "recall": lambda c: _share(c.tp, c.tp + c.fn),
    "f1": lambda c: _share(2 * c.tp, 2 * c.tp + c.fp + c.fn),
}


def confusion(truth: Booleans, predicted: Booleans) -> Confusion:
    """The counts of one model."""
    tn, fp, fn, tp = np.bincount(2 * truth + predicted, minlength=4)
    return Confusion(*(np.asarray(count) for count in (tn, fp, fn, tp)))


def count_interval(metric: CountMetric, truth: Booleans, candidate: Booleans, baseline: Booleans) -> Interval:
    """The interval of metric(candidate) - metric(baseline)."""
    kinds = _smoothed(np.bincount(4 * truth + 2 * candidate + baseline, minlength=8).astype(np.float64))
    drawn = np.random.default_rng(SEED).multinomial(len(truth), kinds / kinds.sum(), size=RESAMPLES).astype(np.int64)
    # [resample, truth, candidate, baseline]: summed over the other model, it is a confusion matrix.
    table = drawn.reshape(-1, 2, 2, 2)
    return _percentiles(metric(_of(table.sum(axis=3))) - metric(_of(table.sum(axis=2))))


def _smoothed(kinds: Floats) -> Floats:
    """Half a review more of each kind that exactly one of the two gets wrong (Agresti and Min, 2005).

    A small sample without any does not prove that there is none: its plain bootstrap would have no width at all.
    """
    smoothed = kinds.copy()
    for truth in (0, 4):
        if kinds[truth : truth + 4].any():
            smoothed[truth + 1 : truth + 3] += 0.5
    return smoothed


def _of(counts: Integers) -> Confusion:
    return Confusion(counts[:, 0, 0], counts[:, 0, 1], counts[:, 1, 0], counts[:, 1, 1])


class Ranking:
    """The order in which one model ranks the reviews, kept so that many resamples of them are measured quickly."""

    def __init__(self, truth: Booleans, scores: Floats) -> None:
        self._positive, negative = np.flatnonzero(truth), np.flatnonzero(~truth)
        self._negative = negative[np.argsort(scores[negative], kind="stable")]
        ranked = scores[self._negative]
        self._below = np.searchsorted(ranked, scores[self._positive], side="left")
        self._not_above = np.searchsorted(ranked, scores[self._positive], side="right")

    def areas(self, weights: Floats) -> Floats:
        """The area under the ROC curve for each row of weights, one weight for each review; NaN where a side is empty."""
        positive = weights[:, self._positive]
        summed = np.cumsum(weights[:, self._negative], axis=1)
        before = np.concatenate((np.zeros((len(weights), 1)), summed), axis=1)
        won = (positive * (before[:, self._below] + before[:, self._not_above])).sum(axis=1) / 2
        pairs = positive.sum(axis=1) * before[:, -1]
        return np.divide(won, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)


def area(truth: Booleans, scores: Floats) -> float:
    """The area under the ROC curve."""
    return float(Ranking(truth, scores).areas(np.ones((1, len(truth))))[0])


def area_interval(truth: Booleans, candidate: Floats, baseline: Floats) -> Interval:
    """The interval of the difference of both areas."""
    rankings = Ranking(truth, candidate), Ranking(truth, baseline)
    chance, rows = np.random.default_rng(SEED), len(truth)
    batch = max(1, _CELLS_PER_BATCH // rows)
    differences: list[Floats] = []
    for start in range(0, RESAMPLES, batch):
        size = min(batch, RESAMPLES - start)
        weights = np.stack([np.bincount(chance.integers(rows, size=rows), minlength=rows) for _ in range(size)])
        ours, theirs = (ranking.areas(weights.astype(np.float64)) for ranking in rankings)
        differences.append(ours - theirs)
    return _percentiles(np.concatenate(differences))


def _percentiles(differences: Floats) -> Interval:
    # A resample in which one sentiment is missing says nothing, so it counts as the worst for either bound.
    low = np.quantile(np.nan_to_num(differences, nan=-1.0), 1 - CONFIDENCE)
    high = np.quantile(np.nan_to_num(differences, nan=1.0), CONFIDENCE)
    return Interval(float(low), float(high))


def mcnemar(truth: Booleans, candidate: Booleans, baseline: Booleans) -> float:
    """Two-sided p-value of "both are wrong equally often", from the reviews that exactly one of them gets wrong."""
    gained = int(((candidate == truth) & (baseline != truth)).sum())
    lost = int(((candidate != truth) & (baseline == truth)).sum())
    return cast("float", binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0

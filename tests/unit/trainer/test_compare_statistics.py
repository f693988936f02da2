"""Figures and intervals against the textbook and against scikit-learn and scipy."""

import math

import numpy as np
import pytest
from scipy.stats import bootstrap
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score, roc_auc_score

from sentiment_trainer.compare.statistics import (
    COUNT_METRICS,
    Booleans,
    Floats,
    Ranking,
    area,
    area_interval,
    confusion,
    count_interval,
    mcnemar,
)

ONE_SIDED_95 = 1.6448536


def _predictions(rows: int, seed: int) -> tuple[Booleans, Booleans, Booleans]:
    """Truth, a candidate that is right in about 90 %, a baseline that is right in about 88 %."""
    chance = np.random.default_rng(seed)
    truth = chance.random(rows) < 0.5
    candidate = np.where(chance.random(rows) < 0.9, truth, ~truth)
    return truth, candidate, np.where(chance.random(rows) < 0.95, candidate, ~candidate)


def _ranks(rows: int, seed: int) -> tuple[Booleans, Floats, Floats]:
    chance = np.random.default_rng(seed)
    truth = chance.random(rows) < 0.5
    baseline = truth + chance.normal(size=rows)
    return truth, baseline + chance.normal(size=rows) * 0.3, baseline


@pytest.mark.parametrize(
    ("metric", "reference"),
    [("accuracy", accuracy_score), ("precision", precision_score), ("recall", recall_score), ("f1", f1_score)],
)
def test_figures_are_those_of_scikit_learn(metric: str, reference) -> None:
    truth, candidate, _ = _predictions(500, seed=1)
    assert float(COUNT_METRICS[metric](confusion(truth, candidate))) == pytest.approx(reference(truth, candidate))


def test_nothing_of_nothing_is_zero() -> None:
    nobody = np.zeros(40, dtype=bool)
    assert float(COUNT_METRICS["precision"](confusion(nobody, nobody))) == 0.0


@pytest.mark.parametrize("digits", [1, 8], ids=["with many ties", "without ties"])
def test_the_area_is_that_of_scikit_learn_also_with_weights(digits: int) -> None:
    truth, scores, _ = _ranks(500, seed=1)
    scores = scores.round(digits)
    weights = np.random.default_rng(2).integers(0, 4, size=(3, 500)).astype(np.float64)
    expected = [roc_auc_score(truth, scores, sample_weight=row) for row in weights]
    assert Ranking(truth, scores).areas(weights) == pytest.approx(expected)
    assert area(truth, scores) == pytest.approx(roc_auc_score(truth, scores))


@pytest.mark.parametrize("rows", [300, 3000, 20_000])
def test_the_interval_of_accuracy_is_that_of_paired_proportions(rows: int) -> None:
    truth, candidate, baseline = _predictions(rows, seed=rows)
    gained = int(((candidate == truth) & (baseline != truth)).sum())
    lost = int(((candidate != truth) & (baseline == truth)).sum())
    difference = (gained - lost) / rows
    error = math.sqrt(gained + lost - (gained - lost) ** 2 / rows) / rows
    interval = count_interval(COUNT_METRICS["accuracy"], truth, candidate, baseline)
    assert interval.low == pytest.approx(difference - ONE_SIDED_95 * error, abs=0.15 * error + 1 / rows)
    assert interval.high == pytest.approx(difference + ONE_SIDED_95 * error, abs=0.15 * error + 1 / rows)


@pytest.mark.parametrize("metric", [*COUNT_METRICS, "rocAUC"])
def test_the_interval_is_that_of_scipy(metric: str) -> None:
    if metric == "rocAUC":
        truth, ours, theirs = _ranks(400, seed=5)
        interval = area_interval(truth, ours, theirs)
    else:
        truth, ours, theirs = _predictions(400, seed=5)
        interval = count_interval(COUNT_METRICS[metric], truth, ours, theirs)

    def difference(rows: Floats) -> float:
        chosen = rows.astype(int)
        if metric == "rocAUC":
            return area(truth[chosen], ours[chosen]) - area(truth[chosen], theirs[chosen])
        of = COUNT_METRICS[metric]
        ours_of, theirs_of = (of(confusion(truth[chosen], one[chosen])) for one in (ours, theirs))
        return float(ours_of) - float(theirs_of)

    found = bootstrap(
        (np.arange(400),), difference, n_resamples=2000, confidence_level=0.9, method="percentile", vectorized=False,
        rng=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    width = found.high - found.low
    assert (interval.low, interval.high) == pytest.approx((found.low, found.high), abs=0.1 * width)


def test_the_same_reviews_give_the_same_interval() -> None:
    predictions, ranks = _predictions(500, seed=3), _ranks(500, seed=3)
    metric = COUNT_METRICS["f1"]
    assert count_interval(metric, *predictions) == count_interval(metric, *predictions)
    assert area_interval(*ranks) == area_interval(*ranks)


@pytest.mark.parametrize("rows", [30, 100, 300])
def test_a_loss_beyond_the_margin_seldom_passes(rows: int) -> None:
    """The candidate loses a few reviews and gains none, just as many as it may: five of a hundred samples are to hide it."""
    chance, passed, samples = np.random.default_rng(7), 0, 400
    for _ in range(samples):
        truth = chance.random(rows) < 0.5
        baseline = np.where(chance.random(rows) < 0.9, truth, ~truth)
        lost = (baseline == truth) & (chance.random(rows) < 0.03 / 0.9)
        interval = count_interval(COUNT_METRICS["accuracy"], truth, np.where(lost, ~truth, baseline), baseline)
        passed += interval.low >= -0.03
    assert passed / samples < 0.13


def test_equal_models_differ_by_nothing() -> None:
    truth, candidate, _ = _predictions(500, seed=3)
    _, scores, _ = _ranks(500, seed=3)
    for metric in COUNT_METRICS.values():
        interval = count_interval(metric, truth, candidate, candidate)
        assert -0.02 < interval.low < 0 < interval.high < 0.02, "no difference was seen, and a small one may be there"
    interval = area_interval(truth, scores, scores)
    assert (interval.low, interval.high) == (0.0, 0.0)
    assert mcnemar(truth, candidate, candidate) == 1.0


@pytest.mark.parametrize("better", [1.0, -1.0])
def test_a_resample_that_lacks_a_sentiment_widens_the_interval(better: float) -> None:
    truth = np.arange(40) == 0
    ours, theirs = better * np.arange(40.0), -better * np.arange(40.0)
    interval = area_interval(truth, ours, theirs)
    assert (interval.low, interval.high) == (-1.0, 1.0)


def test_batches_of_resamples_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = _ranks(200, seed=4)
    whole = area_interval(*ranks)
    monkeypatch.setattr("sentiment_trainer.compare.statistics._CELLS_PER_BATCH", 200 * 7)
    assert area_interval(*ranks) == whole


@pytest.mark.parametrize(("gained", "lost", "expected"), [(1, 8, 0.0390625), (8, 1, 0.0390625), (4, 4, 1.0)])
def test_mcnemar_is_exact(gained: int, lost: int, expected: float) -> None:
    truth = np.ones(100, dtype=bool)
    candidate, baseline = truth.copy(), truth.copy()
    baseline[:gained] = False
    candidate[gained : gained + lost] = False
    assert mcnemar(truth, candidate, baseline) == pytest.approx(expected)

"""Figures from counters, and limits held against figures, at their borders."""

import math
from bisect import bisect_left
from dataclasses import replace
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sentiment_operator.api.rollout import Analysis
from sentiment_operator.facts.observed import Answered
from sentiment_operator.rollout.analysis import Figures, breaches, figures, lacking, p95_seconds

BOUNDS = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, math.inf)
FINE = Figures(requests=100, error_percent=1.0, p95_milliseconds=200.0, disagreement_percent=5.0, compared=100)
LIMITS = Analysis.model_validate(
    {"maxErrorPercent": 1, "maxP95Milliseconds": 200, "maxDisagreementPercent": 5, "minSamples": 100}
)


def histogram(samples: list[float]) -> tuple[tuple[float, int], ...]:
    """Cumulative counts, as a server tells them."""
    counts = [0] * len(BOUNDS)
    for sample in samples:
        counts[bisect_left(BOUNDS, sample)] += 1
    return tuple(zip(BOUNDS, accumulate(counts), strict=True))


def nearest_rank(samples: list[float]) -> float:
    """The least sample that 95 of 100 do not exceed, from the samples themselves."""
    ordered = sorted(samples)
    return ordered[-(-95 * len(ordered) // 100) - 1]


@given(some.lists(some.floats(0.00001, 10), min_size=1, max_size=300))
def test_the_95th_percentile_lies_in_the_bucket_of_the_sample_that_it_is(samples: list[float]) -> None:
    bucket = bisect_left(BOUNDS, nearest_rank(samples))
    lower = BOUNDS[bucket - 1] if bucket else 0.0
    found = p95_seconds(histogram(samples))
    assert found is not None
    assert lower <= found <= BOUNDS[bucket]


def test_within_a_bucket_it_is_linear() -> None:
    assert p95_seconds(((0.1, 90), (0.2, 100), (math.inf, 100))) == pytest.approx(0.15)


def test_beyond_the_last_bound_it_is_that_bound() -> None:
    assert p95_seconds(histogram([60.0] * 10)) == 10.0


@pytest.mark.parametrize("buckets", [(), ((math.inf, 0),), ((0.1, 0), (math.inf, 0))])
def test_without_samples_there_is_none(buckets: tuple[tuple[float, int], ...]) -> None:
    assert p95_seconds(buckets) is None


def test_without_requests_nothing_is_known() -> None:
    assert figures(Answered()) == Figures(
        requests=0, error_percent=None, p95_milliseconds=None, disagreement_percent=None, compared=0
    )
    assert breaches(LIMITS, figures(Answered())) == ()


def test_figures_are_shares_of_what_was_answered_and_of_what_was_compared() -> None:
    found = figures(Answered(requests=200, errors=3, buckets=((0.1, 200),), compared=50, disagreements=4))
    assert (found.error_percent, found.disagreement_percent) == (1.5, 8.0)
    assert found.p95_milliseconds == pytest.approx(95.0)


def test_a_limit_that_is_just_met_is_kept() -> None:
    assert breaches(LIMITS, FINE) == ()


@pytest.mark.parametrize(
    ("worse", "told"),
    [
        ({"error_percent": 1.01}, "1.0 % of 100 requests failed, at most 1 % may"),
        (
            {"p95_milliseconds": 200.4},
            "95 % of requests were answered within 200 ms only (100 requests), 200 ms is the limit",
        ),
        (
            {"disagreement_percent": 5.1},
            "5.1 % of 100 reviews are judged otherwise than by what serves, at most 5 % may",
        ),
    ],
    ids=["errors", "slow", "odd"],
)
def test_just_beyond_a_limit_is_a_breach_told_with_its_figures(worse: dict[str, float], told: str) -> None:
    assert breaches(LIMITS, replace(FINE, **worse)) == (told,)


def test_every_breach_is_told() -> None:
    worst = replace(FINE, error_percent=100.0, p95_milliseconds=9000.0, disagreement_percent=100.0)
    assert len(breaches(LIMITS, worst)) == 3


@pytest.mark.parametrize("few", [{"requests": 99}, {"compared": 99}])
def test_one_sample_too_few_is_no_judgement_and_is_waited_for(few: dict[str, int]) -> None:
    worst = replace(FINE, error_percent=100.0, p95_milliseconds=9000.0, disagreement_percent=100.0, **few)
    judged = len(breaches(LIMITS, worst))
    assert judged == (1 if "requests" in few else 2)
    assert lacking(LIMITS, worst) == ("99 of 100 requests" if "requests" in few else "99 of 100 compared reviews")


@pytest.mark.parametrize(
    "limit", [{"maxErrorPercent": 1}, {"maxP95Milliseconds": 1}, {"maxDisagreementPercent": 1}, {}]
)
def test_a_limit_that_is_not_given_is_neither_judged_nor_waited_for(limit: dict[str, Any]) -> None:
    analysis = Analysis.model_validate(limit)
    worst = replace(FINE, error_percent=100.0, p95_milliseconds=9000.0, disagreement_percent=100.0)
    assert len(breaches(analysis, worst)) == len(limit)
    waits = bool(lacking(analysis, figures(Answered())))
    assert waits == bool(limit)


def test_no_error_may_be_allowed_at_all() -> None:
    none = Analysis.model_validate({"maxErrorPercent": 0})
    assert breaches(none, replace(FINE, error_percent=0.0)) == ()
    assert breaches(none, replace(FINE, error_percent=0.1)) != ()

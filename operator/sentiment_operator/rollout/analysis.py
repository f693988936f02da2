"""Holds what the candidate answered against the limits of its model. Pure.

Figures are of all requests since the candidate's pods started, so every stage adds to what is known. It does not know
what follows from a breach.
"""

from dataclasses import dataclass
from fractions import Fraction

from sentiment_operator.api.rollout import Analysis
from sentiment_operator.facts.observed import Answered

PERCENTILE = Fraction(95, 100)
NOT_KNOWN = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of the candidate. A figure that is None cannot be told yet."""

    requests: int
    error_percent: float | None
    p95_milliseconds: float | None
    disagreement_percent: float | None
    compared: int


def figures(answered: Answered) -> Figures:
    """From counters to figures."""
    quantile = p95_seconds(answered.buckets)
    return Figures(
        requests=answered.requests,
        error_percent=_percent(answered.errors, answered.requests),
        p95_milliseconds=None if quantile is None else 1000 * quantile,
        disagreement_percent=_percent(answered.disagreements, answered.compared),
        compared=answered.compared,
    )


def breaches(analysis: Analysis, found: Figures) -> tuple[str, ...]:
    """Each limit that is not kept, in words; nothing is judged by too few samples."""
    checks = (
        (found.requests, found.error_percent, analysis.max_error_percent, "{:.1f} % of {} requests failed, at most {} % may"),
        (
            found.requests,
            found.p95_milliseconds,
            analysis.max_p95_milliseconds,
            "95 % of requests were answered within {:.0f} ms only ({} requests), {} ms is the limit",
        ),
        (
            found.compared,
            found.disagreement_percent,
            analysis.max_disagreement_percent,
            "{:.1f} % of {} reviews are judged otherwise than by what serves, at most {} % may",
        ),
    )  # fmt: skip
    return tuple(
        told.format(value, samples, limit)
        for samples, value, limit, told in checks
        if limit is not None and value is not None and samples >= analysis.min_samples and value > limit
    )


def lacking(analysis: Analysis, found: Figures) -> str:
    """What cannot be judged yet for want of samples, in words; empty if everything can."""
    need = analysis.min_samples
    of_requests = analysis.max_error_percent is not None or analysis.max_p95_milliseconds is not None
    if of_requests and found.requests < need:
        return f"{found.requests} of {need} requests"
    if analysis.max_disagreement_percent is not None and found.compared < need:
        return f"{found.compared} of {need} compared reviews"
    return ""


def p95_seconds(buckets: tuple[tuple[float, int], ...]) -> float | None:
    """The 95th percentile of a histogram with cumulative counts by upper bound, in seconds; None without samples.

    Linear within a bucket, as Prometheus' histogram_quantile does it. Beyond the last finite bound it is that bound.
    """
    total = buckets[-1][1] if buckets else 0
    if not total:
        return None
    rank = float(PERCENTILE * total)
    below, lower = 0, 0.0
    for bound, count in buckets:
        if count >= rank:
            if bound == float("inf"):
                return lower
            return lower + (bound - lower) * (rank - below) / (count - below)
        below, lower = count, bound
    return lower


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None

"""Fits logistic regressions of one matrix at many strengths, each beginning where the ones before lead to.

The minimum is that of liblinear, which trains the version: half the squared length of the weights, that of the constant
among them, plus C times the logistic losses. It is approached until no judgement can change any more: the curvature is at
least one, so the weights are no farther from the minimum than the gradient is long, and no decision farther from its own
than that times the length of its row. A trial so has one figure, that of the minimum, wherever its fit began and whichever
trials it shares a process with. Newton's method with conjugate gradients (J. Nocedal and S. J. Wright, Numerical
Optimization, 2006, algorithm 7.1) takes a few products with the matrix for each strength. This module knows no reviews, no
parameters and no trials.
"""

# scipy ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import daxpy  # pyright: ignore[reportAttributeAccessIssue]  made when scipy is built
from scipy.special import expit

Floats = NDArray[np.float64]

_NEAR, _NEAREST = 1e-2, 1e-7
"""Length of the gradient from which judgements are looked at, and at which a fit ends whatever they are."""
_FORCING = 0.01
"""How exactly each Newton step is solved for, as a share of the gradient: few steps at few products were quickest."""
_FAR = 3.0
_MOST_STEPS, _MOST_PRODUCTS = 100, 500
_DECREASE, _ROUNDING = 1e-4, 1e-12


def decisions_along(
    learnt: Any, positive: NDArray[np.bool_], judged: Any, strengths: Sequence[float]
) -> Iterator[Floats]:
    """The decisions on the judged rows at each of the strengths C, which strictly ascend: a positive one calls a row positive.

    `learnt` and `judged` are csr matrices (rows, terms) whose last column is one, `positive` has one entry for each row of
    `learnt`. The sign of a decision is that at the minimum, its size is near that.
    """
    problem = _Problem(learnt, learnt.T, np.where(positive, 1.0, -1.0), judged, _lengths(judged))
    before: list[tuple[float, Floats]] = []
    for strength in strengths:
        weights, decisions = _converged(problem, strength, _ahead(before, strength, cast("int", learnt.shape[1])))
        before = [*before[-2:], (float(np.log(strength)), weights)]
        yield decisions


@dataclass(frozen=True)
class _Problem:
    """What stays the same from strength to strength; `sign` is 1 for a positive row and -1 for another."""

    learnt: Any
    across: Any
    """The same matrix, transposed."""
    sign: Floats
    judged: Any
    lengths: Floats
    """Of the judged rows."""


def _lengths(matrix: Any) -> Floats:
    return np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1), dtype=np.float64).ravel())


def _ahead(before: list[tuple[float, Floats]], strength: float, terms: int) -> Floats:
    """Where the last three fits point to on a logarithmic scale, by the polynomial through them; nothing without any.

    Far ahead of them it points nowhere: there the last one stands in its place.
    """
    at = float(np.log(strength))
    if len(before) > 1 and at - before[-1][0] > _FAR * (before[-1][0] - before[-2][0]):
        return before[-1][1]
    found = np.zeros(terms)
    for here, weights in before:
        found += prod((at - other) / (here - other) for other, _ in before if other != here) * weights
    return found


def _converged(problem: _Problem, strength: float, weights: Floats) -> tuple[Floats, Floats]:
    """Weights that are near enough to the minimum, and the decisions by them."""
    matrix, sign = problem.learnt, problem.sign
    margins = sign * (matrix @ weights)
    value = _objective(weights, margins, strength)
    for _ in range(_MOST_STEPS):
        doubt = expit(-margins)
        gradient = weights - problem.across @ (strength * sign * doubt)
        distance = float(np.linalg.norm(gradient))
        if distance <= _NEAR:
            decisions = problem.judged @ weights
            if distance <= _NEAREST or bool((np.abs(decisions) > distance * problem.lengths).all()):
                return weights, decisions
        step = _newton_step(problem, strength * doubt * (1 - doubt), gradient)
        along, slope, length = sign * (matrix @ step), float(gradient @ step), 1.0
        while (
            reached := _objective(weights + length * step, margins + length * along, strength)
        ) > value + _DECREASE * length * slope + _ROUNDING * value:
            length /= 2
        weights, margins, value = weights + length * step, margins + length * along, reached
    return weights, problem.judged @ weights


def _objective(weights: Floats, margins: Floats, strength: float) -> float:
    return float(weights @ weights / 2 + strength * np.logaddexp(0, -margins).sum())


def _newton_step(problem: _Problem, curvature: Floats, gradient: Floats) -> Floats:
    """Solves (1 + X'DX) step = -gradient by conjugate gradients, about as exactly as the step is worth."""
    step, rest = np.zeros_like(gradient), -gradient
    direction, squared = rest.copy(), float(rest @ rest)
    enough = max(_FORCING**2 * squared, (0.3 * _NEAREST) ** 2)
    for _ in range(_MOST_PRODUCTS):
        bent = problem.across @ (curvature * (problem.learnt @ direction))
        bent += direction
        length = squared / float(direction @ bent)
        step = daxpy(direction, step, a=length)
        rest = daxpy(bent, rest, a=-length)
        before, squared = squared, float(rest @ rest)
        if squared <= enough:
            break
        direction *= squared / before
        direction += rest
    return step

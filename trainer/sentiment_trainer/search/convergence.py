"""Fits logistic regressions of one matrix at many strengths, each beginning where the ones before lead to.

The minimum is that of liblinear, which trains the version: half the squared length of the weights, that of the constant
among them, plus C times the logistic losses. A training stops near it; here it is approached until it no longer matters
where the fit began, so that a trial has one figure, whichever trials it shares a process with. Newton's method with
conjugate gradients (S. J. Wright and J. Nocedal, Numerical Optimization, 2006, algorithm 7.1) takes a few products with
the matrix for each strength. This module knows no reviews, no parameters and no trials.
"""

# scipy ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]

TOLERANCE = 1e-5
"""Length of the gradient at which a fit ends. The curvature is at least one, so the weights are within this distance of
the minimum, and the decision on a text of length one within 1.5 times of it."""
_FORCING = 0.03
"""How exactly each Newton step is solved for, as a share of the gradient: few steps at few products were quickest."""
_MOST_STEPS, _MOST_PRODUCTS = 100, 500
_DECREASE, _ROUNDING = 1e-4, 1e-12


def weights_along(matrix: Any, positive: NDArray[np.bool_], strengths: Sequence[float]) -> Iterator[Floats]:
    """The weights at each of the strengths C, which ascend; the last weight is that of the constant.

    `matrix` is a csr matrix (reviews, terms) whose last column is one, `positive` has one entry for each review.
    """
    sign = np.where(positive, 1.0, -1.0)
    before: list[tuple[float, Floats]] = []
    for strength in strengths:
        found = _converged(matrix, sign, strength, _ahead(before, strength, cast("int", matrix.shape[1])))
        before = [*before[-1:], (float(np.log(strength)), found)]
        yield found


def _ahead(before: list[tuple[float, Floats]], strength: float, terms: int) -> Floats:
    """Where the last two fits point to on a logarithmic scale; nothing where there was none."""
    match before:
        case [(first, a), (second, b)] if second > first:
            return b + (b - a) * ((float(np.log(strength)) - second) / (second - first))
        case [*_, (_, last)]:
            return last
        case _:
            return np.zeros(terms)


def _converged(matrix: Any, sign: Floats, strength: float, weights: Floats) -> Floats:
    margins = sign * (matrix @ weights)
    value = _objective(weights, margins, strength)
    for _ in range(_MOST_STEPS):
        doubt = expit(-margins)
        gradient = weights - matrix.T @ (strength * sign * doubt)
        if float(np.linalg.norm(gradient)) <= TOLERANCE:
            break
        step = _newton_step(matrix, strength * doubt * (1 - doubt), gradient)
        along, slope, length = sign * (matrix @ step), float(gradient @ step), 1.0
        while (
            reached := _objective(weights + length * step, margins + length * along, strength)
        ) > value + _DECREASE * length * slope + _ROUNDING * value:
            length /= 2
        weights, margins, value = weights + length * step, margins + length * along, reached
    return weights


def _objective(weights: Floats, margins: Floats, strength: float) -> float:
    return float(weights @ weights / 2 + strength * np.logaddexp(0, -margins).sum())


def _newton_step(matrix: Any, curvature: Floats, gradient: Floats) -> Floats:
    """Solves (1 + X'DX) step = -gradient by conjugate gradients, about as exactly as the step is worth."""
    step, rest = np.zeros_like(gradient), -gradient
    direction, squared = rest.copy(), float(rest @ rest)
    enough = max(_FORCING**2 * squared, (0.3 * TOLERANCE) ** 2)
    for _ in range(_MOST_PRODUCTS):
        bent = direction + matrix.T @ (curvature * (matrix @ direction))
        length = squared / float(direction @ bent)
        step += length * direction
        rest -= length * bent
        before, squared = squared, float(rest @ rest)
        if squared <= enough:
            break
        direction *= squared / before
        direction += rest
    return step

"""Fits logistic regressions of one matrix at many strengths, each beginning at the best mixture of those before.

The minimum is that of liblinear, which trains the version: half the squared length of the weights, that of the constant
among them, plus C times the logistic losses. It is approached until no judgement can change any more: the curvature is at
least one, so the weights are no farther from the minimum than the gradient is long, and no decision farther from its own
than that times the length of its row. A trial so has one figure, that of the minimum, wherever its fit began and whichever
trials it shares a process with. Newton's method with conjugate gradients (J. Nocedal and S. J. Wright, Numerical
Optimization, 2006, algorithm 7.1) takes a few products with the matrix for each strength. This module knows no reviews, no
parameters and no trials.

Weights, gradients and steps are all sums of the learnt rows, so each is kept as the share of every row in it. With the matrix
stored term by term, both products read it from its beginning to its end and move about in one number for each row only, which
stay in the cache of a processor.
"""

# scipy ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]

_NEAR, _NEAREST = 1e-3, 1e-7
"""Length of the gradient from which judgements are looked at, and at which a fit ends whatever they are."""
_FORCING = 0.01
"""How exactly each Newton step is solved for, as a share of the gradient: few steps at few products were quickest."""
_MIXED = 8
"""Of so many fits before is a beginning mixed: more make it hardly better."""
_ENOUGH = 1e-10
"""A mixture is good enough when a step promises no more than this share of the value."""
_MOST_STEPS, _MOST_PRODUCTS = 100, 500
_DECREASE, _ROUNDING = 1e-4, 1e-12


def decisions_along(
    learnt: Any, positive: NDArray[np.bool_], judged: Any, strengths: Sequence[float]
) -> Iterator[Floats]:
    """The decisions on the judged rows at each of the strengths C, which strictly ascend: a positive one calls a row positive.

    `learnt` and `judged` are csr matrices (rows, terms) whose last column is one, `positive` has one entry for each row of
    `learnt`. The sign of a decision is that at the minimum, its size is near that.
    """
    across = learnt.T.tocsr()
    problem = _Problem(across, across.T, np.where(positive, 1.0, -1.0), judged, _lengths(judged))
    before: list[_Sum] = []
    for strength in strengths:
        found, decisions = _converged(problem, strength, _ahead(problem, strength, before))
        before = [*before[1 - _MIXED :], found]
        yield decisions


@dataclass(frozen=True)
class _Sum:
    """Weights that are a sum of the learnt rows: the share of each, and the product of each with the weights."""

    shares: Floats
    products: Floats

    def moved(self, length: float, step: "_Sum") -> "_Sum":
        """This much of the step further on."""
        return _Sum(self.shares + length * step.shares, self.products + length * step.products)


@dataclass(frozen=True)
class _Problem:
    """What stays the same from strength to strength; `sign` is 1 for a positive row and -1 for another."""

    across: Any
    """The learnt rows as columns, stored term by term."""
    learnt: Any
    """The same numbers in the same memory, transposed."""
    sign: Floats
    judged: Any
    lengths: Floats
    """Of the judged rows."""

    def summed(self, shares: Floats) -> tuple[_Sum, float]:
        """The sum of the learnt rows in these shares, and its squared length."""
        weights = self.across @ shares
        return _Sum(shares, self.learnt @ weights), float(weights @ weights)

    def decisions(self, weights: _Sum) -> Floats:
        """On the judged rows."""
        return self.judged @ (self.across @ weights.shares)

    def objective(self, squared: float, products: Floats, strength: float) -> float:
        """What is to be least, of weights of this squared length that have these products."""
        return squared / 2 + strength * float(np.logaddexp(0, -self.sign * products).sum())


def _lengths(matrix: Any) -> Floats:
    return np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1), dtype=np.float64).ravel())


def _ahead(problem: _Problem, strength: float, before: Sequence[_Sum]) -> _Sum:
    """The mixture of the fits before that is best at this strength, by Newton's method on how much of each; nothing without any.

    It is found without the matrix, since the products of each fit are known. Its own are made anew in the end: fits that are
    much alike are mixed in large parts of opposite sign, which would carry rounding from strength to strength.
    """
    if not before:
        return _Sum(np.zeros_like(problem.sign), np.zeros_like(problem.sign))
    shares = np.column_stack([one.shares for one in before])
    products = np.column_stack([one.products for one in before])
    inner = shares.T @ products
    parts = np.zeros(len(before))
    parts[-1] = 1.0
    for _ in range(_MOST_STEPS):
        doubt = expit(-problem.sign * (products @ parts))
        gradient = inner @ parts - strength * (problem.sign * doubt) @ products
        curvature = inner + strength * (products.T * (doubt * (1 - doubt))) @ products
        step: Floats = -np.linalg.lstsq(curvature, gradient)[0]

        def value(length: float, parts: Floats = parts, step: Floats = step) -> float:
            mixed = parts + length * step
            return problem.objective(float(mixed @ inner @ mixed), products @ mixed, strength)

        slope = float(gradient @ step)
        parts = parts + _far_enough(value, slope) * step
        if -slope <= _ENOUGH * value(0):
            break
    mixture, _ = problem.summed(shares @ parts)
    return mixture


def _converged(problem: _Problem, strength: float, weights: _Sum) -> tuple[_Sum, Floats]:
    """Weights that are near enough to the minimum, and the decisions by them."""
    for _ in range(_MOST_STEPS):
        doubt = expit(-problem.sign * weights.products)
        descent, squared = problem.summed(strength * problem.sign * doubt - weights.shares)
        distance = float(np.sqrt(squared))
        if distance <= _NEAR:
            decisions = problem.decisions(weights)
            if distance <= _NEAREST or bool((np.abs(decisions) > distance * problem.lengths).all()):
                return weights, decisions
        step = _newton_step(problem, strength * doubt * (1 - doubt), descent, squared)

        def value(length: float, weights: _Sum = weights, step: _Sum = step) -> float:
            there = weights.moved(length, step)
            return problem.objective(float(there.shares @ there.products), there.products, strength)

        weights = weights.moved(_far_enough(value, -float(descent.shares @ step.products)), step)
    return weights, problem.decisions(weights)


def _far_enough(value: Callable[[float], float], slope: float) -> float:
    """The whole step, or so much less of it that the value falls as its slope promises."""
    length, here = 1.0, value(0)
    while value(length) > here + _DECREASE * length * slope + _ROUNDING * here:
        length /= 2
    return length


def _newton_step(problem: _Problem, curvature: Floats, descent: _Sum, squared: float) -> _Sum:
    """Solves (1 + X'DX) step = descent by conjugate gradients, about as exactly as the step is worth.

    `squared` is the squared length of the descent as weights: shares that cancel each other out count for nothing.
    """
    step, rest, direction = _Sum(np.zeros_like(curvature), np.zeros_like(curvature)), descent, descent
    enough = max(_FORCING**2 * squared, (0.3 * _NEAREST) ** 2)
    for _ in range(_MOST_PRODUCTS):
        bent = direction.shares + curvature * direction.products
        length = squared / float(direction.products @ bent)
        step, before = step.moved(length, direction), squared
        rest, squared = problem.summed(rest.shares - length * bent)
        if squared <= enough:
            break
        direction = rest.moved(squared / before, direction)
    return step

"""Scores texts with a dict and numpy alone, in the order of operations that makes every bit scikit-learn's.

This is what scoring means: the native scorer has to say the same, and asks here where it cannot tell. It runs wherever
Python does. The order: counts, sorted by column, times idf, one by one summed squares, square root, division, one by one
summed products, intercept. `np.add.accumulate` sums one by one; `sum`, `np.sum` and `np.dot` do not: their last bits differ.
"""

import itertools
import math
import operator
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from sentiment_artifact.model import Floats, Forest, Indices, Linear
from sentiment_artifact.reading import Coefficients, Contents, Weights
from sentiment_artifact.refusal import ArtifactRefused
from sentiment_artifact.score import Engine, Score, forest_score, linear_score
from sentiment_artifact.terms import terms_of

_Counts = NDArray[np.intp] | NDArray[np.int64]
_Row = tuple[Indices, Floats]
"""The columns of a text in ascending order, and their values."""
_PIECE = 8_192


class ReferenceScorer:
    """A loaded model. It is never changed, so any number of threads may score with it."""

    engine: Engine = "python"

    def __init__(self, contents: Contents) -> None:
        """Raises ArtifactRefused when the terms are not in order, or one stands twice."""
        terms = list(contents.terms)
        if not all(map(operator.lt, terms, itertools.islice(terms, 1, None))):
            raise ArtifactRefused("the terms are not in ascending order, or one stands twice")
        # A dict of str takes 0.15 s and 60 MB for 440,000 terms and then finds a term in a third of a microsecond;
        # no search in numpy arrays comes near that for a single text.
        self._column_of = _columns(terms)
        self._ngram_max = contents.ngram_max
        self._min_word_length = contents.min_word_length
        self._arithmetic = Arithmetic(contents.weights)

    def score(self, text: str) -> Score:
        """Any str, the empty one and lone surrogates included. Never fails."""
        found = map(self._column_of.get, terms_of(text, self._ngram_max, self._min_word_length))
        return self._arithmetic.score(*_counted([column for column in found if column is not None]))

    def score_many(self, texts: Iterable[str]) -> list[Score]:
        """One score per text, in order."""
        return [self.score(text) for text in texts]


class Arithmetic:
    """What follows from the counts of a text."""

    def __init__(self, weights: Weights) -> None:
        self._idf: Floats = np.asarray(weights.idf)
        self._sublinear_tf = weights.sublinear_tf
        self._log_table: Floats = np.asarray(weights.log_table)
        match weights.classifier:
            case Coefficients(coef, intercept):
                self._classifier: Linear | Forest = Linear(np.asarray(coef), intercept)
            case Forest() as forest:
                self._classifier = forest

    def score(self, columns: Indices, counts: _Counts) -> Score:
        """Of the text that has these distinct columns, in ascending order, so many times."""
        row = self._row(columns, counts)
        match self._classifier:
            case Linear():
                return _linear_score(self._classifier, row)
            case Forest():
                return _forest_score(self._classifier, row, len(self._idf))

    def _row(self, columns: Indices, counts: _Counts) -> _Row:
        values = self._weights(counts) * self._idf[columns]
        squares = _sum(values * values)
        if squares != 0.0:
            values /= math.sqrt(squares)
        return columns, values

    def _weights(self, counts: _Counts) -> Floats:
        if not self._sublinear_tf:
            return counts.astype(np.float64)
        if len(counts) and counts.max() >= len(self._log_table):
            return np.log(counts.astype(np.float64)) + 1.0
        return self._log_table[counts]


def _columns(terms: Sequence[str]) -> dict[str, int]:
    """Made piece by piece: one call for all of them would hold the interpreter lock, and every other thread, throughout."""
    column_of: dict[str, int] = {}
    for start in range(0, len(terms), _PIECE):
        column_of.update(zip(terms[start : start + _PIECE], range(start, len(terms)), strict=False))
    return column_of


def _counted(columns: list[int]) -> tuple[Indices, NDArray[np.intp]]:
    """The distinct columns in ascending order, and how often each stands there."""
    columns.sort()
    ordered = np.array(columns, dtype=np.int32)
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    return ordered[starts], np.diff(starts, append=len(ordered))


def _sum(values: Floats) -> float:
    """Starting at 0.0, as scikit-learn does: the sum of nothing but -0.0 is 0.0."""
    return float(np.add.accumulate(values)[-1]) + 0.0 if len(values) else 0.0


def _linear_score(classifier: Linear, row: _Row) -> Score:
    columns, values = row
    return linear_score(_sum(values * classifier.coef[columns]) + classifier.intercept)


def _forest_score(forest: Forest, row: _Row, terms: int) -> Score:
    dense = np.zeros(terms, dtype=np.float32)
    columns, values = row
    dense[columns] = values
    leaves = _leaves(forest, dense)
    return forest_score(*(_sum(forest.value[leaves, side]) / len(leaves) for side in (0, 1)))


def _leaves(forest: Forest, dense: NDArray[np.float32]) -> Indices:
    """The leaf that each tree leads to; all trees take one step at a time.

    A single-precision value is compared with a double-precision threshold, as in scikit-learn.
    """
    nodes = forest.roots.copy()
    walking = np.flatnonzero(forest.left[nodes] >= 0)
    while len(walking):
        here = nodes[walking]
        goes_left = dense[forest.feature[here]] <= forest.threshold[here]
        there = np.where(goes_left, forest.left[here], forest.right[here])
        nodes[walking] = there
        walking = walking[forest.left[there] >= 0]
    return nodes

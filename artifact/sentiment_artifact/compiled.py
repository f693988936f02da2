"""Scores texts with a compiled model, in the order of operations that makes every bit scikit-learn's.

The order: counts, sorted by column, times idf, one by one summed squares, square root, division, one by one summed
products, intercept. `np.add.accumulate` sums one by one; `sum`, `np.sum` and `np.dot` do not: their last bits differ.
"""

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sentiment_artifact.digest import digest_of
from sentiment_artifact.model import ArtifactRefused, Floats, Forest, Indices, Linear
from sentiment_artifact.reading import Contents, read_model
from sentiment_artifact.terms import terms_of

_Row = tuple[Indices, Floats]
"""The columns of a text in ascending order, and their values."""
_PIECE = 8_192


@dataclass(frozen=True, slots=True)
class Score:
    """What the model says about one text.

    `positive` is the predicted class. The two probabilities are those of `predict_proba`, `decision` is that of
    `decision_function`; a forest has none.
    """

    positive: bool
    probability_negative: float
    probability_positive: float
    decision: float | None

    @property
    def sentiment(self) -> Literal["positive", "negative"]:
        """`positive` or `negative`."""
        return "positive" if self.positive else "negative"

    @property
    def probability(self) -> float:
        """The probability of the predicted sentiment."""
        return self.probability_positive if self.positive else self.probability_negative


class CompiledModel:
    """A loaded model. It is never changed, so any number of threads may score with it."""

    def __init__(self, contents: Contents, digest: str) -> None:
        terms = contents.features.terms
        # A dict of str takes 0.15 s and 60 MB for 440,000 terms and then finds a term in a third of a microsecond;
        # no search in numpy arrays comes near that for a single text.
        self._column_of = _columns(terms)
        if len(self._column_of) != len(terms):
            raise ArtifactRefused("a term stands twice")
        self._idf = contents.features.idf
        self._ngram_max = contents.features.ngram_max
        self._min_word_length = contents.features.min_word_length
        self._sublinear_tf = contents.features.sublinear_tf
        self._log_table = contents.log_table
        self._classifier = contents.classifier
        self.digest = digest
        self.unidata_version = contents.unidata_version

    @classmethod
    def load(cls, path: Path | str, digest: str | None = None) -> "CompiledModel":
        """Reads the file, after checking that it has this digest where one is given.

        Raises ArtifactRefused for a wrong digest or a damaged file, OSError when there is no readable file.
        """
        found = digest_of(path)
        if digest is not None and found != digest:
            raise ArtifactRefused(f"the file has the digest {found}, not {digest}")
        return cls(read_model(path), found)

    @property
    def family(self) -> str:
        """`linear` or `forest`."""
        return "linear" if isinstance(self._classifier, Linear) else "forest"

    @property
    def options(self) -> dict[str, int | bool]:
        """How texts are cut and counted."""
        return {
            "ngram_max": self._ngram_max,
            "sublinear_tf": self._sublinear_tf,
            "min_word_length": self._min_word_length,
        }

    @property
    def terms(self) -> int:
        """How many terms the model knows."""
        return len(self._column_of)

    @property
    def same_unicode(self) -> bool:
        """Whether this interpreter lowers and splits text by the Unicode tables the model was trained with.

        When not, characters that are new or were changed between the two may be treated differently.
        """
        return self.unidata_version == unicodedata.unidata_version

    def score(self, text: str) -> Score:
        """Any str, the empty one and lone surrogates included. Never fails."""
        row = self._row(text)
        match self._classifier:
            case Linear():
                return _linear_score(self._classifier, row)
            case Forest():
                return _forest_score(self._classifier, row, self.terms)

    def score_many(self, texts: Iterable[str]) -> list[Score]:
        """One score per text, in order; a text gets the same score alone and among others."""
        return [self.score(text) for text in texts]

    def _row(self, text: str) -> _Row:
        found = map(self._column_of.get, terms_of(text, self._ngram_max, self._min_word_length))
        columns, counts = _counted([column for column in found if column is not None])
        values = self._weights(counts) * self._idf[columns]
        squares = _sum(values * values)
        if squares != 0.0:
            values /= math.sqrt(squares)
        return columns, values

    def _weights(self, counts: NDArray[np.intp]) -> Floats:
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
    return float(np.add.accumulate(values)[-1]) if len(values) else 0.0


def _linear_score(classifier: Linear, row: _Row) -> Score:
    columns, values = row
    decision = _sum(values * classifier.coef[columns]) + classifier.intercept
    positive = _expit(decision)
    return Score(decision > 0, 1 - positive, positive, decision)


def _expit(decision: float) -> float:
    """As scipy computes it, with the exponential of the C library; numpy's own differs in the last bit."""
    try:
        return 1.0 / (1.0 + math.exp(-decision))
    except OverflowError:
        return 0.0


def _forest_score(forest: Forest, row: _Row, terms: int) -> Score:
    dense = np.zeros(terms, dtype=np.float32)
    columns, values = row
    dense[columns] = values
    leaves = _leaves(forest, dense)
    negative, positive = (_sum(forest.value[leaves, side]) / len(leaves) for side in (0, 1))
    return Score(positive > negative, negative, positive, None)


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

"""Scores texts with the compiled library: checks and owns what it is given, and finishes in Python what it leaves open."""

import ctypes
import math
import secrets
import weakref
from collections.abc import Iterable
from ctypes import c_char_p, c_double, c_size_t

import numpy as np
from numpy.typing import NDArray

from sentiment_artifact.model import ArtifactRefused, Forest, Linear
from sentiment_artifact.native.library import ForestNodes, Weights
from sentiment_artifact.reading import Contents
from sentiment_artifact.reference import Arithmetic
from sentiment_artifact.score import Engine, Score, forest_score, linear_score
from sentiment_artifact.words import word_bits

_MOST_TERMS = 2**31 - 1
_GAP = 1
"""Bytes behind a word, at least."""


class Index:
    """Finds the columns of a text. Made of terms that were read and are known to be UTF-8."""

    def __init__(self, library: ctypes.CDLL, contents: Contents) -> None:
        """Raises ArtifactRefused when the terms are not in order, or one stands twice; MemoryError."""
        pool = contents.pool
        if library.terms_in_order(pool, len(pool)) != len(contents.features.terms):
            raise ArtifactRefused("the terms are not in ascending order, or one stands twice")
        if len(contents.features.terms) > _MOST_TERMS:
            raise ArtifactRefused(f"there are more than {_MOST_TERMS} terms")
        self.ngram_max, self._shortest = contents.features.ngram_max, contents.features.min_word_length
        self._library = library
        self._word_bits = word_bits()
        cut = (self.ngram_max, self._shortest, self._word_bits)
        self.handle = library.index_new(pool, len(pool), *cut, secrets.randbits(64))
        if not self.handle:
            raise MemoryError
        weakref.finalize(self, library.index_free, self.handle).atexit = False

    def counted(self, lowered: bytes) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The distinct columns of a text in ascending order, and how often each stands there."""
        room = (len(lowered) // (self._shortest + _GAP) + 1) * self.ngram_max
        columns, counts = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int64)
        found = self._library.index_count(
            self.handle, lowered, len(lowered), columns.ctypes.data, counts.ctypes.data, room
        )
        if found < 0:
            raise MemoryError
        return columns[:found], counts[:found]


class NativeScorer:
    """A loaded model. It is never changed, so any number of threads may score with it."""

    engine: Engine = "native"

    def __init__(self, library: ctypes.CDLL, contents: Contents) -> None:
        """Raises ArtifactRefused when the terms are not in order, or one stands twice."""
        self._index = Index(library, contents)
        self._arithmetic = Arithmetic(contents)
        idf, table = contents.features.idf, contents.log_table
        weights = Weights(idf.ctypes.data, table.ctypes.data, len(table) if contents.features.sublinear_tf else 0)
        model = (self._index.handle, weights)
        match contents.classifier:
            case Linear():
                self._model: _Linear | _Forest = _Linear(library, model, contents.classifier)
            case Forest():
                self._model = _Forest(library, model, contents.classifier, len(idf))

    def score(self, text: str) -> Score:
        """Any str, the empty one and lone surrogates included. Never fails."""
        lowered = _lowered(text)
        return self._model.score(lowered) or self._finished(lowered)

    def score_many(self, texts: Iterable[str]) -> list[Score]:
        """One score per text, in order."""
        lowered = list(map(_lowered, texts))
        scores = self._model.score_many(lowered)
        return [score or self._finished(text) for text, score in zip(lowered, scores, strict=True)]

    def _finished(self, lowered: bytes) -> Score:
        """Of a text that holds a term more often than the table of logarithms goes, which takes numpy's own logarithm."""
        return self._arithmetic.score(*self._index.counted(lowered))


class _Linear:
    """None in place of a score: only the counts could be told."""

    def __init__(self, library: ctypes.CDLL, model: tuple[int, Weights], linear: Linear) -> None:
        self._one, self._many = library.score_linear, library.score_linear_many
        self._coef = linear.coef  # the library reads it as long as this object lives
        self._model = (*model, linear.coef.ctypes.data, linear.intercept)

    def score(self, lowered: bytes) -> Score | None:
        return _settled(self._one(*self._model, lowered, len(lowered)))

    def score_many(self, lowered: list[bytes]) -> list[Score | None]:
        count = len(lowered)
        texts, sizes = (c_char_p * count)(*lowered), (c_size_t * count)(*map(len, lowered))
        decisions = (c_double * count)()
        self._many(*self._model, texts, sizes, count, decisions)
        return list(map(_settled, decisions))


class _Forest:
    """As above."""

    def __init__(self, library: ctypes.CDLL, model: tuple[int, Weights], forest: Forest, terms: int) -> None:
        self._one = library.score_forest
        self._arrays = forest  # the library reads them as long as this object lives
        arrays = (forest.roots, forest.left, forest.right, forest.feature, forest.threshold, forest.value)
        self._model = (*model, ForestNodes(*(array.ctypes.data for array in arrays), len(forest.roots), terms))

    def score(self, lowered: bytes) -> Score | None:
        votes = (c_double * 2)()
        self._one(*self._model, lowered, len(lowered), votes)
        negative, positive = votes
        return None if math.isnan(negative) else forest_score(negative, positive)

    def score_many(self, lowered: list[bytes]) -> list[Score | None]:
        return [self.score(text) for text in lowered]


def _lowered(text: str) -> bytes:
    """By Python's own rules for lower case; half a surrogate pair is three bytes that make no word."""
    return text.lower().encode("utf-8", "surrogatepass")


def _settled(decision: float) -> Score | None:
    return None if math.isnan(decision) else linear_score(decision)

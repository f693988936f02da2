"""Scores texts with the compiled library: checks and owns what it is given, and finishes in Python what it leaves open."""

import ctypes
import functools
import math
import secrets
import weakref
from collections.abc import Iterable
from ctypes import c_char_p, c_double, c_size_t
from typing import TYPE_CHECKING

from sentiment_artifact.native import library as native
from sentiment_artifact.reading import Coefficients, Contents, Numbers
from sentiment_artifact.refusal import ArtifactRefused
from sentiment_artifact.score import Engine, Score, forest_score, linear_score
from sentiment_artifact.words import word_bits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sentiment_artifact.model import Forest
    from sentiment_artifact.reference import Arithmetic

_MOST_TERMS = 2**31 - 1
_GAP = 1
"""Bytes behind a word, at least."""


class Index:
    """Finds the columns of a text. Made of terms that were read and are known to be UTF-8."""

    def __init__(self, library: ctypes.CDLL, contents: Contents) -> None:
        """Raises ArtifactRefused when the terms are not in order, or one stands twice; MemoryError."""
        pool = contents.pool
        if library.terms_in_order(pool, len(pool)) != len(contents.terms):
            raise ArtifactRefused("the terms are not in ascending order, or one stands twice")
        if len(contents.terms) > _MOST_TERMS:
            raise ArtifactRefused(f"there are more than {_MOST_TERMS} terms")
        self.ngram_max, self._shortest = contents.ngram_max, contents.min_word_length
        self._library = library
        self._word_bits = word_bits()
        cut = (self.ngram_max, self._shortest, self._word_bits)
        self.handle = library.index_new(pool, len(pool), *cut, secrets.randbits(64))
        if not self.handle:
            raise MemoryError
        weakref.finalize(self, library.index_free, self.handle).atexit = False

    def counted(self, given: bytes) -> "tuple[NDArray[np.int32], NDArray[np.int64]]":
        """The distinct columns of a text in ascending order, and how often each stands there."""
        import numpy as np  # as long to import as all else that serving takes, and few texts ever come here

        room = (len(given) // (self._shortest + _GAP) + 1) * self.ngram_max
        columns, counts = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int64)
        found = self._library.index_count(self.handle, given, len(given), columns.ctypes.data, counts.ctypes.data, room)
        if found < 0:
            raise MemoryError
        return columns[:found], counts[:found]


class NativeScorer:
    """A loaded model. It is never changed, so any number of threads may score with it."""

    engine: Engine = "native"

    def __init__(self, library: ctypes.CDLL, contents: Contents) -> None:
        """Raises ArtifactRefused when the terms are not in order, or one stands twice."""
        self._index = Index(library, contents)
        self._weights = contents.weights  # the library reads their numbers as long as this object lives
        idf, table = contents.weights.idf, contents.weights.log_table
        model = (self._index.handle, native.Weights(_address(idf), _address(table), len(table)))
        match contents.weights.classifier:
            case Coefficients() as linear:
                self._model: _Linear | _Forest = _Linear(library, model, linear)
            case forest:
                self._model = _Forest(library, model, forest, len(idf))

    @functools.cached_property
    def _arithmetic(self) -> "Arithmetic":
        from sentiment_artifact.reference import Arithmetic  # it takes numpy

        return Arithmetic(self._weights)

    def score(self, text: str) -> Score:
        """Any str, the empty one and lone surrogates included. Never fails."""
        given = bytes_of(text)
        return self._model.score(given) or self._finished(given)

    def score_many(self, texts: Iterable[str]) -> list[Score]:
        """One score per text, in order."""
        given = list(map(bytes_of, texts))
        scores = self._model.score_many(given)
        return [score or self._finished(text) for text, score in zip(given, scores, strict=True)]

    def _finished(self, given: bytes) -> Score:
        """Of a text that holds a term more often than the table of logarithms goes, which takes numpy's own logarithm."""
        return self._arithmetic.score(*self._index.counted(given))


class _Linear:
    """None in place of a score: only the counts could be told."""

    def __init__(self, library: ctypes.CDLL, model: tuple[int, native.Weights], linear: Coefficients) -> None:
        self._one, self._many = library.score_linear, library.score_linear_many
        self._model = (*model, _address(linear.coef), linear.intercept)

    def score(self, given: bytes) -> Score | None:
        return _settled(self._one(*self._model, given, len(given)))

    def score_many(self, given: list[bytes]) -> list[Score | None]:
        count = len(given)
        texts, sizes = (c_char_p * count)(*given), (c_size_t * count)(*map(len, given))
        decisions = (c_double * count)()
        self._many(*self._model, texts, sizes, count, decisions)
        return list(map(_settled, decisions))


class _Forest:
    """As above."""

    def __init__(self, library: ctypes.CDLL, model: tuple[int, native.Weights], forest: "Forest", terms: int) -> None:
        self._one = library.score_forest
        arrays = (forest.roots, forest.left, forest.right, forest.feature, forest.threshold, forest.value)
        self._model = (*model, native.ForestNodes(*(array.ctypes.data for array in arrays), len(forest.roots), terms))

    def score(self, given: bytes) -> Score | None:
        votes = (c_double * 2)()
        self._one(*self._model, given, len(given), votes)
        negative, positive = votes
        return None if math.isnan(negative) else forest_score(negative, positive)

    def score_many(self, given: list[bytes]) -> list[Score | None]:
        return [self.score(text) for text in given]


def _address(numbers: Numbers) -> int | None:
    """Where they stand; None where there are none."""
    return ctypes.addressof(ctypes.c_char.from_buffer(numbers)) if numbers else None


def bytes_of(text: str) -> bytes:
    """What the library reads of a text: its bytes in lower case, by Python's own rules; but capitals of ASCII it lowers itself.

    Half a surrogate pair is three bytes that make no word.
    """
    return text.encode() if text.isascii() else text.lower().encode("utf-8", "surrogatepass")


def _settled(decision: float) -> Score | None:
    return None if math.isnan(decision) else linear_score(decision)

"""Counts terms that are known in other texts, with the index that the scorer uses. It knows nothing of weights and models."""

import ctypes
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sentiment_artifact import layout
from sentiment_artifact.native.owning import owned, require_memory
from sentiment_artifact.native.pieces import Slice, lowered, slices
from sentiment_artifact.native.rows import Rows
from sentiment_artifact.words import word_bits


class Vocabulary:
    """Terms and their columns. Any number of threads may count with it."""

    def __init__(self, library: ctypes.CDLL, terms: Sequence[str], ngram_max: int, min_word_length: int) -> None:
        """Raises ValueError unless the terms are in ascending order and each stands there once, and MemoryError."""
        pool = layout.TERM_SEPARATOR.join(terms).encode()
        if library.terms_in_order(pool, len(pool)) != len(terms):
            raise ValueError("the terms are not in ascending order, or one stands twice")
        self._library = library
        self._ngram_max, self._min_word_length = ngram_max, min_word_length
        self._word_bits = word_bits()  # the library reads them as long as this object lives
        cut = (ngram_max, min_word_length, self._word_bits, secrets.randbits(64))
        self._index = owned(self, library.index_new(pool, len(pool), *cut), library.index_free)

    def count(self, texts: Sequence[str], threads: int) -> Rows:
        """Terms that are not known are passed over. Raises MemoryError."""
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(self._count, slices(texts)))
        sizes = [np.zeros(1, dtype=np.int64), *(np.diff(part.ends, prepend=0) for part in parts)]
        return Rows(
            ends=np.cumsum(np.concatenate(sizes)),
            columns=np.concatenate([np.empty(0, dtype=np.int32), *(part.columns for part in parts)]),
            counts=np.concatenate([np.empty(0), *(part.counts for part in parts)]),
        )

    def _count(self, part: Slice) -> Rows:
        """Here `ends` has no 0 before the first row."""
        text = lowered(part.texts)
        room = text.most_words(self._min_word_length) * self._ngram_max
        columns, counts = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int64)
        ends = np.empty_like(text.ends)
        found = self._library.index_count_many(
            self._index,
            text.content,
            text.ends.ctypes.data,
            len(text.ends),
            columns.ctypes.data,
            counts.ctypes.data,
            room,
            ends.ctypes.data,
        )
        require_memory(found >= 0)
        return Rows(ends, columns[:found].copy(), counts[:found].astype(np.float64))

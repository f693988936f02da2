"""Counts the terms of many texts with the compiled library: same terms, counts and order as scikit-learn's CountVectorizer.

It knows nothing of weights and models. What comes out does not depend on the number of threads. It takes 4 bytes for each
word and length of terms, a table of the runs of words of one length that may still be terms, and at last the rows.
"""

import ctypes
import secrets
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sentiment_artifact.native.lexicon import Lexicon, Numbers
from sentiment_artifact.native.library import Piece
from sentiment_artifact.native.ordering import Integers, Runs, columns_of, most_frequent, spelt
from sentiment_artifact.native.owning import require_memory
from sentiment_artifact.native.pieces import Slice, lowered, slices
from sentiment_artifact.native.rows import Rows

_NOWHERE = 2**32 - 1
_MOST_WORDS = 2**32 - 2

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class TooManyWords(Exception):
    """The texts hold more words than can be numbered."""


@dataclass(frozen=True)
class Wanted:
    """Which terms: of 1 to `ngram_max` words, in so many texts at least, and of these only the most frequent."""

    ngram_max: int
    min_document_frequency: int = 1
    max_features: int | None = None
    min_word_length: int = 2


@dataclass(frozen=True, eq=False)
class Counted:
    """Terms in lexicographic order, and how often each text (row) holds each of them (column)."""

    terms: list[str]
    rows: Rows


@dataclass(frozen=True, eq=False)
class _Read:
    """A piece of the texts. `numbers[length - 1]` names, for each word, the run of that length that begins there; `ends`: behind
    which word each text ends; `first`: the place of the first text among all."""

    numbers: NDArray[np.uint32]
    ends: Integers
    first: int


def count_terms(library: ctypes.CDLL, texts: Sequence[str], wanted: Wanted, threads: int) -> Counted:
    """Any str, lone surrogates included. Raises TooManyWords and MemoryError."""
    with ThreadPoolExecutor(threads) as pool:
        return _Counter(library, wanted, threads, pool).count(texts)


class _Counter:
    """One count, step by step."""

    def __init__(self, library: ctypes.CDLL, wanted: Wanted, threads: int, pool: ThreadPoolExecutor) -> None:
        self._library, self._wanted, self._threads, self._pool = library, wanted, threads, pool
        self._multiplier = secrets.randbits(64)

    def count(self, texts: Sequence[str]) -> Counted:
        pieces, words, single = self._words(texts)
        levels = [single, *(self._runs(pieces, length) for length in range(2, self._wanted.ngram_max + 1))]
        columns = columns_of(levels)
        kept = most_frequent(self._wanted.max_features, levels, columns)
        terms = spelt(words, levels, columns)
        return Counted([terms[i] for i in kept.tolist()], self._rows(pieces, columns, kept))

    def _words(self, texts: Sequence[str]) -> tuple[list[_Read], list[str], Runs]:
        """Afterwards words are numbered in their order, and rare ones not at all."""
        pieces, names, lexicon = self._read_all(texts)
        in_texts, occurrences = lexicon.tallies()
        kept = np.flatnonzero(in_texts >= self._wanted.min_document_frequency)
        words = lexicon.spell(self._wanted.min_document_frequency)
        order = np.array(sorted(range(len(words)), key=words.__getitem__), dtype=np.int64)
        ranks = np.full(len(in_texts), _NOWHERE, dtype=np.uint32)
        ranks[kept[order]] = np.arange(len(order))

        def rename(place: int) -> None:
            self._rename(pieces[place].numbers[0], ranks[names[place]])

        self._each(rename, range(len(pieces)))
        single = Runs(np.zeros_like(order), np.arange(len(order)), occurrences[kept[order]].astype(np.int64))
        return pieces, [words[i] for i in order.tolist()], single

    def _read_all(self, texts: Sequence[str]) -> tuple[list[_Read], list[Numbers], Lexicon]:
        """All words of all texts, and for each piece the numbers that its own numbers stand for."""
        lexicon = Lexicon(self._library, self._wanted.min_word_length, self._multiplier)
        pieces: list[_Read] = []
        names: list[Numbers] = []
        words = 0
        for piece, own in self._pool.map(self._read, slices(texts)):
            pieces.append(piece)
            names.append(lexicon.merge(own))
            words += piece.numbers.shape[1]
            if words > _MOST_WORDS:
                raise TooManyWords(f"the texts hold more than {_MOST_WORDS:,} words")
        return pieces, names, lexicon

    def _read(self, part: Slice) -> tuple[_Read, Lexicon]:
        lexicon = Lexicon(self._library, self._wanted.min_word_length, self._multiplier)
        words, ends = lexicon.read(lowered(part.texts))
        numbers = np.full((self._wanted.ngram_max, len(words)), _NOWHERE, dtype=np.uint32)
        numbers[0] = words
        return _Read(numbers, ends, part.first), lexicon

    def _runs(self, pieces: list[_Read], length: int) -> Runs:
        """Runs of this many words that are frequent enough; afterwards the pieces have their numbers."""
        shares = self._each(partial(self._share, pieces, length), range(self._threads))
        kept = [np.flatnonzero(in_texts >= self._wanted.min_document_frequency) for _, _, in_texts, _ in shares]

        def of_kept(part: int) -> Integers:
            return np.concatenate([share[part][own] for share, own in zip(shares, kept, strict=True)]).astype(np.int64)

        shorter, words, occurrences = of_kept(0), of_kept(1), of_kept(3)
        order = np.lexsort((words, shorter))
        numbers = np.concatenate([own * self._threads + share for share, own in enumerate(kept)])
        names = np.full(max(len(share[0]) for share in shares) * self._threads, _NOWHERE, dtype=np.uint32)
        names[numbers[order]] = np.arange(len(order))
        self._each(lambda piece: self._rename(piece.numbers[length - 1], names), pieces)
        return Runs(shorter[order], words[order], occurrences[order])

    def _share(self, pieces: list[_Read], length: int, share: int) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Of one share of all runs: shorter runs, last words, in how many texts, how often. Number n of the share is written as
        n times the shares, plus this one."""
        library = self._library
        runs = library.runs_new(share, self._threads, self._multiplier)
        require_memory(runs)
        try:
            for piece in pieces:
                single, shorter, longer = (piece.numbers[level].ctypes.data for level in (0, length - 2, length - 1))
                texts = (piece.ends.ctypes.data, len(piece.ends), piece.first)
                require_memory(library.runs_count(runs, shorter, single, *texts, length, longer))
            size = library.runs_size(runs)
            found = tuple(np.empty(size, dtype=np.uint32) for _ in range(4))
            library.runs_read(runs, *(part.ctypes.data for part in found))
        finally:
            library.runs_free(runs)
        shorter, words, in_texts, occurrences = found
        return shorter, words, in_texts, occurrences

    def _rows(self, pieces: list[_Read], columns: list[Integers], kept: Integers) -> Rows:
        final = np.full(sum(map(len, columns)), _NOWHERE, dtype=np.uint32)
        final[kept] = np.arange(len(kept))
        names = [final[own] for own in columns]
        sizes = self._each(partial(self._measure, names, len(kept)), pieces)
        ends = np.cumsum(np.concatenate([np.zeros(1, dtype=np.int64), *sizes]))
        room = int(ends[-1])
        rows = Rows(ends, np.empty(room, dtype=np.int32), np.empty(room, dtype=np.float64))
        self._each(partial(self._fill, rows, len(kept)), pieces)
        return rows

    def _measure(self, names: list[Numbers], terms: int, piece: _Read) -> Integers:
        """How many columns each text has; afterwards numbers are columns."""
        for numbers, of_level in zip(piece.numbers, names, strict=True):
            self._rename(numbers, of_level)
        sizes = np.empty_like(piece.ends)
        require_memory(self._library.rows_measure(_argument(piece, terms), sizes.ctypes.data))
        return sizes

    def _fill(self, rows: Rows, terms: int, piece: _Read) -> None:
        start, stop = rows.ends[piece.first], rows.ends[piece.first + len(piece.ends)]
        columns, counts = rows.columns[start:stop], rows.counts[start:stop]
        target = (len(columns), columns.ctypes.data, counts.ctypes.data)
        require_memory(self._library.rows_fill(_argument(piece, terms), *target))

    def _rename(self, numbers: Numbers, names: Numbers) -> None:
        self._library.rename_all(numbers.ctypes.data, len(numbers), names.ctypes.data, len(names))

    def _each(self, task: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
        return list(self._pool.map(task, items))


def _argument(piece: _Read, terms: int) -> Piece:
    levels, words = piece.numbers.shape
    return Piece(piece.numbers.ctypes.data, piece.ends.ctypes.data, levels, words, len(piece.ends), terms)

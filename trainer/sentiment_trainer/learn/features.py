"""Counts terms exactly as scikit-learn's CountVectorizer does, in a fraction of its time.

scikit-learn looks up every term of every review as a string. Here every word gets a number once, a longer term is the
pair (shorter term, last word) of two numbers, sorting and counting happen in arrays, and only the terms that survive
pruning are spelt out. Vocabulary, counts and order are those of scikit-learn, which a test asserts; held-out reviews
go through scikit-learn itself, so that every training compares both.
"""

# scipy ships no types: the one kind of matrix that is used is declared where it is made.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import count
from typing import cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Integers = NDArray[np.int64]

# The same tokens as scikit-learn's `\b\w+\b` and `\b\w\w+\b`: a run of word characters can only begin and end at
# boundaries.
_WORDS_OF = {1: re.compile(r"\w+").findall, 2: re.compile(r"\w\w+").findall}


@dataclass(frozen=True)
class TermCounts:
    """Terms in lexicographic order, and how often each review (row) holds each term (column)."""

    terms: list[str]
    matrix: sp.csr_matrix


@dataclass(frozen=True)
class _Words:
    """All reviews in one row of word numbers; `review[i]` is the review that position i belongs to."""

    names: list[str]
    numbers: Integers
    review: Integers
    reviews: int


@dataclass(frozen=True)
class _Grams:
    """Terms of one length: where each begins, its number, how many numbers there are, and how to spell them."""

    starts: Integers
    numbers: Integers
    distinct: int
    spell: Callable[[Integers], list[str]]


def count_terms(
    texts: Iterable[str],
    ngram_max: int,
    min_document_frequency: int,
    max_features: int | None,
    min_word_length: int = 2,
) -> TermCounts:
    """Terms of 1 to `ngram_max` words that stand in enough reviews; at most `max_features`, the most frequent."""
    words = _number_words(texts, min_word_length)
    grams = _single(words)
    terms: list[str] = []
    blocks: list[sp.csr_matrix] = []
    for length in range(1, ngram_max + 1):
        if length > 1:
            grams = _longer(grams, words, length)
        counts = _count(grams, words)
        kept = np.flatnonzero(np.bincount(counts.indices, minlength=grams.distinct) >= min_document_frequency)
        terms.extend(grams.spell(kept))
        blocks.append(counts[:, kept])
        grams = _only(grams, kept)
    return _most_frequent(_in_order(terms, cast("sp.csr_matrix", sp.hstack(blocks, format="csr"))), max_features)


def _number_words(texts: Iterable[str], min_word_length: int) -> _Words:
    words_of = _WORDS_OF[min_word_length]
    number_of: defaultdict[str, int] = defaultdict(count().__next__)
    numbers, lengths = array("q"), array("q")
    for text in texts:
        tokens = words_of(text.lower())
        numbers.extend(map(number_of.__getitem__, tokens))
        lengths.append(len(tokens))
    reviews = len(lengths)
    return _Words(
        names=list(number_of),
        numbers=np.array(numbers, dtype=np.int64),
        review=np.repeat(np.arange(reviews), np.array(lengths, dtype=np.int64)),
        reviews=reviews,
    )


def _single(words: _Words) -> _Grams:
    return _Grams(
        starts=np.arange(len(words.numbers)),
        numbers=words.numbers,
        distinct=len(words.names),
        spell=lambda chosen: [words.names[i] for i in chosen.tolist()],
    )


def _only(grams: _Grams, kept: Integers) -> _Grams:
    """The terms that are kept, numbered as before. No longer one stands in more reviews than the one it begins with."""
    is_kept = np.zeros(grams.distinct, dtype=np.bool_)
    is_kept[kept] = True
    chosen = is_kept[grams.numbers]
    return replace(grams, starts=grams.starts[chosen], numbers=grams.numbers[chosen])


def _longer(shorter: _Grams, words: _Words, length: int) -> _Grams:
    ends = shorter.starts + length - 1
    inside = ends < len(words.numbers)
    inside[inside] = words.review[ends[inside]] == words.review[shorter.starts[inside]]
    vocabulary = len(words.names)
    pairs = shorter.numbers[inside] * vocabulary + words.numbers[ends[inside]]
    distinct, numbers = np.unique(pairs, return_inverse=True)

    def spell(chosen: Integers) -> list[str]:
        first, last = np.divmod(distinct[chosen], vocabulary)
        return [f"{prefix} {words.names[i]}" for prefix, i in zip(shorter.spell(first), last.tolist(), strict=True)]

    return _Grams(shorter.starts[inside], numbers, len(distinct), spell)


def _count(grams: _Grams, words: _Words) -> sp.csr_matrix:
    per_review = np.bincount(words.review[grams.starts], minlength=words.reviews)
    ends = np.concatenate(([0], np.cumsum(per_review)))
    counts = sp.csr_matrix(
        (np.ones(len(grams.numbers)), grams.numbers, ends), shape=(words.reviews, max(grams.distinct, 1))
    )
    counts.sum_duplicates()
    return counts


def _in_order(terms: list[str], counts: sp.csr_matrix) -> TermCounts:
    order = sorted(range(len(terms)), key=terms.__getitem__)
    return TermCounts([terms[i] for i in order], _columns(counts, np.array(order, dtype=np.int64)))


def _most_frequent(counts: TermCounts, max_features: int | None) -> TermCounts:
    if max_features is None or max_features >= len(counts.terms):
        return counts
    totals = np.asarray(counts.matrix.sum(axis=0)).ravel()
    # The very call that scikit-learn makes: among equally frequent terms it decides which one stays.
    kept = np.sort((-totals).argsort()[:max_features])
    return TermCounts([counts.terms[i] for i in kept.tolist()], _columns(counts.matrix, kept))


def _columns(counts: sp.csr_matrix, chosen: Integers) -> sp.csr_matrix:
    selected = cast("sp.csr_matrix", counts[:, chosen])
    selected.sort_indices()
    return selected

"""Puts terms of several lengths into one order. Functions of values, without the compiled library."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Runs:
    """Terms of one length in lexicographic order: a shorter term, by its place among those of its length, and the word
    behind it; and how often each term stands in all texts. Of single words `shorter` means nothing."""

    shorter: Integers
    words: Integers
    occurrences: Integers


def columns_of(levels: Sequence[Runs]) -> list[Integers]:
    """For each length, the places of its terms among all terms in lexicographic order.

    A space comes before every character of a word, so a term stands right behind the shorter one that it begins with, and
    before what begins with the next one: the order in which a tree is walked, of which each level is sorted already.
    """
    before = [np.cumsum(sizes) - sizes for sizes in _sizes(levels)]
    columns = [before[0]]
    for runs, own in zip(levels[1:], before[1:], strict=True):
        first = np.searchsorted(runs.shorter, runs.shorter)
        columns.append(columns[-1][runs.shorter] + 1 + own - own[first])
    return columns


def _sizes(levels: Sequence[Runs]) -> list[Integers]:
    """How many terms begin with each term, itself included."""
    sizes = [np.ones(len(levels[-1].words), dtype=np.int64)]
    for shorter, longer in zip(levels[-2::-1], levels[:0:-1], strict=True):
        begun = np.bincount(longer.shorter, weights=sizes[-1], minlength=len(shorter.words))
        sizes.append(1 + begun.astype(np.int64))
    return sizes[::-1]


def spelt(words: Sequence[str], levels: Sequence[Runs], columns: Sequence[Integers]) -> list[str]:
    """All terms in lexicographic order. `words`: in order, those of the first level."""
    terms = np.empty(sum(map(len, columns)), dtype=object)
    shorter = words
    terms[columns[0]] = words
    for runs, own in zip(levels[1:], columns[1:], strict=True):
        pairs = zip(runs.shorter.tolist(), runs.words.tolist(), strict=True)
        shorter = [f"{shorter[first]} {words[last]}" for first, last in pairs]
        terms[own] = shorter
    return terms.tolist()


def most_frequent(most: int | None, levels: Sequence[Runs], columns: Sequence[Integers]) -> Integers:
    """The columns that stay, in order."""
    terms = sum(map(len, columns))
    if most is None or most >= terms:
        return np.arange(terms)
    totals = np.empty(terms)
    for level, own in zip(levels, columns, strict=True):
        totals[own] = level.occurrences
    # The very call that scikit-learn makes: among equally frequent terms it decides which one stays.
    return np.sort((-totals).argsort()[:most])

"""Where the compiled library takes shortcuts: borders of blocks, tables that are full, texts longer than it looks at in one go."""

import ctypes
import random
import string
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
import pytest

from sentiment_artifact.native.library import library
from sentiment_artifact.native.scorer import bytes_of
from sentiment_artifact.terms import terms_of
from sentiment_artifact.words import word_bits
from tests.unit.artifact.conftest import ENGINES

pytestmark = pytest.mark.skipif("native" not in ENGINES, reason="the native scorer was not built here")
_BLOCK, _AT_ONCE = 64, 256
"""Bytes that are classified together, and words that are looked up together."""


def _miscounted(
    known: Sequence[str], texts: Sequence[str], ngram_max: int, shortest: int = 2, multiplier: int = 0x9E3779B97F4A7C15
) -> list[str]:
    """The texts whose terms are not counted as Python counts them."""
    terms = sorted(set(known))
    native, pool = _native(), "\n".join(terms).encode()
    index = native.index_new(pool, len(pool), ngram_max, shortest, word_bits(), multiplier)
    try:
        return [text for text in texts if _counted(index, text, terms) != _expected(text, terms, ngram_max, shortest)]
    finally:
        native.index_free(index)


def _native() -> ctypes.CDLL:
    found = library()
    assert found is not None
    return found


def _counted(index: int, text: str, terms: list[str]) -> list[tuple[str, int]]:
    lowered = bytes_of(text)
    room = 3 * len(lowered) + 3
    columns, counts = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int64)
    found = _native().index_count(index, lowered, len(lowered), columns.ctypes.data, counts.ctypes.data, room)
    return [(terms[column], int(count)) for column, count in zip(columns[:found], counts[:found], strict=True)]


def _expected(text: str, terms: Sequence[str], ngram_max: int, shortest: int) -> list[tuple[str, int]]:
    known = set(terms)
    return sorted(Counter(term for term in terms_of(text, ngram_max, shortest) if term in known).items())


@pytest.mark.parametrize("shortest", [1, 2])
def test_a_word_may_stand_at_every_distance_from_the_border_of_a_block(shortest: int) -> None:
    words = ["x", "xy", "é", "éx", "xé", "kéx", "x_9", "abcdefg", "abcdefgh", *("z" * n for n in (62, 63, 64, 65, 200))]
    texts = [
        f"{fill * before}{gap}{word}{behind}"
        for before, word in product(range(_BLOCK - 8, _BLOCK + 3), words)
        for fill, gap, behind in ((".", "", ""), (".", "", " é"), ("q", " ", "."), ("é", "-", " y w"), ("", "", ""))
    ]
    assert _miscounted([*words, "y", "w"], texts, 1, shortest) == []


def test_ascii_is_cut_and_lowered_as_python_does_it() -> None:
    """Alone it is lowered by the library; beside other characters Python has done so before."""
    characters = [chr(point) for point in range(128)]
    texts = [f"{fill}A{c}B {c}{c} Film{other}" for c in characters for fill in ("", "-" * 60) for other in ("", " É")]
    words = {word for text in texts for word in terms_of(text, 1)}
    assert _miscounted(sorted(words), texts, 1) == []
    assert {"film", "aab", "a_b", "a0b", "azb", "a9b"} <= words


def test_words_and_runs_that_should_all_stand_in_one_place_are_told_apart() -> None:
    """With the multiplier 1, which only a test chooses, all of them do: whole lines overrun into the next ones."""
    words = [f"{first}{second}" for first, second in product("abcdefgh", "stuvwxyz")]
    runs = [" ".join(pair) for pair in pairwise(words)]
    triples = [" ".join(words[at : at + 3]) for at in range(0, len(words) - 2, 2)]
    texts = [" ".join(words), " ".join(reversed(words)), " ".join(words[::2]), " ".join(words + words[5:])]
    assert _miscounted([*words[::3], *runs[::2], *triples], texts, 3, multiplier=1) == []


def test_long_words_that_differ_anywhere_are_told_apart_where_their_keys_are_alike() -> None:
    """Also behind each other in one text, where the first one that has the key is not the one that is meant."""
    words = [f"{letter}{'a' * 7}" * 2 for letter in string.ascii_lowercase[:20]]
    assert _miscounted(words[:15], [*words, " ".join(words), " ".join(reversed(words))], 2, multiplier=1) == []


@pytest.mark.parametrize("length", [_AT_ONCE - 1, _AT_ONCE, _AT_ONCE + 1, 2 * _AT_ONCE + 1, 3 * _AT_ONCE - 1])
def test_runs_go_across_what_is_looked_up_together(length: int) -> None:
    words = [f"w{number}" for number in range(length)]
    known = [" ".join(words[at : at + size]) for size in (1, 2, 3) for at in range(length - size + 1)]
    unknown_between = [word if at % 5 else "unknown" for at, word in enumerate(words)]
    assert _miscounted(known, [" ".join(words), " ".join(unknown_between)], 3) == []


@pytest.mark.parametrize("terms", [1, 2, 129, 300, 70_000])
def test_columns_of_any_number_are_sorted_and_counted(terms: int) -> None:
    rng = random.Random(terms)
    known = [f"t{number}" for number in range(terms)]
    texts = [" ".join(rng.choices(known, k=size)) for size in (1, 2, 3, 50, 1_000)]
    assert _miscounted(known, [*texts, "", "none", " ".join([known[-1]] * 500)], 2) == []

"""Native code counts what scikit-learn counts: same terms, same columns, same counts, whatever the texts and the threads."""

import itertools
import random
import sys

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from sentiment_artifact.native import counting, pieces
from sentiment_artifact.native.counting import TooManyWords, Wanted, count_terms
from sentiment_artifact.native.library import library
from sentiment_artifact.native.rows import Rows
from sentiment_artifact.native.vocabulary import Vocabulary
from tests.unit.artifact.conftest import ENGINES, WORDS_OF_ONE_CHARACTER

pytestmark = pytest.mark.skipif("native" not in ENGINES, reason="native code was not built for this kind of machine")

EVERY_OPTION = [
    Wanted(*options) for options in itertools.product((1, 2, 3), (1, 2, 3, 7), (None, 1, 40, 1_000_000), (1, 2))
]


def _scikit_learn(wanted: Wanted) -> CountVectorizer:
    return CountVectorizer(
        ngram_range=(1, wanted.ngram_max),
        min_df=wanted.min_document_frequency,
        max_features=wanted.max_features,
        dtype=np.float64,
        **({"token_pattern": WORDS_OF_ONE_CHARACTER} if wanted.min_word_length == 1 else {}),
    )


def _require_equal(rows: Rows, expected: csr_matrix) -> None:
    expected.sort_indices()
    np.testing.assert_array_equal(rows.ends, expected.indptr)
    np.testing.assert_array_equal(rows.columns, expected.indices)
    np.testing.assert_array_equal(rows.counts, expected.data)
    assert (rows.columns.dtype, rows.counts.dtype) == (expected.indices.dtype, expected.data.dtype)


def _require_parity(texts: list[str], wanted: Wanted, threads: int = 2) -> None:
    """As learnt, and as counted again in texts of which some were not learnt from."""
    learnt = texts[: len(texts) * 3 // 4]
    reference = _scikit_learn(wanted)
    expected = reference.fit_transform(learnt)
    counted = count_terms(library(), learnt, wanted, threads)
    assert counted.terms == reference.get_feature_names_out().tolist()
    _require_equal(counted.rows, expected)
    vocabulary = Vocabulary(library(), counted.terms, wanted.ngram_max, wanted.min_word_length)
    _require_equal(vocabulary.count(texts, threads), reference.transform(texts))


@pytest.mark.parametrize("wanted", EVERY_OPTION, ids=str)
def test_every_combination_of_options_counts_as_scikit_learn(wanted: Wanted, make_texts, monkeypatch) -> None:
    monkeypatch.setattr(pieces, "_CHARACTERS", 2_000)
    _require_parity(make_texts(21, 300), wanted)


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("characters", [0, 1, 500, 10**9])
def test_neither_threads_nor_pieces_show_in_the_result(threads: int, characters: int, make_texts, monkeypatch) -> None:
    monkeypatch.setattr(pieces, "_CHARACTERS", characters)
    _require_parity(make_texts(22, 200), Wanted(3, 2, 500, 1), threads)


@pytest.mark.parametrize(
    "texts", [200, pytest.param(100_000, marks=[pytest.mark.campaign, pytest.mark.timeout(3_600)])]
)
@pytest.mark.parametrize("seed", range(5))
def test_texts_of_all_of_unicode_count_alike(texts: int, seed: int, make_texts) -> None:
    _require_parity(make_texts(30 + seed, texts), Wanted(3, 1 + seed % 2, None, 1 + seed % 2))


def test_every_code_point_in_every_place_is_cut_alike() -> None:
    """Native code looks at 64 bytes at a time: characters of every length stand at every distance from such a border."""
    rng = random.Random(3)
    characters = [chr(point) for point in range(sys.maxunicode + 1)]
    rng.shuffle(characters)
    texts = ["".join(characters[start : start + 700]) for start in range(0, len(characters), 700)]
    texts += ["a" * before + f" {c}{c} film" for before in range(70) for c in "éक𝔣x\ud800"]
    _require_parity(texts, Wanted(2, 1, None, 1))


def test_words_of_every_length_are_told_apart() -> None:
    words = [start * length for length in range(1, 40) for start in ("a", "b", "é", "𝔣")]
    words += [f"{'x' * length}{end}" for length in range(1, 40) for end in "ab"]
    _require_parity([" ".join(words), " ".join(reversed(words)), *words, *words], Wanted(2, 1, None, 1))


def test_long_words_that_have_one_key_are_told_apart(monkeypatch) -> None:
    """With the multiplier 1, which only a test chooses, such words are easily found."""
    monkeypatch.setattr(counting.secrets, "randbits", lambda _: 1)
    alike = [f"{first}{'a' * 7}{second}{'a' * 7}" for first, second in itertools.product("abcdefgh", repeat=2)]
    _require_parity([*alike, *(" ".join(alike[i:]) for i in range(len(alike)))] * 2, Wanted(2, 1, None, 2))


def test_many_words_and_runs_outgrow_their_tables() -> None:
    rng = random.Random(5)
    words = [f"{i:x}" if i % 2 else f"a_long_word_{i:x}" for i in range(20_000)]
    _require_parity([" ".join(rng.choices(words, k=200)) for _ in range(400)], Wanted(3, 1, None, 1))


@pytest.mark.parametrize("texts", [[], [""], ["a", "!", ""], ["\ud800", " "]])
def test_without_any_word_there_are_no_terms(texts: list[str]) -> None:
    counted = count_terms(library(), texts, Wanted(3), 2)
    assert counted.terms == []
    assert counted.rows.ends.tolist() == [0] * (len(texts) + 1)
    assert Vocabulary(library(), ["ab"], 3, 2).count(texts, 2).ends.tolist() == [0] * (len(texts) + 1)


def test_what_is_too_rare_leaves_no_terms() -> None:
    assert count_terms(library(), ["good film", "bad film"], Wanted(2, 3), 2).terms == []


def test_more_words_than_there_are_numbers_are_refused(monkeypatch) -> None:
    monkeypatch.setattr(counting, "_MOST_WORDS", 3)
    with pytest.raises(TooManyWords, match="more than 3 words"):
        count_terms(library(), ["good film", "bad film"], Wanted(2), 2)


@pytest.mark.parametrize("terms", [["b", "a"], ["a", "a"], ["a\nb"], []])
def test_terms_that_are_in_no_order_are_no_vocabulary(terms: list[str]) -> None:
    with pytest.raises(ValueError, match="not in ascending order"):
        Vocabulary(library(), terms, 1, 1)

"""Terms and counts are those of scikit-learn, whatever the text."""

import random
import time
from collections.abc import Callable

import pytest
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer

from sentiment_artifact.layout import TOKEN_PATTERNS
from sentiment_artifact.native.counting import Wanted
from sentiment_artifact.native.library import library
from sentiment_trainer.generate import generate
from sentiment_trainer.learn import features
from sentiment_trainer.learn.features import TermCounts, by_scikit_learn, count_terms, known_terms

_ALPHABET = "aaabbcdE FGh \t\n_-'.,1 2 éÉßΣςİıŻ中文日本 \u0301\u200d\u00a0ﬁ👍\x00"


def _noise(texts: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices(_ALPHABET, k=chance.randint(0, 80))) for _ in range(texts)]


CORPORA = {
    "reviews": [one.review for one in generate(300, seed=1)],
    "noise from many scripts": _noise(400, seed=2),
    "texts shorter than the longest term": ["", "one", "one two", "a b c", "one two one"] * 3,
}
OPTIONS = [(1, 1, None), (1, 3, None), (2, 2, None), (3, 2, None), (2, 1, 50), (3, 2, 17), (1, 1, 1), (2, 1, 10**6)]


@pytest.fixture(params=["native", "scikit-learn"])
def counted_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Who counts: scikit-learn does where native code was not built."""
    if request.param == "scikit-learn":
        monkeypatch.setattr(features, "library", lambda: None)
    elif library() is None:
        pytest.skip("native code was not built for this kind of machine")
    return request.param


def test_who_counts_is_told(counted_by: str) -> None:
    assert features.counted_by().startswith(counted_by)


@pytest.mark.usefixtures("counted_by")
@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize("sublinear", [True, False])
@pytest.mark.parametrize("min_word_length", [1, 2])
@pytest.mark.parametrize(("ngram_max", "min_document_frequency", "max_features"), OPTIONS)
def test_terms_weights_and_matrix_are_those_of_scikit_learn_to_the_last_bit(
    corpus: str,
    ngram_max: int,
    min_document_frequency: int,
    max_features: int | None,
    min_word_length: int,
    sublinear: bool,
) -> None:
    """Its matrix is that of `transform`: `fit_transform` has the terms of a row in no order, and so adds up in another one."""
    texts = CORPORA[corpus]
    vectorizer = TfidfVectorizer(
        ngram_range=(1, ngram_max),
        min_df=min_document_frequency,
        max_features=max_features,
        token_pattern=TOKEN_PATTERNS[min_word_length],
        sublinear_tf=sublinear,
    ).fit(texts)
    expected = vectorizer.transform(texts)
    counted = count_terms(texts, Wanted(ngram_max, min_document_frequency, max_features, min_word_length))
    transformer = TfidfTransformer(sublinear_tf=sublinear).fit(counted.matrix)
    matrix = transformer.transform(counted.matrix)
    assert counted.terms == vectorizer.get_feature_names_out().tolist()
    assert transformer.idf_.tobytes() == vectorizer.idf_.tobytes()
    assert matrix.shape == expected.shape
    for part in ("indptr", "indices", "data"):
        ours, theirs = getattr(matrix, part), getattr(expected, part)
        assert (ours.dtype, ours.tobytes()) == (theirs.dtype, theirs.tobytes())


@pytest.mark.usefixtures("counted_by")
def test_without_any_word_there_are_no_terms() -> None:
    counted = count_terms(["a", "!", ""], Wanted(2))
    assert (counted.terms, counted.matrix.shape) == ([], (3, 0))


@pytest.mark.usefixtures("counted_by")
def test_a_document_frequency_above_the_number_of_reviews_leaves_no_terms() -> None:
    assert count_terms(["good film", "bad film"], Wanted(2, 3)).terms == []


def test_known_terms_take_native_code_and_an_order(monkeypatch: pytest.MonkeyPatch) -> None:
    assert known_terms(["film", "bad"], 1, 2) is None
    monkeypatch.setattr(features, "library", lambda: None)
    assert known_terms(["bad", "film"], 1, 2) is None


@pytest.mark.skipif(library() is None, reason="native code was not built for this kind of machine")
def test_native_code_counts_in_a_fraction_of_the_time() -> None:
    """An eighth to a twelfth of the processor's time. In turn, so that a machine that is slow for a while is slow for both."""
    texts, wanted = [one.review for one in generate(3_000, seed=1)], Wanted(3, 5, None, 1)
    rounds = [
        (_cpu_seconds(count_terms, texts, wanted), _cpu_seconds(by_scikit_learn, texts, wanted)) for _ in range(4)
    ]
    native, plain = map(min, zip(*rounds, strict=True))
    assert 4 * native < plain


def _cpu_seconds(count: Callable[[list[str], Wanted], TermCounts], texts: list[str], wanted: Wanted) -> float:
    began = time.process_time()
    count(texts, wanted)
    return time.process_time() - began

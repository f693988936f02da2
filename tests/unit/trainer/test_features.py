"""Terms and counts are those of scikit-learn, whatever the text."""

import random

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from sentiment_trainer.generate import generate
from sentiment_trainer.learn.features import count_terms

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


@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize("min_word_length", [1, 2])
@pytest.mark.parametrize(("ngram_max", "min_document_frequency", "max_features"), OPTIONS)
def test_counts_are_those_of_scikit_learn(
    corpus: str, ngram_max: int, min_document_frequency: int, max_features: int | None, min_word_length: int
) -> None:
    texts = CORPORA[corpus]
    reference = CountVectorizer(
        ngram_range=(1, ngram_max),
        min_df=min_document_frequency,
        max_features=max_features,
        token_pattern=r"(?u)\b\w+\b" if min_word_length == 1 else r"(?u)\b\w\w+\b",
        dtype=np.float64,
    )
    expected = reference.fit_transform(texts)
    counted = count_terms(texts, ngram_max, min_document_frequency, max_features, min_word_length)
    assert list(counted.terms) == reference.get_feature_names_out().tolist()
    assert (counted.matrix != expected).nnz == 0
    assert counted.matrix.has_sorted_indices


def test_without_any_word_there_are_no_terms() -> None:
    assert list(count_terms(["a", "!", ""], 2, 1, None).terms) == []


def test_a_document_frequency_above_the_number_of_reviews_leaves_no_terms() -> None:
    assert list(count_terms(["good film", "bad film"], 2, 3, None).terms) == []

"""Weights of terms: by the formula, and part of the coefficients of what is fitted."""

import math

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from sentiment_artifact import CompiledModel
from sentiment_contract.parameters import Parameters, Preset, effective_parameters
from sentiment_trainer.data.reviews import Reviews, key_of
from sentiment_trainer.generate import generate
from sentiment_trainer.learn.export import export
from sentiment_trainer.learn.fit import fit
from sentiment_trainer.learn.naive_bayes import log_count_ratio

BEST = effective_parameters(Preset.BEST, Parameters())


@pytest.fixture(scope="module")
def reviews() -> Reviews:
    made_up = list(generate(300, seed=5))
    texts = [one.review for one in made_up]
    return Reviews(texts, [one.sentiment == "positive" for one in made_up], [key_of(text) for text in texts], None)


def test_a_weight_is_the_logarithm_of_a_ratio_of_shares_of_reviews() -> None:
    # Columns: in two positive reviews, in one of each side, in one negative one. How often in a review does not count.
    matrix = sp.csr_matrix(np.array([[0.9, 0.1, 0.0], [0.2, 0.0, 0.0], [0.0, 0.5, 0.7]]))
    ratio = log_count_ratio(matrix, np.array([True, True, False]), smoothing=1.0)
    p, q = (3, 2, 1), (1, 2, 2)
    expected = [math.log((up / sum(p)) / (down / sum(q))) for up, down in zip(p, q, strict=True)]
    np.testing.assert_allclose(ratio, expected, rtol=1e-14)


def test_more_smoothing_weighs_less() -> None:
    matrix = sp.csr_matrix(np.array([[1.0, 0.0], [0.0, 1.0]]))
    little, much = (np.abs(log_count_ratio(matrix, np.array([True, False]), smoothing)) for smoothing in (0.1, 10.0))
    assert (much < little).all()


def test_the_weights_are_part_of_the_coefficients(reviews: Reviews) -> None:
    """As the textbook does it: a weighed matrix for the fit, and a weighed matrix for each prediction."""
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 3), min_df=BEST.min_document_frequency, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b"
    )
    matrix, positive = vectorizer.fit_transform(reviews.texts), np.array(reviews.positive)
    ratio = log_count_ratio(matrix, positive, float(BEST.naive_bayes_smoothing or 0))
    classifier = LogisticRegression(
        C=float(BEST.regularization_c or 0),
        max_iter=BEST.max_iterations or 0,
        solver="liblinear",
        dual=True,
        random_state=42,
    ).fit(matrix.multiply(ratio).tocsr(), positive)
    expected = classifier.decision_function(matrix.multiply(ratio).tocsr())

    model = fit(reviews, BEST, "The file")
    assert model.terms == vectorizer.get_feature_names_out().tolist()
    np.testing.assert_allclose(model.decisions(reviews.texts), expected, rtol=1e-9, atol=1e-9)


def test_what_is_served_knows_words_of_one_character(reviews: Reviews, tmp_path) -> None:
    export(fit(reviews, BEST, "The file"), tmp_path / "model")
    assert CompiledModel.load(tmp_path / "model").options == {
        "ngram_max": 3,
        "sublinear_tf": True,
        "min_word_length": 1,
    }


def test_a_fit_tells_how_far_it_is(reviews: Reviews) -> None:
    told: list[tuple[int, str]] = []
    model = fit(reviews, BEST, "The file", announce=lambda percent, message: told.append((percent, message)))
    assert [(percent, f"{len(model.terms):,} terms" in message) for percent, message in told] == [(40, True)]

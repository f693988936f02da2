"""Trials that share a matrix have the figures that each has alone, and those of a plain fit of each fold."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from sentiment_contract.data import Data, VolumeSource
from sentiment_contract.parameters import Parameters, Preset, effective_parameters
from sentiment_contract.recipe import Recipe
from sentiment_contract.search import Trial, groups_of, trials_of
from sentiment_contract.searching import Search
from sentiment_contract.training import FailureReason
from sentiment_trainer.data.reviews import Reviews, key_of
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.generate import generate
from sentiment_trainer.learn.fit import features_of, fit
from sentiment_trainer.search import convergence, cross_validation
from sentiment_trainer.search.convergence import decisions_along
from sentiment_trainer.search.cross_validation import FOLDS, cross_validated, cross_validated_by, folds_of

MADE_UP = list(generate(400, seed=11))


def reviews(made_up: Any = MADE_UP) -> Reviews:
    texts = [one.review for one in made_up]
    return Reviews(texts, [one.sentiment == "positive" for one in made_up], [key_of(text) for text in texts], None)


def trials(values: dict[str, Any], preset: Preset = Preset.FAST, **more: Any) -> tuple[Trial, ...]:
    data = Data(volume=VolumeSource(claim_name="reviews", path="reviews.csv"))
    search = Search.model_validate({"parameters": values, "maxTrials": 200})
    parameters = effective_parameters(preset, Parameters.model_validate(more))
    return trials_of(Recipe(data=data, parameters=parameters, search=search))


# The minimum


@pytest.fixture
def noisy() -> tuple[Any, Any]:
    """Sparse rows and labels that no weights can tell apart."""
    chance = np.random.default_rng(5)
    matrix = sp.hstack([sp.random(300, 80, density=0.1, random_state=chance), np.ones((300, 1))], format="csr")
    return matrix, chance.random(300) < 0.5


@pytest.mark.parametrize("strength", [0.01, 1.0, 100.0])
def test_every_judgement_is_that_at_the_minimum_of_the_classifier_that_trains(
    noisy: tuple[Any, Any], strength: float
) -> None:
    matrix, positive = noisy
    classifier = LogisticRegression(C=strength, solver="liblinear", dual=True, max_iter=1_000_000, tol=1e-12)
    classifier.fit(matrix[:, :-1], positive.astype(int))
    exact = classifier.decision_function(matrix[:, :-1])
    [found] = decisions_along(matrix, positive, matrix, [strength])
    assert (np.abs(found - exact) <= np.abs(found) + 1e-6).all()


def test_every_judgement_is_the_same_wherever_the_fit_began(noisy: tuple[Any, Any]) -> None:
    matrix, positive = noisy
    strengths = [0.01, 0.02, 0.04, 0.0401, 0.2, 0.5, 1.0, 3.0, 10.0, 10.1, 30.0, 900.0, 100_000.0]
    along = list(decisions_along(matrix, positive, matrix, strengths))
    alone = [next(decisions_along(matrix, positive, matrix, [strength])) for strength in strengths]
    assert ((np.array(along) > 0) == (np.array(alone) > 0)).all()


def test_fits_along_many_strengths_take_a_third_of_the_products_of_fits_from_nothing(
    noisy: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix, positive = noisy
    strengths = np.geomspace(0.1, 100, 16).tolist()
    products = 0
    summed = convergence._Problem.summed  # pyright: ignore[reportPrivateUsage]

    def counted(problem: Any, shares: Any) -> Any:
        nonlocal products
        products += 1
        return summed(problem, shares)

    monkeypatch.setattr("sentiment_trainer.search.convergence._Problem.summed", counted)
    list(decisions_along(matrix, positive, matrix, strengths))
    along, products = products, 0
    for strength in strengths:
        list(decisions_along(matrix, positive, matrix, [strength]))
    assert along < products / 3


def test_a_row_whose_decision_is_next_to_nothing_is_judged_after_all(noisy: tuple[Any, Any]) -> None:
    """Where no distance from the minimum makes it certain, a fit ends all the same."""
    matrix, positive = noisy
    [found] = decisions_along(matrix, positive, sp.csr_matrix((1, 81)), [1.0])
    assert found.tolist() == [0.0]


# Folds


def test_folds_follow_from_text_and_seed_and_are_of_one_size_or_so() -> None:
    keys = reviews().keys
    folds = folds_of(keys, 42)
    assert (folds == folds_of(keys, 42)).all()
    assert (folds != folds_of(keys, 43)).any()
    assert np.bincount(folds).min() > len(keys) / FOLDS * 0.7
    assert len(np.bincount(folds)) == FOLDS


@pytest.mark.parametrize(
    "parameters",
    [{}, {"ngramMax": 2}, {"ngramMax": 3, "minWordLength": 1, "minDocumentFrequency": 3}, {"maxFeatures": 60},
     {"ngramMax": 2, "sublinearTF": False, "minDocumentFrequency": 1}],
    ids=["single words", "two words", "three words", "few terms", "raw counts"],
)  # fmt: skip
def test_a_fold_of_the_shared_counts_is_the_fold_counted_alone(
    parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt_from, [trial] = reviews(), trials({"regularizationC": ["1"]}, **parameters)
    seen: list[Any] = []

    def remember(fold: Any, tried: Any) -> Iterator[Any]:
        seen.append(fold)
        return iter([(tried[0], fold.truth)])

    monkeypatch.setattr(cross_validation, "_judged", remember)
    cross_validated(learnt_from, [trial], "made up")
    folds = folds_of(learnt_from.keys, 42)
    assert len(seen) == FOLDS
    for number, fold in enumerate(seen):
        alone = features_of(learnt_from.at(np.flatnonzero(folds != number).tolist()), trial.parameters, "made up")
        judged = alone.vectorizer.transform(learnt_from.at(np.flatnonzero(folds == number).tolist()).texts)
        assert (fold.learnt != alone.matrix).nnz == 0
        assert (fold.judged != judged).nnz == 0


# Figures


@pytest.mark.parametrize(
    ("values", "base"),
    [
        ({"regularizationC": ["0.03", "0.3", "3", "30"], "naiveBayesSmoothing": ["0", "1", "3"]}, {"ngramMax": 2}),
        ({"trees": [5, 10, 20], "maxDepth": [3, 6]}, {"classifier": "RandomForest"}),
    ],
    ids=["regressions", "forests"],
)
def test_a_trial_has_one_figure_with_others_and_alone(values: dict[str, Any], base: dict[str, Any]) -> None:
    tried = trials(values, **base)
    assert len(groups_of(tried)) == 1
    together = cross_validated(reviews(), tried, "made up")
    alone = {trial.number: cross_validated(reviews(), [trial], "made up")[trial.number] for trial in tried}
    assert together == alone
    assert len({figures.right for figures in together.values()}) > 1


def test_the_figures_are_those_of_plain_trainings_of_each_fold() -> None:
    tried = trials({"regularizationC": ["0.3", "3"], "naiveBayesSmoothing": ["0", "1"]}, maxIterations=2000)
    together = cross_validated(reviews(), tried, "made up")
    for trial in tried:
        assert together[trial.number] == cross_validated_by(fit, reviews(), trial, "made up")


def test_accuracy_is_the_share_of_all_reviews() -> None:
    figures = cross_validation.Figures(right=(8, 3, 4), rows=(10, 5, 5))
    assert figures.accuracy == 0.75
    assert figures.by_fold == (0.8, 0.6, 0.8)


# What cannot be


def test_a_featurisation_that_leaves_no_term_is_told() -> None:
    with pytest.raises(TrainingError) as told:
        cross_validated(reviews(), trials({"minDocumentFrequency": [100_000]}), "made up")
    assert told.value.reason is FailureReason.DATA_NO_TERMS


def test_a_fold_of_one_sentiment_is_told() -> None:
    rare = [one for one in MADE_UP if one.sentiment == "positive"][:60]
    rare += [one for one in MADE_UP if one.sentiment == "negative"][:1]
    for check in (
        lambda: cross_validated(reviews(rare), trials({"regularizationC": ["1"]}), "made up"),
        lambda: cross_validated_by(fit, reviews(rare), trials({"regularizationC": ["1"]})[0], "made up"),
    ):
        with pytest.raises(TrainingError, match="too few reviews to search on") as told:
            check()
        assert told.value.reason is FailureReason.DATA_TOO_FEW_ROWS

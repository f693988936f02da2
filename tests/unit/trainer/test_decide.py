"""Held-out reviews get scikit-learn's own decisions, and a training notices where they would not."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from sentiment_artifact.native.library import library
from sentiment_contract.parameters import Classifier, Parameters, Preset, effective_parameters
from sentiment_contract.training import FailureReason
from sentiment_trainer.data.reviews import Reviews
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.generate import generate
from sentiment_trainer.learn import decide as decide_module
from sentiment_trainer.learn import features
from sentiment_trainer.learn.decide import decide
from sentiment_trainer.learn.fit import FittedModel, fit

VARIANTS = {
    **{str(preset): effective_parameters(preset, Parameters()) for preset in Preset},
    "a forest": effective_parameters(
        Preset.FAST, Parameters(classifier=Classifier.RANDOM_FOREST, trees=15, max_depth=8)
    ),
    "raw counts": effective_parameters(Preset.DEFAULT, Parameters(sublinear_tf=False)),
}
TEXTS = [*(one.review for one in generate(600, seed=8)), "", "Amélie, ΣΊΣΥΦΟΣ \ud800", "brilliant " * 50_000]
native = pytest.mark.skipif(library() is None, reason="native code was not built for this kind of machine")


def _fitted(name: str) -> FittedModel:
    made_up = list(generate(400, seed=7))
    positive = [one.sentiment == "positive" for one in made_up]
    return fit(Reviews([one.review for one in made_up], positive, [b""] * 400, None), VARIANTS[name], "The file")


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("at_once", [7, 5_000])
def test_decisions_are_those_of_scikit_learn_to_the_last_bit(
    variant: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide_module, "_AT_ONCE", at_once)
    model = _fitted(variant)
    assert decide(model, TEXTS).tobytes() == model.decisions(TEXTS).tobytes()


@native
def test_scikit_learn_counts_a_part_of_many_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide_module, "WITNESSES", 10)
    model, counted = _fitted("Fast"), []
    transform = model.vectorizer.transform
    monkeypatch.setattr(model.vectorizer, "transform", lambda texts: counted.extend(texts) or transform(texts))
    plain, foreign = [f"a good film {i}" for i in range(1_000)], [f"un bon film d’été {i}" for i in range(40)]
    decide(model, [*plain, *foreign])
    assert (counted[0], counted[-1]) == (plain[0], foreign[-1])
    assert (len(set(counted) & set(plain)), len(set(counted) & set(foreign))) == (9, 11)


def test_without_native_code_scikit_learn_counts_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = _fitted("Best").decisions(TEXTS)
    monkeypatch.setattr(features, "library", lambda: None)
    assert decide(_fitted("Best"), TEXTS).tobytes() == expected.tobytes()


@native
def test_a_vectoriser_that_cuts_otherwise_is_refused() -> None:
    model = _fitted("Default")
    options = {**model.vectorizer.get_params(), "stop_words": ["the"]}
    vectorizer = TfidfVectorizer(**options)
    vectorizer.idf_ = np.array(model.idf)
    with pytest.raises(TrainingError, match="counted differently by native code") as raised:
        decide(replace(model, vectorizer=vectorizer), TEXTS)
    assert raised.value.reason is FailureReason.PARITY_FAILED

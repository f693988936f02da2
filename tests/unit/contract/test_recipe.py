"""A recipe names a training: what may change its hash, and what must not."""

from typing import Any

import pytest
from pydantic import ValidationError

from sentiment_contract.data import Data, DVCSource, LocalObjectReference, URLSource, VolumeSource
from sentiment_contract.parameters import Classifier, Parameters, Preset, effective_parameters
from sentiment_contract.recipe import Recipe, followed_label
from sentiment_contract.values import canonical_decimal


def recipe(**overrides: object) -> Recipe:
    source = DVCSource(repoURL="https://git.example.com/reviews.git", revision="v1", path="data/train.csv")
    data = Data(dvc=source).model_copy(update=overrides)
    return Recipe(data=data, parameters=effective_parameters(Preset.DEFAULT, Parameters()))


def test_the_hash_is_pinned_so_that_an_upgrade_retrains_nothing() -> None:
    assert recipe().recipe_hash() == "ee3f998fabf951d2e768217cdff36c4dcb9533aa60dba9114eb8cec4bf1b6eeb"


def test_renewed_credentials_change_no_hash() -> None:
    source = recipe().data.dvc
    assert source is not None
    renewed = source.model_copy(update={"credentials_secret_ref": LocalObjectReference(name="new-token")})
    assert recipe(dvc=renewed).recipe_hash() == recipe().recipe_hash()


@pytest.mark.parametrize(
    "change",
    [
        {"rows": 10_000},
        {"test_percent": 30},
        {"text_column": "text"},
        {"dvc": recipe().data.dvc.model_copy(update={"revision": "v2"})},
    ],  # type: ignore[union-attr]
    ids=["rows", "split", "column", "revision"],
)
def test_whatever_changes_the_model_changes_the_hash(change: dict[str, object]) -> None:
    assert recipe(**change).recipe_hash() != recipe().recipe_hash()


@pytest.mark.parametrize(
    ("written", "canonical"),
    [("30", "30"), ("30.0", "30"), ("030", "30"), ("0.50", "0.5"), ("0", "0"), ("100000", "100000")],
)
def test_one_number_has_one_spelling(written: str, canonical: str) -> None:
    assert canonical_decimal(written) == canonical


def test_the_same_number_written_otherwise_gives_the_same_parameters() -> None:
    assert effective_parameters(Preset.DEFAULT, Parameters(regularizationC="30.0")) == effective_parameters(
        Preset.DEFAULT, Parameters()
    )


def test_an_override_replaces_what_the_preset_says() -> None:
    assert effective_parameters(Preset.FAST, Parameters(ngram_max=3)).ngram_max == 3


def test_a_parameter_the_classifier_does_not_use_is_left_out() -> None:
    parameters = effective_parameters(
        Preset.DEFAULT, Parameters(classifier=Classifier.RANDOM_FOREST, regularizationC="5")
    )
    assert (parameters.regularization_c, parameters.trees) == (None, 100)


def test_smoothing_is_for_linear_models_alone_and_one_of_nothing_switches_it_off() -> None:
    def smoothing(**overrides: object) -> str | None:
        return effective_parameters(Preset.BEST, Parameters.model_validate(overrides)).naive_bayes_smoothing

    assert smoothing() is not None
    assert smoothing(naiveBayesSmoothing="01.50") == "1.5"
    assert smoothing(naiveBayesSmoothing="0.0") is None
    assert smoothing(classifier="RandomForest") is None


def test_what_says_no_more_than_its_absence_changes_no_hash() -> None:
    said = Parameters(min_word_length=2, naive_bayes_smoothing="0")
    assert effective_parameters(Preset.DEFAULT, said) == effective_parameters(Preset.DEFAULT, Parameters())
    assert effective_parameters(Preset.DEFAULT, Parameters(min_word_length=1)).min_word_length == 1


def test_two_sources_are_refused() -> None:
    with pytest.raises(ValidationError, match="exactly one of dvc, url, volume"):
        Data(
            volume=VolumeSource(claim_name="reviews", path="a.csv"),
            url=URLSource(href="https://example.com/a.csv", sha256="0" * 64),
        )


def test_a_followed_label_is_a_valid_version_label() -> None:
    assert followed_label("0123456789abcdef" * 4) == "r0123456789"


def _recipe(**more: Any) -> Recipe:
    source = {"repoURL": "https://git.example.com/reviews.git", "revision": "main", "path": "train.csv"}
    parameters = effective_parameters(Preset.FAST, Parameters()).model_dump(by_alias=True)
    return Recipe.model_validate({"data": {"dvc": source}, "parameters": parameters} | more)


def _pin(commit: str = "a", content: str = "md5:1") -> dict[str, str]:
    return {"commit": commit * 40, "content": content}


def test_a_recipe_that_was_looked_up_is_named_by_content_and_neither_by_commit_nor_branch() -> None:
    first = _recipe(pin=_pin()).recipe_hash()
    assert _recipe(pin=_pin(commit="b")).recipe_hash() == first
    assert _recipe(pin=_pin(content="md5:2")).recipe_hash() != first
    assert _recipe().recipe_hash() != first


def test_a_recipe_without_a_pin_or_a_trainer_keeps_the_hash_it_always_had() -> None:
    assert _recipe().recipe_hash() == "016f0b8ea1dd571d8e057911e967d281da6a23b3e5045510e35f5c48dfbc1483"


def test_another_trainer_is_another_recipe() -> None:
    assert len({_recipe(**more).recipe_hash() for more in ({}, {"trainer": "a"}, {"trainer": "b"})}) == 3


def test_what_is_fetched_is_the_commit_that_was_looked_up() -> None:
    looked_up, as_written = _recipe(pin=_pin()).pinned_data().dvc, _recipe().pinned_data().dvc
    assert looked_up is not None
    assert as_written is not None
    assert (looked_up.revision, as_written.revision) == ("a" * 40, "main")

"""Fit, figures, export and parity, for both classifiers."""

import contextlib
import dataclasses
import importlib.metadata
import io
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from sentiment_artifact import CompiledModel, digest_of
from sentiment_artifact.native import counting
from sentiment_artifact.native.library import library
from sentiment_contract.parameters import Classifier, EffectiveParameters, Parameters, Preset, effective_parameters
from sentiment_contract.recipe import sha256_of_json
from sentiment_contract.training import TRAINING_FORMAT, FailureReason
from sentiment_trainer.data.reviews import Reviews, key_of
from sentiment_trainer.data.split import Split, split
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.generate import generate
from sentiment_trainer.learn import features
from sentiment_trainer.learn.evaluate import Evaluation, evaluate
from sentiment_trainer.learn.export import export, require_parity
from sentiment_trainer.learn.fit import FittedModel, fit
from sentiment_trainer.learn.plots import draw

VARIANTS = {
    "Fast": effective_parameters(Preset.FAST, Parameters()),
    "Default": effective_parameters(Preset.DEFAULT, Parameters()),
    "Best": effective_parameters(Preset.BEST, Parameters()),
    "three words, raw counts": effective_parameters(Preset.FAST, Parameters(ngram_max=3, sublinear_tf=False)),
    "at most 100 terms": effective_parameters(Preset.FAST, Parameters(max_features=100)),
    "a small forest": effective_parameters(
        Preset.FAST, Parameters(classifier=Classifier.RANDOM_FOREST, trees=15, max_depth=8)
    ),
}
SCIKIT_LEARN, NUMPY = importlib.metadata.version("scikit-learn"), importlib.metadata.version("numpy")

# Raise TRAINING_FORMAT when one of these changes while the versions stay: equal data and parameters then give another
# model, and a run of the old format must not be taken for one of the new.
GOLDEN_VERSIONS = ("1.9.1", "2.4.6")
GOLDEN_FORMAT = 1
GOLDEN_DIGESTS = {
    "Fast": "5d4e1159cc447e96092e28ee6b13801138d9cb2a74c189c8684dc02c50bd49e2",
    "Default": "6935947203ecf70be9856c771c10dcc541dd28ed416f6f62527e4136b90ad2c1",
    "Best": "8280fd989690ba1b1bc567c67f6ddfdffa27fa5a9c2ce55dbac46f2e2f129740",
    "three words, raw counts": "69371d0af8fd6b19a4a5f8c30117e1c73e09b43f7227faa0882834c95b410ed0",
    "at most 100 terms": "b65ed3399e10656a4b56fec5053259ad350613e3d6e80afa6a76d055023b3784",
    "a small forest": "240c69e34e25254d18d538c9182a2b10a1dcb71c20326afe339940ec4ac6ce49",
}
"""Of x86-64 with AVX-512, where numpy's logarithm has other last bits than elsewhere."""
GOLDEN_DECISIONS = {
    "Fast": "c10d6ed28215410f19a1a9aa43d44c5f3cc67a1eef206e933e2bdc7bdb1ef451",
    "Default": "25691af3393b4a76f1ba90749ca9e8880dea75c435e692ccad2bcd8928c3d010",
    "Best": "8292985be156039e1f892260ea0d8fbd969a4efea62898d3b0e93508d54d4c3d",
    "three words, raw counts": "d40b262af5d3aaba62766a271e76a3c56b58ef860672d3094d12cf3ee24be617",
    "at most 100 terms": "0fe15cf18f47c5b7cb75d285bbb7f1afb144021d1769a705b901dee2287cd1d0",
    "a small forest": "c1e715f6d35b5198bcf36ddbd03379f2206dd625b493977c6f5c9dd68a066dc7",
}
"""Of any processor: terms and decisions to six digits."""

golden = pytest.mark.skipif(
    (SCIKIT_LEARN, NUMPY) != GOLDEN_VERSIONS,
    reason=f"golden figures are of scikit-learn and numpy {GOLDEN_VERSIONS}, here are {SCIKIT_LEARN}, {NUMPY}",
)


def _has_avx512() -> bool:
    # The public way to ask prints instead of answering.
    features = io.StringIO()
    with contextlib.redirect_stdout(features):
        np.show_runtime()
    return "X86_V4" in features.getvalue().split("'not_found'")[0]


def _sides(rows: int = 400, seed: int = 11) -> Split:
    made_up = list(generate(rows, seed))
    reviews = Reviews(
        [one.review for one in made_up],
        [one.sentiment == "positive" for one in made_up],
        [key_of(one.review) for one in made_up],
        None,
    )
    return split(reviews, 25, "The file")


@pytest.fixture(scope="module", params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def model(variant: str) -> FittedModel:
    return fit(_sides().train, VARIANTS[variant], "The file")


def test_the_compiled_model_decides_as_scikit_learn_to_the_last_bit(model: FittedModel, tmp_path: Path) -> None:
    texts = [*_sides().test.texts, "", "Amélie, ΣΊΣΥΦΟΣ, İstanbul \x00 \ud800", "brilliant " * 50_000]
    export(model, tmp_path / "model")
    require_parity(tmp_path / "model", texts, model.decisions(texts))


def test_a_model_that_differs_in_one_bit_is_refused(model: FittedModel, tmp_path: Path) -> None:
    texts = _sides().test.texts
    export(model, tmp_path / "model")
    reference = model.decisions(texts)
    reference[3] = np.nextafter(reference[3], np.inf)
    with pytest.raises(TrainingError, match=r"1 of .* first in row 4") as raised:
        require_parity(tmp_path / "model", texts, reference)
    assert raised.value.reason is FailureReason.PARITY_FAILED


def test_the_same_data_and_parameters_give_the_same_digest(variant: str, model: FittedModel, tmp_path: Path) -> None:
    again = fit(_sides().train, VARIANTS[variant], "The file")
    assert export(again, tmp_path / "again") == export(model, tmp_path / "model") == digest_of(tmp_path / "model")


def test_without_native_code_the_same_file_comes_out(
    variant: str, model: FittedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "library", lambda: None)
    again = fit(_sides().train, VARIANTS[variant], "The file")
    assert export(again, tmp_path / "again") == export(model, tmp_path / "model")


@golden
@pytest.mark.skipif(not _has_avx512(), reason="golden digests are of processors with AVX-512")
def test_the_training_format_has_not_changed_in_any_bit(variant: str, model: FittedModel, tmp_path: Path) -> None:
    assert (TRAINING_FORMAT, export(model, tmp_path / "model")) == (GOLDEN_FORMAT, GOLDEN_DIGESTS[variant])


@golden
def test_the_training_format_has_not_changed_in_meaning(variant: str, model: FittedModel) -> None:
    decisions = [f"{decision:.6f}" for decision in model.decisions(_sides().test.texts)]
    assert (TRAINING_FORMAT, sha256_of_json([list(model.terms), decisions])) == (
        GOLDEN_FORMAT,
        GOLDEN_DECISIONS[variant],
    )


def test_a_model_understands_held_out_reviews(model: FittedModel) -> None:
    sides = _sides()
    right = (model.decisions(sides.test.texts) > model.threshold) == sides.test.positive
    assert right.mean() > 0.75


def test_the_fitted_model_is_the_one_that_scikit_learn_alone_would_fit() -> None:
    sides, parameters = _sides(), VARIANTS["Default"]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    classifier = LogisticRegression(C=30, max_iter=200, solver="liblinear", dual=True, random_state=42)
    classifier.fit(vectorizer.fit_transform(sides.train.texts), np.array(sides.train.positive))
    ours = fit(sides.train, parameters, "The file")
    expected = classifier.decision_function(vectorizer.transform(sides.test.texts))
    np.testing.assert_allclose(ours.decisions(sides.test.texts), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(ours.vectorizer.idf_, vectorizer.idf_)


def test_pruning_that_leaves_no_term_is_the_fault_of_the_data() -> None:
    parameters = effective_parameters(Preset.FAST, Parameters(min_document_frequency=10_000))
    with pytest.raises(TrainingError) as raised:
        fit(_sides().train, parameters, "The file")
    assert raised.value.reason is FailureReason.DATA_NO_TERMS


@pytest.mark.parametrize(("where", "limit"), [(features, "MOST_ENTRIES"), (counting, "_MOST_WORDS")])
def test_more_terms_than_can_be_fitted_are_the_fault_of_the_data(
    where: ModuleType, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where is counting and library() is None:
        pytest.skip("native code was not built for this kind of machine")
    monkeypatch.setattr(where, limit, 1_000)
    with pytest.raises(TrainingError, match=r"holds more terms .* than one training can learn from") as raised:
        fit(_sides().train, VARIANTS["Default"], "The file")
    assert raised.value.reason is FailureReason.DATA_CHECK_FAILED


def test_another_seed_grows_another_forest(tmp_path: Path) -> None:
    def digest(parameters: EffectiveParameters) -> str:
        return export(fit(_sides().train, parameters, "The file"), tmp_path / "model")

    forest = VARIANTS["a small forest"]
    assert digest(forest) != digest(forest.model_copy(update={"seed": 1}))


def _evaluation() -> Evaluation:
    texts = ["a", "b", "c", "d", "e " * 150, "f " * 150]
    test = Reviews(texts, [True, True, True, False, False, True], [key_of(text) for text in texts], None)
    train = Reviews(["a"] * 10, [True] * 10, [key_of("a")] * 10, None)
    return evaluate(Split(train, test), np.array([2.0, 1.0, -1.0, -2.0, 0.5, 0.0]), threshold=0.0)


def test_the_figures_are_those_of_the_definitions() -> None:
    figures = _evaluation()
    assert figures.confusion == ((1, 1), (2, 2))
    assert figures.for_the_answer() == {
        "accuracy": "0.5",
        "precision": "0.666667",
        "recall": "0.5",
        "f1": "0.571429",
        "rocAUC": "0.75",
        "trainRows": "10",
        "testRows": "6",
    }
    assert figures.accuracy_of_unseen_texts == pytest.approx(0.4)


def test_slices_by_length_hold_every_row_once() -> None:
    assert [(part.words, part.rows, part.accuracy) for part in _evaluation().slices] == [
        ("0-49", 4, 0.75),
        ("100-199", 2, 0.0),
    ]


@pytest.mark.parametrize("signed", [True, False])
def test_plots_are_drawn_for_both_families(signed: bool, tmp_path: Path) -> None:
    weights = np.linspace(-1 if signed else 0, 1, 60)
    draw(
        tmp_path,
        _evaluation(),
        [True, True, True, False, False, True],
        np.arange(6.0),
        weights,
        [f"term {i}" for i in range(60)],
    )
    for name in ("confusion_matrix", "roc", "strongest_words"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_a_one_sided_confusion_matrix_is_drawn(tmp_path: Path) -> None:
    evaluation = dataclasses.replace(_evaluation(), confusion=((0, 3), (0, 3)))
    draw(tmp_path, evaluation, [True, False], np.arange(2.0), np.ones(2), ["a", "b"])


def test_an_artifact_loads_by_its_digest_alone(model: FittedModel, tmp_path: Path) -> None:
    digest = export(model, tmp_path / "model")
    assert CompiledModel.load(tmp_path / "model", digest).terms == len(model.terms)

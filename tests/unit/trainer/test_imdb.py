"""The figures that are promised for the Large Movie Review Dataset, where its file lies beside the repository."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from sentiment_contract.data import Data, VolumeSource
from sentiment_contract.parameters import Classifier, Parameters, Preset, effective_parameters
from sentiment_contract.recipe import Recipe
from sentiment_trainer.data.prepare import prepare
from sentiment_trainer.learn.learn import Learnt, learn
from sentiment_trainer.progress import Progress
from sentiment_trainer.settings import Settings

IMDB = Path(__file__).resolve().parents[4] / "shared" / "data" / "imdb50k.parquet"

pytestmark = [
    pytest.mark.imdb,
    pytest.mark.skipif(not IMDB.is_file(), reason=f"the IMDB reviews are not at {IMDB}"),
]


def _learn(settings: Settings, folder: Path, rows: int | None, preset: Preset, parameters: Parameters) -> Learnt:
    data = Data(volume=VolumeSource(claim_name="imdb", path=IMDB.name), rows=rows)
    recipe = Recipe(data=data, parameters=effective_parameters(preset, parameters))
    progress = Progress()
    prepared = prepare(recipe, replace(settings, data_root=IMDB.parent), folder, progress)
    return learn(prepared, recipe.parameters, folder, progress)


@pytest.mark.campaign
def test_the_default_preset_reaches_its_accuracy_on_the_official_split_in_a_minute(
    settings: Settings, tmp_path: Path
) -> None:
    begun = time.process_time()
    figures = _learn(settings, tmp_path, None, Preset.DEFAULT, Parameters()).evaluation
    spent = time.process_time() - begun
    assert (figures.train_rows, figures.test_rows) == (25_000, 25_000)
    assert figures.accuracy >= 0.905
    assert figures.accuracy_of_unseen_texts >= 0.905
    assert spent <= 60, f"{spent:.0f} s of one processor"


@pytest.mark.campaign
def test_the_best_preset_reaches_its_accuracy_on_the_official_split(settings: Settings, tmp_path: Path) -> None:
    begun = time.process_time()
    learnt = _learn(settings, tmp_path, None, Preset.BEST, Parameters())
    spent = time.process_time() - begun
    figures = learnt.evaluation
    assert (figures.train_rows, figures.test_rows) == (25_000, 25_000)
    assert figures.accuracy >= 0.919
    assert figures.accuracy_of_unseen_texts >= 0.919
    assert learnt.artifact.stat().st_size <= 60_000_000
    assert spent <= 120, f"{spent:.0f} s of one processor"


@pytest.mark.parametrize(
    ("preset", "classifier", "accuracy"),
    [
        (Preset.FAST, Classifier.LOGISTIC_REGRESSION, 0.86),
        (Preset.DEFAULT, Classifier.LOGISTIC_REGRESSION, 0.86),
        (Preset.BEST, Classifier.LOGISTIC_REGRESSION, 0.88),
        (Preset.FAST, Classifier.RANDOM_FOREST, 0.75),
    ],
)
def test_ten_thousand_reviews_are_learnt_well(
    preset: Preset, classifier: Classifier, accuracy: float, settings: Settings, tmp_path: Path
) -> None:
    figures = _learn(settings, tmp_path, 10_000, preset, Parameters(classifier=classifier)).evaluation
    assert figures.train_rows + figures.test_rows == 10_000
    assert figures.accuracy >= accuracy

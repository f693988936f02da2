"""The example of a team's own trainer, run as a laptop and a Job run it."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sentiment_artifact import CompiledModel
from sentiment_contract.data import Data, VolumeSource
from sentiment_contract.parameters import Parameters, Preset, effective_parameters
from sentiment_contract.recipe import Recipe
from sentiment_contract.training import TrainingAnswer, TrainingSucceeded
from sentiment_trainer.__main__ import main
from sentiment_trainer.data.reviews import Reviews, key_of
from sentiment_trainer.generate import generate
from sentiment_trainer.learn.fit import fit
from sentiment_trainer.own import OwnTrainer
from sentiment_trainer.settings import Settings
from sentiment_trainer.train import train

PROGRAM = Path(__file__).parents[3] / "examples" / "custom_trainer" / "train.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("custom_trainer", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def reviews(rows: int) -> Reviews:
    made_up = list(generate(rows, seed=3))
    texts = [one.review for one in made_up]
    return Reviews(texts, [one.sentiment == "positive" for one in made_up], [key_of(text) for text in texts], None, {})


def test_it_learns_something_else_and_as_well(example: ModuleType) -> None:
    parameters, learnt = effective_parameters(Preset.FAST, Parameters()), reviews(600)
    own, plain = example.fit(learnt, parameters, "made up"), fit(learnt, parameters, "made up")
    assert own.terms == plain.terms
    assert not np.allclose(own.weights, plain.weights)
    right = (own.decisions(learnt.texts) > own.threshold) == np.array(learnt.positive)
    assert right.mean() > 0.8


def test_it_learns_the_same_from_the_same(example: ModuleType) -> None:
    parameters, learnt = effective_parameters(Preset.FAST, Parameters()), reviews(300)
    first, second = (example.fit(learnt, parameters, "made up").weights for _ in range(2))
    assert (first == second).all()


def test_a_laptop_trains_proves_and_registers_with_it(
    example: ModuleType,
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SENTIMENT_TERMINATION_LOG", str(tmp_path / "none" / "log"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    digests: list[str] = []
    for own in (None, OwnTrainer("nb-svm", example.fit)):
        kept = tmp_path / "model.rpm1"
        assert main(["run", "--data", str(corpus), "--preset", "Fast", "--output", str(kept)], own) == 0
        answer = TrainingAnswer.validate_json(capsys.readouterr().out)
        assert isinstance(answer, TrainingSucceeded)
        assert not answer.reused
        assert CompiledModel.load(kept, answer.artifact_digest).family == "linear"
        digests.append(answer.artifact_digest)
    assert len(set(digests)) == 2


def test_a_job_trains_under_the_name_that_the_model_chose(
    example: ModuleType, make_order, mlflow_url: str, settings: Settings, on_volume: str
) -> None:
    plain = make_order(tracking_url=mlflow_url)
    data = Data(volume=VolumeSource(claim_name="reviews", path=on_volume))
    recipe = Recipe(data=data, parameters=plain.recipe.parameters, trainer="nb-svm")
    order = plain.model_copy(update={"recipe": recipe, "recipe_hash": recipe.recipe_hash(), "label": "own"})
    first, second = train(plain, settings), train(order, settings, OwnTrainer("nb-svm", example.fit))
    assert (second.reused, first.fingerprint != second.fingerprint) == (False, True)
    assert train(order, settings, OwnTrainer("nb-svm", example.fit)).reused


def test_it_is_a_program() -> None:
    shown = subprocess.run([sys.executable, PROGRAM, "run", "--help"], capture_output=True, text=True, check=True)
    assert "--tracking-url" in shown.stdout

"""A search against a real MLflow server: trials, the choice among them, and what stands and falls with a pod."""

import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from sentiment_contract import names
from sentiment_contract.search import (
    INDEX_VARIABLE,
    GroupSearched,
    SearchAnswer,
    SearchResult,
    groups_of,
    trials_of,
)
from sentiment_contract.searching import Search
from sentiment_contract.training import (
    EXIT_CODES,
    ORDER_VARIABLE,
    FailureReason,
    TrainingAnswer,
    TrainingFailed,
    TrainingOrder,
    TrainingSucceeded,
)
from sentiment_contract.values import canonical_decimal
from sentiment_trainer.__main__ import main
from sentiment_trainer.data.prepare import prepare
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.learn.fit import fit
from sentiment_trainer.own import OwnTrainer
from sentiment_trainer.progress import Progress
from sentiment_trainer.registry.trials import PARENT_TAG
from sentiment_trainer.search import cross_validation
from sentiment_trainer.search.search import search
from sentiment_trainer.settings import Settings
from sentiment_trainer.train import train

pytestmark = pytest.mark.usefixtures("on_volume")
VALUES: dict[str, Any] = {"ngramMax": [1, 2], "regularizationC": ["0.003", "0.3", "30"]}


@pytest.fixture
def order(make_order, mlflow_url: str) -> TrainingOrder:
    return searching(make_order(tracking_url=mlflow_url), VALUES)


@pytest.fixture
def client(mlflow_url: str) -> MlflowClient:
    return MlflowClient(mlflow_url, mlflow_url)


def searching(plain: TrainingOrder, values: dict[str, Any]) -> TrainingOrder:
    recipe = plain.recipe.model_copy(update={"search": Search.model_validate({"parameters": values})})
    return plain.model_copy(update={"recipe": recipe, "recipe_hash": recipe.recipe_hash()})


def _trials(client: MlflowClient, order: TrainingOrder, status: str = "FINISHED") -> list[Run]:
    experiment = client.get_experiment_by_name(order.registered_model)
    runs = client.search_runs([experiment.experiment_id]) if experiment is not None else []
    mine = [run for run in runs if names.TAG_TRIAL in run.data.tags and run.info.status == status]
    return sorted(mine, key=lambda run: int(run.data.tags[names.TAG_TRIAL]))


def _search_all(order: TrainingOrder, settings: Settings) -> list[GroupSearched]:
    return [search(order, index, settings) for index in range(len(groups_of(trials_of(order.recipe))))]


@pytest.fixture
def no_more_trials(monkeypatch: pytest.MonkeyPatch):
    """From the moment it is called, trying anything is an error."""

    def forbid() -> None:
        def count(*_: object) -> None:
            raise AssertionError("tried again")

        monkeypatch.setattr(cross_validation, "counts_of", count)

    return forbid


def test_every_trial_is_a_run_with_its_parameters_and_figures(
    order: TrainingOrder, settings: Settings, client: MlflowClient
) -> None:
    answers = _search_all(order, settings)
    assert [(answer.result.trials, answer.result.failed) for answer in answers] == [(3, 0), (3, 0)]
    runs = _trials(client, order)
    assert [int(run.data.tags[names.TAG_TRIAL]) for run in runs] == [1, 2, 3, 4, 5, 6]
    tried = [(run.data.params["ngramMax"], run.data.params["regularizationC"]) for run in runs]
    assert tried == [("1", "0.003"), ("1", "0.3"), ("1", "30"), ("2", "0.003"), ("2", "0.3"), ("2", "30")]
    for run in runs:
        folds = [run.data.metrics[f"accuracy_fold_{fold}"] for fold in (1, 2, 3)]
        assert min(folds) <= run.data.metrics[names.CROSS_VALIDATION_METRIC] <= max(folds)


def test_the_best_by_cross_validation_becomes_the_version(
    order: TrainingOrder, settings: Settings, client: MlflowClient
) -> None:
    _search_all(order, settings)
    result = train(order, settings)
    runs = _trials(client, order)
    best = max(runs, key=lambda run: (run.data.metrics[names.CROSS_VALIDATION_METRIC], -int(run.data.tags["trial"])))
    trained = client.get_run(result.run_id)
    assert trained.data.params == best.data.params
    version = client.get_model_version(order.registered_model, result.registry_version)
    told = SearchResult.model_validate_json(version.tags[names.TAG_SEARCH_RESULT])
    assert told.best is not None
    assert (told.trials, told.failed, str(told.best.trial)) == (6, 0, best.data.tags["trial"])
    share = f"{best.data.metrics[names.CROSS_VALIDATION_METRIC]:.6f}"
    assert result.metrics["crossValidationAccuracy"] == told.best.accuracy == canonical_decimal(share)
    assert {run.data.tags[PARENT_TAG] for run in runs} == {result.run_id}
    plots = [file.path for file in client.list_artifacts(result.run_id, "plots")]
    assert "plots/search.png" in plots


def test_a_version_of_searched_parameters_is_byte_for_byte_the_plain_training_with_them(
    order: TrainingOrder, settings: Settings, client: MlflowClient
) -> None:
    _search_all(order, settings)
    searched = train(order, settings)
    told = json.loads(client.get_model_version(order.registered_model, searched.registry_version).tags["search_result"])
    [winner] = [one for one in trials_of(order.recipe) if one.number == told["best"]["trial"]]
    recipe = order.recipe.model_copy(update={"search": None, "parameters": winner.parameters})
    plain = order.model_copy(update={"recipe": recipe, "recipe_hash": recipe.recipe_hash(), "label": "plain"})
    trained = train(plain, settings)
    assert trained.artifact_digest == searched.artifact_digest
    assert trained.fingerprint != searched.fingerprint


def test_the_same_search_under_another_label_is_found_and_nothing_is_tried_or_trained(
    order: TrainingOrder, settings: Settings, client: MlflowClient, no_more_trials
) -> None:
    _search_all(order, settings)
    first = train(order, settings)
    no_more_trials()
    again = order.model_copy(update={"label": "2"})
    assert [answer.result.trials for answer in _search_all(again, settings)] == [3, 3]
    second = train(again, settings)
    assert (second.reused, second.run_id, second.artifact_digest) == (True, first.run_id, first.artifact_digest)
    assert len(_trials(client, order)) == 6


def test_a_pod_that_is_started_anew_makes_what_is_left(
    order: TrainingOrder, settings: Settings, client: MlflowClient, no_more_trials
) -> None:
    search(order, 1, settings)
    lost = _trials(client, order)[1]
    client.delete_run(lost.info.run_id)
    answer = search(order, 1, settings)
    assert answer.result.trials == 3
    made = _trials(client, order)
    assert [int(run.data.tags["trial"]) for run in made] == [4, 5, 6]
    no_more_trials()
    assert search(order, 1, settings) == answer


def test_a_trial_that_was_made_twice_counts_once(
    order: TrainingOrder, settings: Settings, client: MlflowClient
) -> None:
    answers = _search_all(order, settings)
    copied = _trials(client, order)[2]
    again = client.create_run(copied.info.experiment_id, tags=dict(copied.data.tags))
    client.log_metric(again.info.run_id, names.CROSS_VALIDATION_METRIC, 1.0)
    client.set_terminated(again.info.run_id)
    assert _search_all(order, settings) == answers


def test_held_out_reviews_have_no_part_in_the_choice(
    order: TrainingOrder, settings: Settings, client: MlflowClient
) -> None:
    """Whatever the held-out reviews say, the figures and the choice are the same."""
    file = settings.data_root / "reviews.csv"
    frame = pd.read_csv(file)
    held_out = set(prepare(order.recipe, settings, settings.scratch, Progress()).sides.test.texts)
    before = [answer.result for answer in _search_all(order, settings)]
    is_out = frame["review"].isin(held_out)
    assert is_out.sum() > 50
    frame.loc[is_out, "sentiment"] = frame.loc[is_out, "sentiment"].map(
        {"positive": "negative", "negative": "positive"}
    )
    frame.to_csv(file, index=False)
    assert [answer.result for answer in _search_all(order, settings)] == before
    assert len(_trials(client, order)) == 12


# What fails


def test_a_group_that_fails_takes_no_other_with_it(
    make_order, mlflow_url: str, settings: Settings, client: MlflowClient
) -> None:
    order = searching(
        make_order(tracking_url=mlflow_url),
        {"minDocumentFrequency": [2, 99_999], "regularizationC": ["1", "3"]},
    )
    assert search(order, 0, settings).result.failed == 0
    with pytest.raises(TrainingError, match="None of 2 trials that share a featurisation ended well") as told:
        search(order, 1, settings)
    assert told.value.reason is FailureReason.SEARCH_FAILED
    assert told.value.message.count("Next:") == 1
    failed = _trials(client, order, "FAILED")
    assert [run.data.params["minDocumentFrequency"] for run in failed] == ["99999", "99999"]
    assert all("no words to learn from" in run.data.tags["mlflow.note.content"] for run in failed)
    result = train(order, settings)
    version = client.get_model_version(order.registered_model, result.registry_version)
    told_of = SearchResult.model_validate_json(version.tags[names.TAG_SEARCH_RESULT])
    assert (told_of.trials, told_of.failed) == (4, 2)
    assert client.get_run(result.run_id).data.params["minDocumentFrequency"] == "2"


def test_without_any_trial_nothing_is_trained(order: TrainingOrder, settings: Settings, client: MlflowClient) -> None:
    with pytest.raises(TrainingError, match="None of 6 trials of the search stands in MLflow") as told:
        train(order, settings)
    assert told.value.reason is FailureReason.SEARCH_FAILED
    assert list(client.search_model_versions(f"name = '{order.registered_model}'")) == []


def test_a_training_that_is_taken_up_trains_with_what_was_decided(
    order: TrainingOrder, settings: Settings, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More trials between two attempts change nothing: what a run was begun with stays."""
    search(order, 0, settings)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("sentiment_trainer.learn.learn.learn", stop)
        with pytest.raises(KeyboardInterrupt):
            train(order, settings)
    search(order, 1, settings)
    result = train(order, settings)
    assert client.get_run(result.run_id).data.params["ngramMax"] == "1"


def test_a_team_s_own_way_to_fit_is_tried_too(order: TrainingOrder, settings: Settings, client: MlflowClient) -> None:
    called: list[str | None] = []

    def own(reviews: Any, parameters: Any, name: str) -> Any:
        called.append(parameters.regularization_c)
        return fit(reviews, parameters, name)

    answer = search(order, 0, settings, OwnTrainer("own", own))
    assert called == [strength for strength in ("0.003", "0.3", "30") for _ in range(3)]
    assert answer.result.best is not None
    assert len(_trials(client, order)) == 3


def test_a_trial_that_a_team_s_own_way_refuses_takes_no_other_with_it(
    order: TrainingOrder, settings: Settings, client: MlflowClient
) -> None:
    def own(reviews: Any, parameters: Any, name: str) -> Any:
        if parameters.regularization_c == "0.3":
            raise TrainingError(FailureReason.DATA_NO_TERMS, "Not that one.", "choose another.")
        return fit(reviews, parameters, name)

    answer = search(order, 0, settings, OwnTrainer("own", own))
    assert (answer.result.trials, answer.result.failed) == (3, 1)
    assert [run.data.params["regularizationC"] for run in _trials(client, order, "FAILED")] == ["0.3"]


# The program


def test_a_pod_answers_what_its_group_came_to(
    order: TrainingOrder, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENTIMENT_DATA_ROOT", str(settings.data_root))
    monkeypatch.setenv("SENTIMENT_TERMINATION_LOG", str(settings.termination_log))
    monkeypatch.setenv(ORDER_VARIABLE, order.model_dump_json(by_alias=True, exclude_none=True))
    monkeypatch.setenv(INDEX_VARIABLE, "1")
    assert main(["search"]) == 0
    answer = SearchAnswer.validate_json(capsys.readouterr().out)
    assert isinstance(answer, GroupSearched)
    assert answer.result.best is not None
    assert answer.result.best.trial in (4, 5, 6)
    assert SearchAnswer.validate_json(settings.termination_log.read_text()) == answer


@pytest.mark.parametrize(("index", "said"), [("2", "There is no group 2"), ("", "is not set"), ("x", "is x")])
def test_a_pod_without_a_group_of_its_own_says_so(
    order: TrainingOrder,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    index: str,
    said: str,
) -> None:
    monkeypatch.setenv(ORDER_VARIABLE, order.model_dump_json(by_alias=True, exclude_none=True))
    monkeypatch.setenv(INDEX_VARIABLE, index)
    assert main(["search"]) == EXIT_CODES[FailureReason.INVALID_ORDER]
    answer = SearchAnswer.validate_json(capsys.readouterr().out)
    assert isinstance(answer, TrainingFailed)
    assert said in answer.message


def test_a_laptop_searches_and_trains_with_one_command(
    corpus: Path,
    tmp_path: Path,
    mlflow_url: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("SENTIMENT_TERMINATION_LOG", str(tmp_path / "none" / "log"))
    values = json.dumps({"parameters": {"ngramMax": [1, 2], "regularizationC": ["0.01", "3"]}})
    flags = ["--data", str(corpus), "--preset", "Fast", "--model", "searched", "--tracking-url", mlflow_url]
    assert main(["run", *flags, "--search", values]) == 0
    result = TrainingAnswer.validate_json(capsys.readouterr().out)
    assert isinstance(result, TrainingSucceeded)
    assert "crossValidationAccuracy" in result.metrics
    assert "of 4 trials, trial" in caplog.text


def test_a_search_that_cannot_be_read_is_refused(
    corpus: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SENTIMENT_TERMINATION_LOG", str(tmp_path / "none" / "log"))
    assert main(["run", "--data", str(corpus), "--search", '{"parameters": {"ngramMax": [9]}}']) == 22
    assert "The flags are invalid" in capsys.readouterr().out

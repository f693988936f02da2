"""Against a real MLflow server: one finished run and one version per fingerprint, whatever happens on the way."""

import json
import multiprocessing
import os
import signal
import subprocess
import urllib.request
from multiprocessing.synchronize import Event
from pathlib import Path

import mlflow
import pandas as pd
import pytest
import requests
from mlflow import MlflowClient

from sentiment_artifact import CompiledModel, digest_of
from sentiment_contract import names
from sentiment_contract.data import Data, DVCSource
from sentiment_contract.parameters import Classifier, Preset
from sentiment_contract.training import FailureReason, TrainingOrder, TrainingSucceeded
from sentiment_trainer import train as train_module
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.registry import runs, versions
from sentiment_trainer.registry.runs import TrainingRun
from sentiment_trainer.settings import Settings
from sentiment_trainer.stopping import end_when_asked
from sentiment_trainer.train import train

pytestmark = pytest.mark.usefixtures("on_volume")


@pytest.fixture
def order(make_order, mlflow_url: str) -> TrainingOrder:
    return make_order(tracking_url=mlflow_url)


@pytest.fixture
def client(mlflow_url: str) -> MlflowClient:
    return MlflowClient(mlflow_url, mlflow_url)


@pytest.fixture
def no_second_fit(monkeypatch: pytest.MonkeyPatch):
    """From the moment it is called, fitting is an error."""

    def forbid() -> None:
        def fit(*_: object) -> None:
            raise AssertionError("fitted again")

        monkeypatch.setattr(train_module, "_fit_and_upload", fit)

    return forbid


def _versions(client: MlflowClient, order: TrainingOrder):
    return list(client.search_model_versions(f"name = '{order.registered_model}'"))


def _runs(client: MlflowClient, order: TrainingOrder, status: str = "FINISHED"):
    experiment = client.get_experiment_by_name(order.registered_model)
    assert experiment is not None
    return [run for run in client.search_runs([experiment.experiment_id]) if run.info.status == status]


def _only_one_of_each(client: MlflowClient, order: TrainingOrder, result: TrainingSucceeded) -> None:
    assert [version.version for version in _versions(client, order)] == [result.registry_version]
    assert [run.info.run_id for run in _runs(client, order)] == [result.run_id]
    assert _runs(client, order, "RUNNING") == []


def test_a_training_leaves_a_version_with_all_its_tags(
    order: TrainingOrder, settings: Settings, client: MlflowClient
) -> None:
    result = train(order, settings)
    version = client.get_model_version(order.registered_model, result.registry_version)
    assert version.status == "READY"
    assert version.run_id == result.run_id
    assert version.tags | {names.TAG_ENVIRONMENT_HASH: "", names.TAG_METRICS: ""} == {
        names.TAG_FINGERPRINT: result.fingerprint,
        names.TAG_RECIPE_HASH: order.recipe_hash,
        names.TAG_DATA_HASH: result.data_hash,
        names.TAG_SPLIT: "Hash",
        names.TAG_HELD_OUT_DIGEST: version.tags[names.TAG_HELD_OUT_DIGEST],
        names.TAG_MODEL_UID: order.model_uid,
        names.TAG_ARTIFACT_DIGEST: result.artifact_digest,
        names.TAG_RECIPE: order.recipe.model_dump_json(by_alias=True, exclude_none=True),
        names.TAG_ENVIRONMENT_HASH: "",
        names.TAG_METRICS: "",
        names.REGISTRY_LABEL_TAG + "1": order.recipe_hash,
    }
    assert json.loads(version.tags[names.TAG_METRICS]) == result.metrics
    assert len(version.tags[names.TAG_ENVIRONMENT_HASH]) == 64
    _only_one_of_each(client, order, result)


def test_a_version_from_git_says_which_commit_it_is_from_and_who_wrote_it(
    make_order, mlflow_url: str, settings: Settings, client: MlflowClient
) -> None:
    repository = settings.data_root / "repository"
    repository.mkdir()
    (settings.data_root / "reviews.csv").rename(repository / "reviews.csv")
    commit = _commit(repository, by="Dana@Example.org")
    source = {
        "repoURL": "file:///data/repository",
        "revision": "main",
        "path": "reviews.csv",
        "volumeClaimName": "reviews",
    }
    order = make_order(Data(dvc=DVCSource.model_validate(source)), tracking_url=mlflow_url)
    result = train(order, settings)
    assert (result.git_commit, result.git_author) == (commit, "dana@example.org")
    tags = client.get_model_version(order.registered_model, result.registry_version).tags
    assert (tags[names.TAG_GIT_COMMIT], tags[names.TAG_GIT_AUTHOR]) == (commit, "dana@example.org")


def _commit(folder: Path, by: str) -> str:
    def git(*arguments: str) -> str:
        committer = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        command = ["git", *committer, *arguments]
        return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet", "--initial-branch=main", ".")
    git("add", "--all")
    git("commit", "--quiet", "--message=reviews", f"--author=a <{by}>")
    return git("rev-parse", "HEAD")


def test_the_run_shows_parameters_figures_data_progress_and_reports(
    order: TrainingOrder, settings: Settings, client: MlflowClient
) -> None:
    run = client.get_run(train(order, settings).run_id)
    assert run.data.params["classifier"] == "LogisticRegression"
    assert run.data.metrics["accuracy"] > 0.8
    assert run.data.metrics[names.PROGRESS_METRIC] == 100
    steps = [metric.value for metric in client.get_metric_history(run.info.run_id, names.PROGRESS_METRIC)]
    assert len(steps) >= 3
    assert [given.dataset.name for given in run.inputs.dataset_inputs] == ["reviews.csv"]
    found = {
        file.path
        for folder in ("plots", "report", "model/artifacts")
        for file in client.list_artifacts(run.info.run_id, folder)
    }
    assert found == {
        "plots/confusion_matrix.png",
        "plots/roc.png",
        "plots/strongest_words.png",
        "report/data_checks.json",
        "report/data_checks.md",
        "report/environment.json",
        "report/evaluation.json",
        "model/artifacts/model.rpm1",
    }


def test_the_compiled_model_is_where_the_contract_says(
    order: TrainingOrder, settings: Settings, mlflow_url: str, tmp_path: Path
) -> None:
    result = train(order, settings)
    query = f"name={order.registered_model}&version={result.registry_version}&path={names.ARTIFACT_PATH}"
    address = f"{mlflow_url}/model-versions/get-artifact?{query}"
    downloaded = tmp_path / "model"
    downloaded.write_bytes(urllib.request.urlopen(address, timeout=10).read())
    assert digest_of(downloaded) == result.artifact_digest
    CompiledModel.load(downloaded, result.artifact_digest)


@pytest.mark.parametrize("classifier", Classifier)
def test_mlflow_itself_loads_the_model_without_any_pickle(
    classifier: Classifier,
    make_order,
    mlflow_url: str,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order = make_order(tracking_url=mlflow_url, classifier=classifier)
    result = train(order, settings)
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    mlflow.set_tracking_uri(mlflow_url)
    folder = mlflow.artifacts.download_artifacts(
        f"models:/{order.registered_model}/{result.registry_version}", dst_path=str(tmp_path)
    )
    suffixes = {path.suffix for path in Path(folder).rglob("*") if path.is_file()}
    assert not suffixes & {".pkl", ".pickle", ".joblib", ".cloudpickle"}
    requirements = (Path(folder) / "requirements.txt").read_text().split()
    assert [line.split("==")[0] for line in requirements] == ["mlflow", "numpy", "pandas", "safetensors"]
    texts = ["A brilliant, moving film.", "Boring and awful."]
    said = mlflow.pyfunc.load_model(folder).predict(pd.DataFrame({"text": texts}))
    scores = CompiledModel.load(Path(folder) / names.ARTIFACT_PATH).score_many(texts)
    assert said["probability"].tolist() == [score.probability for score in scores]
    assert said["sentiment"].tolist() == [score.sentiment for score in scores]


def test_the_same_recipe_twice_is_trained_once(
    order: TrainingOrder, settings: Settings, client: MlflowClient, no_second_fit
) -> None:
    first = train(order, settings)
    no_second_fit()
    second = train(order, settings)
    assert (first.reused, second.reused) == (False, True)
    assert second.model_copy(update={"reused": False}) == first
    _only_one_of_each(client, order, first)


def test_a_second_label_for_the_same_data_reuses_the_version(
    make_order, mlflow_url: str, settings: Settings, client: MlflowClient, no_second_fit
) -> None:
    first = train(make_order(tracking_url=mlflow_url, label="1"), settings)
    no_second_fit()
    again = make_order(tracking_url=mlflow_url, label="1b")
    assert train(again, settings).artifact_digest == first.artifact_digest
    (version,) = _versions(client, again)
    assert {tag for tag in version.tags if tag.startswith(names.REGISTRY_LABEL_TAG)} == {
        names.REGISTRY_LABEL_TAG + "1",
        names.REGISTRY_LABEL_TAG + "1b",
    }


def test_two_models_give_the_same_digest_for_the_same_recipe(order: TrainingOrder, settings: Settings) -> None:
    other = order.model_copy(update={"registered_model": order.registered_model + "-twin"})
    digests = {train(each, settings).artifact_digest for each in (order, other)}
    assert len(digests) == 1


def test_a_label_never_changes_its_meaning(
    make_order, mlflow_url: str, settings: Settings, client: MlflowClient
) -> None:
    train(make_order(tracking_url=mlflow_url, label="1"), settings)
    other = make_order(tracking_url=mlflow_url, label="1", preset=Preset.DEFAULT)
    with pytest.raises(TrainingError, match="already names version 1") as raised:
        train(other, settings)
    assert raised.value.reason is FailureReason.VERSION_CONFLICT
    assert len(_versions(client, other)) == 1


def test_another_recipe_under_another_label_becomes_another_version(
    make_order, mlflow_url: str, settings: Settings
) -> None:
    first = train(make_order(tracking_url=mlflow_url, label="1"), settings)
    second = train(make_order(tracking_url=mlflow_url, label="2", preset=Preset.DEFAULT), settings)
    assert (first.registry_version, second.registry_version) == ("1", "2")
    assert first.fingerprint != second.fingerprint


def _killed_at(module: object, function: str, order: TrainingOrder, settings: Settings) -> None:
    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, function, die)
    train(order, settings)


@pytest.mark.parametrize(
    ("place", "fits_again"),
    [((TrainingRun, "upload"), True), ((versions, "register"), False), ((runs, "finish"), False)],
    ids=["before the upload", "between upload and registration", "between registration and the end"],
)
def test_a_training_killed_is_taken_up_and_done_once(
    place: tuple[object, str],
    fits_again: bool,
    order: TrainingOrder,
    settings: Settings,
    client: MlflowClient,
    no_second_fit,
) -> None:
    victim = multiprocessing.get_context("fork").Process(target=_killed_at, args=(*place, order, settings))
    victim.start()
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL
    (left_behind,) = _runs(client, order, "RUNNING")
    if not fits_again:
        no_second_fit()
    result = train(order, settings)
    assert result.run_id == left_behind.info.run_id
    _only_one_of_each(client, order, result)


def _fit_begins(begun: Event, order: TrainingOrder, settings: Settings) -> None:
    """In a process of its own: the training as the program runs it, asked to end while it fits."""

    def fit(*_: object) -> None:
        begun.set()
        signal.pause()

    train_module._fit_and_upload = fit
    end_when_asked()
    train(order, settings)


def test_a_training_that_is_asked_to_end_ends_at_once_and_is_taken_up(
    order: TrainingOrder, settings: Settings, client: MlflowClient
) -> None:
    fork = multiprocessing.get_context("fork")
    begun = fork.Event()
    victim = fork.Process(target=_fit_begins, args=(begun, order, settings))
    victim.start()
    assert begun.wait(60)
    victim.terminate()
    victim.join(10)
    assert victim.exitcode == 128 + signal.SIGTERM
    (stopped,) = _runs(client, order, "KILLED")
    assert not _runs(client, order, "RUNNING")
    result = train(order, settings)
    assert result.run_id == stopped.info.run_id
    assert not _runs(client, order, "KILLED")
    _only_one_of_each(client, order, result)


def test_a_repeated_registration_leaves_one_version(
    order: TrainingOrder, settings: Settings, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = MlflowClient.create_model_version

    def twice(self: MlflowClient, *given: object, **named: object):
        create(self, *given, **named)
        return create(self, *given, **named)

    monkeypatch.setattr(MlflowClient, "create_model_version", twice)
    result = train(order, settings)
    assert result.registry_version == "1"
    _only_one_of_each(client, order, result)


@pytest.mark.parametrize(
    "call", ["search_model_versions", "create_run", "log_batch", "log_artifacts", "create_model_version"]
)
def test_a_training_that_loses_mlflow_says_so_and_succeeds_later(
    call: str, order: TrainingOrder, settings: Settings, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise requests.ConnectionError("connection refused")

    with monkeypatch.context() as broken:
        broken.setattr(MlflowClient, call, away)
        with pytest.raises(TrainingError, match="connection refused") as raised:
            train(order, settings)
    assert raised.value.reason is FailureReason.REGISTRY_UNREACHABLE
    _only_one_of_each(client, order, train(order, settings))


ABSENT = {
    "nobody listens": (
        "http://robot:hidden@127.0.0.1:9",
        "MLflow at http://127.0.0.1:9 could not",
        "Connection refused",
    ),
    "the name is unknown": ("http://nowhere.invalid:5000", "nowhere.invalid:5000 could not", "Failed to resolve"),
}


@pytest.mark.parametrize("case", ABSENT)
def test_an_absent_mlflow_is_named_with_its_address_and_its_fault_when(
    case: str, make_order, settings: Settings
) -> None:
    address, where, why = ABSENT[case]
    with pytest.raises(TrainingError) as raised:
        train(make_order(tracking_url=address), settings)
    assert raised.value.reason is FailureReason.REGISTRY_UNREACHABLE
    assert where in raised.value.message
    assert why in raised.value.message
    assert "hidden" not in raised.value.message
    assert len(raised.value.message) < 300


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_progress_that_cannot_be_reported_does_not_disturb(
    order: TrainingOrder, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_metric = MlflowClient.log_metric

    def only_the_last(self: MlflowClient, run_id: str, key: str, value: float, step: int) -> None:
        if value < 100:
            raise requests.ConnectionError("connection refused")
        log_metric(self, run_id, key, value, step=step)

    monkeypatch.setattr(MlflowClient, "log_metric", only_the_last)
    assert train(order, settings).registry_version == "1"


def test_a_failed_fit_closes_its_run_as_failed(
    make_order, mlflow_url: str, settings: Settings, client: MlflowClient
) -> None:
    order = make_order(tracking_url=mlflow_url, minDocumentFrequency=5000)
    with pytest.raises(TrainingError) as raised:
        train(order, settings)
    assert raised.value.reason is FailureReason.DATA_NO_TERMS
    assert len(_runs(client, order, "FAILED")) == 1
    assert _versions(client, order) == []

"""One MLflow run per fingerprint: found again after a crash, filled, uploaded in one go, and closed."""

import logging
import queue
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sentiment_contract import names
from sentiment_contract.parameters import EffectiveParameters
from sentiment_contract.search import SearchResult
from sentiment_trainer.registry.record import Lineage, Outcome, wire_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

log = logging.getLogger(__name__)

MODEL_FOLDER = "model"
DATASET_DIGEST_LENGTH = 36
"""MLflow takes no longer name for the content of a data set."""
_RUNNING, _FINISHED, _FAILED, _KILLED = "RUNNING", "FINISHED", "FAILED", "KILLED"


@dataclass(frozen=True)
class TrainingRun:
    """The MLflow run of one training."""

    client: "MlflowClient"
    lineage: Lineage
    id: str
    artifact_uri: str
    tags: Mapping[str, str]

    def describe(self, parameters: EffectiveParameters) -> None:
        """Log what goes in: parameters and the data set."""
        from mlflow.entities import Dataset, DatasetInput, Param

        recipe, data = self.lineage.order.recipe, self.lineage.data
        values = parameters.model_dump(by_alias=True, exclude_none=True)
        self.client.log_batch(self.id, params=[Param(name, str(value)) for name, value in values.items()])
        source = recipe.data.model_dump_json(by_alias=True, exclude_none=True)
        dataset = Dataset(data.path.name, data.sha256[:DATASET_DIGEST_LENGTH], "recipe", source)
        self.client.log_inputs(self.id, [DatasetInput(dataset)])

    def decide(self, result: SearchResult) -> None:
        """Keep what the search came to: whoever takes the run up trains with the same parameters."""
        self.client.set_tag(self.id, names.TAG_SEARCH_RESULT, wire_of(result))

    def upload(self, folder: Path, metrics: Mapping[str, float], outcome: Outcome) -> None:
        """Send metrics and all files below `folder`. The tags of the outcome come last: they say that all is there."""
        from mlflow.entities import Metric, RunTag

        now = int(time.time() * 1000)
        self.client.log_batch(self.id, metrics=[Metric(name, value, now, 0) for name, value in metrics.items()])
        self.client.log_artifacts(self.id, str(folder))
        self.client.log_batch(self.id, tags=[RunTag(name, value) for name, value in outcome.tags().items()])

    def give_up(self) -> None:
        """Close the run as failed."""
        self.client.set_terminated(self.id, _FAILED)

    def stop(self) -> None:
        """Close the run as killed, so that it does not look alive. An absent MLflow does not hold up the end."""
        import requests
        from mlflow.exceptions import MlflowException

        try:
            self.client.set_terminated(self.id, _KILLED)
        except (MlflowException, requests.RequestException) as error:
            log.warning("run %s still looks alive: %s", self.id, error)


def finish(client: "MlflowClient", run_id: str) -> None:
    """Close the run as finished, unless it is."""
    if client.get_run(run_id).info.status != _FINISHED:
        client.log_metric(run_id, names.PROGRESS_METRIC, 100, step=100)
        client.set_terminated(run_id, _FINISHED)


def open_run(client: "MlflowClient", lineage: Lineage) -> TrainingRun:
    """The run of this fingerprint: the one that a stopped or killed predecessor left behind, else a new one.

    A failed run is left as it is, as evidence.
    """
    experiment_id = experiment(client, lineage.order.registered_model)
    run = _left_behind(client, experiment_id, lineage.fingerprint) or client.create_run(
        experiment_id,
        run_name=f"{lineage.order.model}-{lineage.order.label}",
        tags=lineage.tags() | {"mlflow.source.name": "sentiment-train", "mlflow.user": lineage.order.namespace},
    )
    return TrainingRun(client, lineage, run.info.run_id, run.info.artifact_uri or "", run.data.tags)


def _left_behind(client: "MlflowClient", experiment_id: str, fingerprint: str) -> "Run | None":
    same = f"tags.{names.TAG_FINGERPRINT} = '{fingerprint}'"
    for run in client.search_runs([experiment_id], same, order_by=["attributes.start_time ASC"]):
        if run.info.status in (_RUNNING, _FINISHED, _KILLED):
            log.info("taking up run %s, which an earlier attempt left %s", run.info.run_id, run.info.status.lower())
            if run.info.status == _KILLED:
                client.update_run(run.info.run_id, status=_RUNNING)
            return run
    return None


def experiment(client: "MlflowClient", name: str) -> str:
    """Id of the experiment of that name, which is made where there is none."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is not None:
        if found.lifecycle_stage == "deleted":
            client.restore_experiment(found.experiment_id)
        return found.experiment_id
    try:
        return client.create_experiment(name)
    except MlflowException:
        # Another training of the same model was quicker; if it was something else, the next line says so.
        found = client.get_experiment_by_name(name)
        if found is None:
            raise
        return found.experiment_id


class ProgressReporter:
    """Reports percentages to the run from a thread of its own: a slow or absent MLflow must not slow the fit down."""

    def __init__(self, client: "MlflowClient", run_id: str) -> None:
        self._client = client
        self._run_id = run_id
        self._percentages: queue.SimpleQueue[int] = queue.SimpleQueue()
        threading.Thread(target=self._report, name="progress", daemon=True).start()

    def __call__(self, percent: int) -> None:
        """Report this percentage some time soon."""
        self._percentages.put(percent)

    def _report(self) -> None:
        import requests
        from mlflow.exceptions import MlflowException

        while True:
            percent = self._percentages.get()
            try:
                self._client.log_metric(self._run_id, names.PROGRESS_METRIC, percent, step=percent)
            except (MlflowException, requests.RequestException) as error:
                log.warning("progress not reported: %s", error)

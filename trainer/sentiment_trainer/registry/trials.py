"""One MLflow run for each trial of a search: written when the trial is over, found again by the search's fingerprint.

A trial that is repeated, because its pod was killed or its search is made again, leaves a second run of equal figures; the
oldest counts. A trial that failed counts as not made, so a search that is made again tries it again.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sentiment_contract import names
from sentiment_contract.search import Trial
from sentiment_trainer.registry.record import Lineage
from sentiment_trainer.registry.runs import experiment

if TYPE_CHECKING:
    from mlflow import MlflowClient

PARENT_TAG = "mlflow.parentRunId"
"""How MLflow knows that a run belongs to another one."""
_NOTE_TAG = "mlflow.note.content"
_PAGE = 1000


@dataclass(frozen=True)
class Recorded:
    """A trial that ended well, as MLflow holds it."""

    number: int
    accuracy: float
    """Share of reviews that it got right in cross-validation."""
    run_id: str
    parent: str
    """The run that it belongs to, empty before there is one."""


@dataclass(frozen=True)
class TrialRuns:
    """The runs of one search."""

    client: "MlflowClient"
    lineage: Lineage
    experiment_id: str

    @classmethod
    def of(cls, client: "MlflowClient", lineage: Lineage) -> "TrialRuns":
        """Those of the search that the lineage speaks of."""
        return cls(client, lineage, experiment(client, lineage.order.registered_model))

    def recorded(self) -> dict[int, Recorded]:
        """Every trial that ended well, by number."""
        found: dict[int, Recorded] = {}
        ended_well = f"tags.{names.TAG_SEARCH} = '{self.lineage.fingerprint}' and attributes.status = 'FINISHED'"
        token: str | None = None
        while True:
            page = self.client.search_runs(
                [self.experiment_id],
                ended_well,
                max_results=_PAGE,
                order_by=["attributes.start_time ASC"],
                page_token=token,
            )
            for run in page:
                number, share = int(run.data.tags[names.TAG_TRIAL]), run.data.metrics[names.CROSS_VALIDATION_METRIC]
                found.setdefault(number, Recorded(number, share, run.info.run_id, run.data.tags.get(PARENT_TAG, "")))
            token = cast("str | None", page.token)  # pyright: ignore[reportUnknownMemberType]  MLflow ships few types
            if not token:
                return found

    def record(self, trial: Trial, metrics: Mapping[str, float]) -> None:
        """Write down a trial that ended well."""
        self._write(trial, "FINISHED", metrics, {})

    def record_failure(self, trial: Trial, why: str) -> None:
        """Write down a trial that could not be made, and why."""
        self._write(trial, "FAILED", {}, {_NOTE_TAG: why})

    def adopt(self, parent: str, trials: Mapping[int, Recorded]) -> None:
        """Let the run `parent` show these trials below it."""
        for trial in trials.values():
            if trial.parent != parent:
                self.client.set_tag(trial.run_id, PARENT_TAG, parent)

    def _write(self, trial: Trial, status: str, metrics: Mapping[str, float], more: Mapping[str, str]) -> None:
        from mlflow.entities import Metric, Param

        order, now = self.lineage.order, int(time.time() * 1000)
        tags = {
            names.TAG_SEARCH: self.lineage.fingerprint,
            names.TAG_TRIAL: str(trial.number),
            "mlflow.source.name": "sentiment-train",
            "mlflow.user": order.namespace,
        }
        called = f"{order.model}-{order.label}-trial-{trial.number:03}"
        run_id = self.client.create_run(self.experiment_id, run_name=called, tags={**tags, **more}).info.run_id
        parameters = trial.parameters.model_dump(by_alias=True, exclude_none=True)
        self.client.log_batch(
            run_id,
            params=[Param(name, str(value)) for name, value in parameters.items()],
            metrics=[Metric(name, value, now, 0) for name, value in metrics.items()],
        )
        # The status comes last: a run that is finished has everything.
        self.client.set_terminated(run_id, status)

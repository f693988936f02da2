"""How far the running trainings are: asked of MLflow in one question for all of them, off every model's pass.

What cannot be learned stays at the last value; a percentage is never worth an error.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sentiment_operator.cluster.store import Key, Store
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.names import RECIPE_HASH_ANNOTATION
from sentiment_operator.reading.extract import registry_of
from sentiment_operator.reading.raw import annotations_of, controller_uid
from sentiment_operator.registry.answers import RunningTraining
from sentiment_operator.registry.client import Registry
from sentiment_operator.registry.restraint import RegistryError
from sentiment_operator.settings import Settings

log = logging.getLogger(__name__)

POLL_SECONDS = 3.0
STEP_PERCENT = 5
"""Percentages are rounded down to this, so that a training costs at most twenty writes of status."""

Training = tuple[str, str]
"""Uid of the model and hash of the recipe."""


@dataclass(slots=True)
class Progress:
    """The latest percentage of every training that runs."""

    store: Store
    registry: Registry
    settings: Settings
    advanced: Callable[[Key], None]
    """Told of every model whose training got further."""
    is_ours: Callable[[str], bool]
    """Whether this process acts for that namespace: others ask for theirs."""
    _percentages: dict[Training, int] = field(default_factory=dict[Training, int])

    def percent(self, job: Manifest) -> int:
        """How far this Job's training is, 0 while nothing is known."""
        return self._percentages.get(_training(job), 0)

    async def run(self) -> None:
        """Ask again and again while trainings run."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self._poll()

    async def _poll(self) -> None:
        owners: dict[Training, Key] = {_training(job): key for job, key in self._trainings()}
        self._percentages = {training: self._percentages.get(training, 0) for training in owners}
        for url, models in self._registered(owners.values()).items():
            for run in await self._running(url, models):
                training = (run.model_uid, run.recipe_hash)
                if training in owners:
                    self._advance(owners[training], training, run.progress_percent)

    async def _running(self, url: str, models: list[str]) -> list[RunningTraining]:
        try:
            return await self.registry.running(url, models)
        except RegistryError as error:
            log.debug("progress is unknown: %s", error)
        except Exception:
            # One server must not stop the progress of all, nor the process with it.
            log.exception("progress could not be asked for", extra={"url": url})
        return []

    def _trainings(self) -> list[tuple[Manifest, Key]]:
        return [(job, key) for job, key in self.store.unfinished_jobs() if self.is_ours(key.namespace)]

    def _registered(self, keys: Iterable[Key]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for body in filter(None, map(self.store.model, sorted(set(keys)))):
            url, model = registry_of(body, self.settings.tracking_url)
            found.setdefault(url, []).append(model)
        return found

    def _advance(self, key: Key, training: Training, percent: int) -> None:
        rounded = percent - percent % STEP_PERCENT
        if rounded > self._percentages[training]:
            self._percentages[training] = rounded
            self.advanced(key)


def _training(job: Manifest) -> Training:
    return controller_uid(job), annotations_of(job).get(RECIPE_HASH_ANNOTATION, "")

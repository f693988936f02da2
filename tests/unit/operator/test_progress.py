"""How far trainings are, asked of every MLflow in turn: what one of them answers hinders no other."""

import asyncio
from typing import Any

import pytest

from sentiment_operator.cluster.store import Key, Store
from sentiment_operator.kinds import JOB, MODEL
from sentiment_operator.names import RECIPE_HASH_ANNOTATION
from sentiment_operator.reading.extract import registry_of
from sentiment_operator.registry import progress
from sentiment_operator.registry.answers import RunningTraining
from sentiment_operator.registry.progress import Progress
from sentiment_operator.registry.restraint import RegistryError
from tests.support.builders import SETTINGS

ODD, SOUND = Key("shop", "a-first"), Key("shop", "b-second")


class MLflows:
    """One that ends in an exception, and one that tells; asked in this order."""

    def __init__(self, error: Exception) -> None:
        self.error, self.percent = error, 42

    async def running(self, tracking_url: str, models: list[str]) -> list[RunningTraining]:
        if tracking_url.endswith(ODD.name):
            raise self.error
        return [RunningTraining(SOUND.name, "hash", self.percent)]


def training(store: Store, key: Key, version: int) -> dict[str, Any]:
    """A model with an MLflow of its own, and its training."""
    head = {"namespace": key.namespace, "name": key.name, "uid": key.name, "resourceVersion": str(version)}
    store.put(
        MODEL, {"kind": MODEL.name, "metadata": head, "spec": {"registry": {"trackingURL": f"http://{key.name}"}}}
    )
    job = {
        "kind": JOB.name,
        "metadata": {
            "namespace": key.namespace,
            "name": f"{key.name}-train",
            "uid": f"{key.name}-job",
            "resourceVersion": str(version + 1),
            "labels": {"app.kubernetes.io/instance": key.name},
            "annotations": {RECIPE_HASH_ANNOTATION: "hash"},
            "ownerReferences": [{"kind": MODEL.name, "uid": key.name, "controller": True}],
        },
        "status": {},
    }
    store.put(JOB, job)
    return job


@pytest.mark.parametrize("error", [RegistryError("odd"), KeyError("a defect")], ids=["an odd answer", "a defect"])
async def test_what_one_mlflow_answers_stops_neither_the_others_nor_the_next_round(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "POLL_SECONDS", 0.001)
    store = Store(lambda body: registry_of(body, SETTINGS.tracking_url))
    training(store, ODD, 1)
    job = training(store, SOUND, 3)
    advanced: asyncio.Queue[Key] = asyncio.Queue()
    mlflows = MLflows(error)
    played: Any = mlflows
    told = Progress(store, played, SETTINGS, advanced.put_nowait, lambda _: True)
    running = asyncio.create_task(told.run())
    assert await asyncio.wait_for(advanced.get(), timeout=5) == SOUND
    assert told.percent(job) == 40
    mlflows.percent = 80
    assert await asyncio.wait_for(advanced.get(), timeout=5) == SOUND
    assert told.percent(job) == 80
    running.cancel()

"""What of the store becomes a fact."""

import asyncio
from typing import Any

import pytest

from sentiment_operator.extract import registry_of
from sentiment_operator.facts import Manifest
from sentiment_operator.kinds import POD
from sentiment_operator.names import SERVER, labels
from sentiment_operator.observe import Fresh, Observer
from sentiment_operator.store import Store
from tests.support.builders import SETTINGS, model


def seen(*pods: Manifest) -> list[str]:
    """Names of the pods that a pass sees."""
    store = Store(lambda body: registry_of(body, SETTINGS.tracking_url))
    for pod in pods:
        store.put(POD, pod)
    unused: Any = None
    observer = Observer(store, unused, unused, unused, unused, SETTINGS)
    return [pod.name for pod in asyncio.run(observer.look(model(), Fresh())).pods]


def a_pod(name: str, phase: str, version: str, **metadata: Any) -> Manifest:
    head = {"namespace": "reviews", "name": name, "uid": name, "resourceVersion": "1"}
    return {
        "kind": POD.name,
        "metadata": head | {"labels": labels("imdb", SERVER, version)} | metadata,
        "status": {"phase": phase},
    }


def test_pods_that_run_or_are_about_to_are_seen() -> None:
    ending = a_pod("ending", "Running", "1", deletionTimestamp="2026-01-01T00:00:00Z")
    assert seen(ending, a_pod("running", "Running", "2"), a_pod("starting", "Pending", "2")) == [
        "ending",
        "running",
        "starting",
    ]


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_pod_of_an_old_version_that_was_evicted_long_ago_holds_nothing_up(phase: str) -> None:
    assert seen(a_pod("evicted", phase, "1"), a_pod("running", "Running", "2")) == ["running"]

"""Parameters are searched for by pods of their own, and the version is trained with the best of them."""

from typing import Any

import pytest

from tests.e2e import tracking
from tests.e2e.shop import Manifest, Shop, model
from tests.support.eventually import eventually

pytestmark = pytest.mark.e2e
STRENGTHS = ["0.01", "0.1", "1", "10"]


def searching(shop: Shop, name: str, parameters: Manifest, **search: Any) -> None:
    training = {
        "preset": "Fast",
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}},
        "search": {"parameters": parameters, **search},
    }
    shop.apply(model(name, training=training))


def searches(shop: Shop, name: str) -> list[str]:
    return sorted(job for job in shop.jobs() if job.startswith(f"{name}-tune-"))


def trials(shop: Shop, name: str) -> list[Manifest]:
    """Every trial of the model that ended well, as MLflow holds it."""
    called = f"{shop.namespace}.{name}"
    experiment = tracking.ask("experiments/get-by-name", experiment_name=called)["experiment"]["experiment_id"]
    question = {"experiment_ids": [experiment], "filter": "attributes.status = 'FINISHED'", "max_results": 1000}
    runs: list[Manifest] = tracking.ask("runs/search", question).get("runs", [])
    return [run["data"] for run in runs if any(tag["key"] == "trial" for tag in run["data"]["tags"])]


def of(entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {entry["key"]: entry["value"] for entry in entries}


def test_the_best_of_all_trials_is_trained_and_serves(shop: Shop) -> None:
    searching(shop, "searched", {"ngramMax": [1, 2], "regularizationC": STRENGTHS}, parallelism=2)
    shop.is_ready("searched", "1", seconds=300)
    revision = shop.the("smrev", "searched.1")["spec"]
    found = trials(shop, "searched")
    assert len(found) == 8
    assert {of(trial["tags"])["mlflow.parentRunId"] for trial in found} == {revision["registry"]["runID"]}
    shares = {int(of(one["tags"])["trial"]): of(one["metrics"])["cross_validation_accuracy"] for one in found}
    best = min(shares, key=lambda trial: (-shares[trial], trial))
    assert revision["search"]["best"]["trial"] == best
    assert shop.the("smod", "searched")["status"]["training"]["search"]["done"] == 8
    assert shop.predict("searched")[0]["version"] == "1"
    job = shop.the("job", searches(shop, "searched")[0])
    assert (job["spec"]["completions"], job["status"]["completedIndexes"]) == (2, "0,1")


@pytest.mark.campaign
def test_a_group_that_cannot_be_tried_is_done_without(shop: Shop) -> None:
    searching(shop, "partial", {"minDocumentFrequency": [2, 100_000], "regularizationC": ["1", "10"]})
    shop.is_ready("partial", "1", seconds=300)
    search = shop.the("smrev", "partial.1")["spec"]["search"]
    assert (search["trials"], search["failed"]) == (4, 2)
    assert search["best"]["parameters"]["minDocumentFrequency"] == 2


@pytest.mark.campaign
def test_a_search_of_nothing_but_failures_says_so(shop: Shop) -> None:
    searching(shop, "hopeless", {"minDocumentFrequency": [99_999, 100_000]})
    found = shop.becomes("hopeless", "Stalled", "SearchFailed", seconds=180)
    assert "None of 2 trials" in found["message"]
    assert "Next:" in found["message"]
    assert len(shop.jobs() & set(searches(shop, "hopeless"))) == 1


@pytest.mark.campaign
def test_a_pod_that_is_taken_away_is_replaced_and_its_search_comes_to_the_same(shop: Shop) -> None:
    searching(shop, "moved-search", {"ngramMax": [1, 2], "regularizationC": STRENGTHS}, parallelism=1)

    def running() -> list[str]:
        pods = shop.every("pods", "app.kubernetes.io/instance=moved-search,batch.kubernetes.io/job-name")
        return [pod["metadata"]["name"] for pod in pods if pod["status"]["phase"] == "Running"]

    shop.evict(eventually("a group is tried", running, 60)[0])
    shop.is_ready("moved-search", "1", seconds=300)
    numbers = sorted(int(of(trial["tags"])["trial"]) for trial in trials(shop, "moved-search"))
    assert numbers == list(range(1, 9))
    assert len(searches(shop, "moved-search")) == 1

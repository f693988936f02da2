"""A search for parameters with a real Job controller: indexes that end well and badly, and what becomes of the version."""

from typing import Any

import pytest

from sentiment_contract.training import FailureReason
from tests.integration.operator.conftest import Shop, Start
from tests.integration.operator.operator_process import OperatorProcess
from tests.support.api_server import Manifest
from tests.support.eventually import eventually

RETRY = "rottenpotatoes.com/retry"
PARAMETERS = {"ngramMax": [1, 2, 3], "regularizationC": ["1", "3"]}


def a_searching_model(shop: Shop, **more: Any) -> None:
    search = {"parameters": PARAMETERS, "maxTrials": 6, **more}
    shop.a_model(version="1", training={"search": search})


def searches(shop: Shop) -> list[str]:
    return [name for name in shop.names("job") if "-tune-" in name]


def told(shop: Shop) -> Manifest:
    """status.training.search."""
    status: Manifest = (shop.get("smod", "imdb") or {}).get("status", {})
    return (status.get("training") or {}).get("search") or {}


def test_a_version_is_searched_for_trained_and_says_what_it_was_chosen_from(
    shop: Shop, operator: OperatorProcess
) -> None:
    a_searching_model(shop, parallelism=3)
    shop.ready(version="1")
    assert sorted(shop.node.searched) == [0, 1, 2]
    assert (len(searches(shop)), len(shop.node.trained)) == (1, 1)
    recorded = (shop.get("smrev", "imdb.1") or {})["spec"]
    assert recorded["search"]["best"] == {
        "trial": 1,
        "accuracy": "0.9",
        "parameters": recorded["search"]["best"]["parameters"],
    }
    assert recorded["search"]["best"]["parameters"]["ngramMax"] == 1
    assert recorded["recipe"]["search"]["parameters"] == PARAMETERS
    assert (told(shop)["trials"], told(shop)["done"], told(shop)["failed"]) == (6, 6, 0)
    assert told(shop)["best"]["parameters"] == "ngramMax 1, regularizationC 1"


def test_groups_that_fail_are_done_without(shop: Shop, operator: OperatorProcess) -> None:
    shop.node.search_fails = lambda index: FailureReason.SEARCH_FAILED if index == 1 else None
    a_searching_model(shop)
    shop.ready(version="1")
    # Each failed once: what a group says of itself is final.
    assert sorted(shop.node.searched) == [0, 1, 2]
    job = shop.get("job", searches(shop)[0]) or {}
    assert (job["status"]["completedIndexes"], job["status"]["failedIndexes"]) == ("0,2", "1")
    assert job["status"]["conditions"][-1]["reason"] == "FailedIndexes"
    assert len(shop.node.trained) == 1


def test_a_search_whose_every_group_fails_is_a_dead_end_until_somebody_asks(
    shop: Shop, operator: OperatorProcess
) -> None:
    shop.node.search_fails = lambda _index: FailureReason.SEARCH_FAILED
    a_searching_model(shop)
    shop.wait("imdb", "Stalled", "True", "SearchFailed")
    assert shop.condition("imdb", "Trained") == ("False", "SearchFailed")
    assert (told(shop)["done"], told(shop)["failed"]) == (0, 6)
    eventually("nothing happens any more", operator.is_quiet)
    assert (len(searches(shop)), shop.node.trained) == (1, [])
    shop.node.search_fails = lambda _index: None
    shop.patch("smod", "imdb", {"metadata": {"annotations": {RETRY: "now"}}})
    shop.ready(version="1")
    assert len(searches(shop)) == 2


def test_a_fault_of_the_data_ends_the_whole_search(shop: Shop, operator: OperatorProcess) -> None:
    shop.node.search_fails = lambda _index: FailureReason.DATA_ONE_CLASS
    a_searching_model(shop, parallelism=1)
    shop.wait("imdb", "Stalled", "True", "DataOneClass")
    assert shop.condition("imdb", "DataVerified") == ("False", "DataOneClass")
    assert shop.node.searched == [0]


def test_an_operator_that_takes_over_goes_on_with_the_search_there_is(shop: Shop, start: Start) -> None:
    first = start().wait_until_it_leads()
    shop.node.training_hangs = True
    a_searching_model(shop)
    shop.wait("imdb", "Trained", "False", "SearchRunning")
    first.kill()
    start("two").wait_until_it_leads()
    shop.node.training_hangs = False
    shop.ready(version="1")
    assert sorted(shop.node.searched) == [0, 1, 2]
    assert len(searches(shop)) == 1


def test_a_job_that_waits_in_a_queue_says_so_and_goes_on_when_it_is_let(shop: Shop, operator: OperatorProcess) -> None:
    """Kueue suspends the Jobs of its queues and lets them go on; here the test does."""
    shop.node.training_hangs = True
    a_searching_model(shop, queueName="research")
    eventually("the search was started", lambda: len(searches(shop)) == 1)
    name = searches(shop)[0]
    labels: dict[str, str] = (shop.get("job", name) or {})["metadata"]["labels"]
    assert labels["kueue.x-k8s.io/queue-name"] == "research"
    shop.patch("job", name, {"spec": {"suspend": True}})
    shop.wait("imdb", "Trained", "False", "Queued")
    shop.node.training_hangs = False
    shop.patch("job", name, {"spec": {"suspend": False}})
    shop.ready(version="1")
    assert len(searches(shop)) == 1


@pytest.mark.parametrize("edit", [{"version": "2"}, {"training": None}], ids=["another label", "no search any more"])
def test_an_edit_while_it_searches_supersedes_the_search(
    shop: Shop, operator: OperatorProcess, edit: dict[str, Any]
) -> None:
    shop.node.training_hangs = True
    a_searching_model(shop)
    shop.wait("imdb", "Trained", "False", "SearchRunning")
    before = searches(shop)
    shop.patch("smod", "imdb", {"spec": edit})
    eventually("the search is gone", lambda: not set(before) & set(searches(shop)))
    shop.node.training_hangs = False
    shop.ready(version=edit.get("version", "1"))

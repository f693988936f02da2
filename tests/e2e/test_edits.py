"""A person who changes their mind: quick edits end right, cost little, and leave no losers behind."""

import time

import pytest

from tests.e2e.shop import GOOD, MORE, Shop, data, fast
from tests.support.eventually import eventually

pytestmark = pytest.mark.e2e
EDITS, EDITING_SECONDS, MOST_JOBS = 20, 5.0, 3


def test_there_and_back_again_in_quick_succession_ends_right(served: Shop) -> None:
    served.patch("smod", "imdb", {"spec": {"version": "b", "data": data(MORE)}})
    eventually("the training of b has begun", lambda: len(served.jobs()) == 2, 30)
    served.patch("smod", "imdb", {"spec": {"version": "1", "data": data(GOOD)}})
    served.is_ready("imdb", "1", seconds=30)
    assert served.predict("imdb")[0]["version"] == "1"
    assert served.get("smrev", "imdb.b") is None
    eventually("the training that nobody wants is gone", lambda: len(served.jobs()) == 1, 30)


def test_many_edits_start_few_trainings_and_the_losers_go(served: Shop) -> None:
    seen: set[str] = set()
    before = served.jobs()
    began = time.monotonic()
    for number in range(1, EDITS + 1):
        served.patch("smod", "imdb", {"spec": {"version": f"e{number}", "training": fast(1000 + number)}})
        seen |= served.jobs() - before
        time.sleep(max(0.0, began + number * EDITING_SECONDS / EDITS - time.monotonic()))
    took = time.monotonic() - began
    served.is_ready("imdb", f"e{EDITS}")
    seen |= served.jobs() - before
    assert len(seen) <= MOST_JOBS, f"{len(seen)} Jobs for {EDITS} edits in {took:.1f} s"
    wanted = served.jobs() - before
    assert len(wanted) == 1, "only the training of what was wanted last is kept"

    def only_winners() -> bool:
        pods = served.every("pods", "batch.kubernetes.io/job-name")
        return {pod["metadata"]["labels"]["batch.kubernetes.io/job-name"] for pod in pods} <= wanted | before

    eventually("the losers' pods are gone", only_winners, 60)


def test_a_suspended_model_starts_nothing_and_is_still_repaired(served: Shop) -> None:
    before = served.jobs()
    serving = served.predict("imdb")[0]["version"]
    served.patch("smod", "imdb", {"spec": {"suspend": True, "version": "later", "training": fast(1099)}})
    served.becomes("imdb", "Ready", "Suspended", status="False")
    served.kubectl("delete", "service", "imdb")
    eventually("the Service is back", lambda: served.get("service", "imdb") is not None, 10)
    assert served.jobs() == before
    eventually("it answers", lambda: served.answers("imdb", serving), 10)
    served.patch("smod", "imdb", {"spec": {"suspend": False}})
    served.is_ready("imdb", "later")

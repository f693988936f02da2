"""The pods of a candidate become those of the model, by the real Deployment controller and garbage collector."""

from typing import Any

import pytest

from tests.integration.operator.conftest import Shop
from tests.integration.operator.operator_process import OperatorProcess
from tests.support.api_server import Manifest
from tests.support.eventually import eventually, never

PODS = 10
CANARY: dict[str, Any] = {"strategy": "Canary", "steps": [{"weightPercent": 30, "pauseSeconds": 1}]}
BLUE_GREEN: dict[str, Any] = {"strategy": "BlueGreen", "steps": [{"pauseSeconds": 1}]}
CANDIDATE = "imdb-candidate"


def servers(shop: Shop) -> list[Manifest]:
    """Pods that are there to serve, in whatever state."""
    labels = "app.kubernetes.io/component=server"
    items: list[Manifest] = shop.api.request("GET", shop.path("pod"), labelSelector=labels).body["items"]
    return items


def pods(shop: Shop, version: str = "") -> list[Manifest]:
    """Pods that answer and are not ending, of this version or of any."""
    return [
        pod
        for pod in servers(shop)
        if "deletionTimestamp" not in pod["metadata"]
        and any((entry["type"], entry["status"]) == ("Ready", "True") for entry in pod["status"].get("conditions", []))
        and version in ("", pod["metadata"]["labels"]["rottenpotatoes.com/version"])
    ]


def uids(bodies: list[Manifest]) -> set[str]:
    return {body["metadata"]["uid"] for body in bodies}


def wants(shop: Shop, version: str, rows: int) -> None:
    shop.patch("smod", "imdb", {"spec": {"version": version, "data": {"rows": rows}}})


def is_handed_over(shop: Shop) -> bool:
    """The candidate's Deployment is gone, and the model's waits no more."""
    live = shop.get("deployment", "imdb") or {"spec": {}}
    return shop.get("deployment", CANDIDATE) is None and not live["spec"].get("paused")


@pytest.fixture
def served(shop: Shop, operator: OperatorProcess) -> Shop:
    """Ten pods of version 1."""
    shop.a_model(version="1", serving={"replicas": PODS}, rollout=CANARY)
    shop.ready(version="1")
    return shop


def test_no_pod_is_ended_for_one_that_has_yet_to_start(served: Shop) -> None:
    wants(served, "2", 1000)
    eventually("four pods of version 2 answer", lambda: len(pods(served, "2")) == 4)
    taken = uids(pods(served, "2"))
    served.node.serving_hangs = True
    eventually("the candidate is handed over", lambda: is_handed_over(served))
    never("fewer pods answer than are wanted", lambda: len(pods(served)) < PODS, seconds=5)
    served.node.serving_hangs = False
    served.ready(version="2")
    assert len(pods(served, "2")) == len(pods(served)) == PODS
    assert len(taken & uids(pods(served))) >= 3, "the pods of the candidate go on to serve"


def test_all_pods_of_blue_green_go_on_to_serve(served: Shop) -> None:
    served.patch("smod", "imdb", {"spec": {"rollout": BLUE_GREEN}})
    wants(served, "2", 1000)
    eventually("ten pods of version 2 answer", lambda: len(pods(served, "2")) == PODS)
    taken = uids(pods(served, "2"))
    served.node.serving_hangs = True
    served.ready(version="2")
    assert uids(pods(served)) == taken
    assert served.get("deployment", CANDIDATE) is None
    assert len(servers(served)) == PODS, "no pod was started that is not needed"


def test_a_failed_candidate_goes_with_its_pods(served: Shop) -> None:
    limited = {**CANARY, "steps": [{"weightPercent": 30, "minRequests": 5}], "progressDeadlineSeconds": 30}
    served.patch("smod", "imdb", {"spec": {"rollout": limited}})
    kept = uids(pods(served))
    wants(served, "2", 1000)
    served.wait("imdb", "Stalled", "True", "RolledBack")
    eventually("its pods are gone", lambda: uids(pods(served)) == kept and len(servers(served)) == PODS)

"""What a suspended model says would follow, and that saying so touches nothing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.operator.conftest import Shop, Start
from tests.integration.operator.operator_process import OperatorProcess
from tests.support.api_server import ApiServer, Manifest
from tests.support.eventually import eventually

NODES = "/api/v1/nodes"
NO_WORSE = {"name": "no-worse", "metric": "f1", "compareWith": "Serving"}
APPROVAL = {"policy": "Manual"}


def plan(shop: Shop) -> Manifest:
    """status.plan as far as it speaks of the latest edit."""
    body = shop.get("smod", "imdb") or {}
    status: Manifest = body.get("status", {})
    is_current = status.get("observedGeneration") == body["metadata"]["generation"]
    return status.get("plan") or {} if is_current else {}


def preview(shop: Shop, is_so: Callable[[Manifest], Any] = bool) -> Manifest:
    """status.plan once it is so."""
    eventually("status.plan is so", lambda: is_so(plan(shop)))
    return plan(shop)


def suspend(shop: Shop, **change: Any) -> None:
    shop.patch("smod", "imdb", {"spec": {"suspend": True, **change}})


@pytest.fixture
def node(crds: ApiServer) -> Iterator[str]:
    """A node with a little room, which nothing ever runs on."""
    name = "preview"
    body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
    assert crds.request("POST", NODES, body).accepted
    allocatable = {"cpu": "2", "memory": "4Gi", "pods": "10"}
    assert crds.request("PATCH", f"{NODES}/{name}/status", {"status": {"allocatable": allocatable}}).accepted
    taints = {"spec": {"taints": None}}
    assert crds.request("PATCH", f"{NODES}/{name}", taints).accepted
    yield name
    assert crds.request("DELETE", f"{NODES}/{name}").accepted


def test_a_suspended_change_is_foretold_and_nothing_but_status_is_written(
    shop: Shop, operator: OperatorProcess
) -> None:
    shop.a_model(version="1")
    shop.ready(version="1")
    eventually("nothing happens any more", operator.is_quiet)
    before, writes = shop.versions_of_everything(), operator.writes()
    suspend(shop, version="2", gates=[NO_WORSE], promotion={"approval": APPROVAL})
    found = preview(shop, lambda told: told.get("action") == "Train")
    eventually("nothing happens any more", operator.is_quiet)
    after = shop.versions_of_everything()
    assert found["gates"] == [{"name": "no-worse", "outlook": "Open"}]
    assert (found["approvals"], found["strategy"], found["surgePods"]) == ("0/1", "RollingUpdate", 1)
    assert (found["room"], "preview.nodes" in found["roomMessage"]) == ("Unknown", True)
    assert found["goBack"].endswith("""-p '{"spec":{"version":"1"}}'""")
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == {"smod/imdb"}
    assert set(operator.writes() - writes) == {("patch", "sentimentmodels/status")}


def test_what_was_foretold_is_what_happens_and_the_forecast_is_gone(shop: Shop, operator: OperatorProcess) -> None:
    shop.a_model(version="1")
    shop.ready(version="1")
    suspend(shop, version="2")
    assert preview(shop, lambda told: told.get("action") == "Train")["jobCPU"] == "500m"
    shop.patch("smod", "imdb", {"spec": {"suspend": False}})
    shop.ready(version="2")
    assert len(shop.node.trained) == 2
    assert "plan" not in (shop.get("smod", "imdb") or {})["status"]
    suspend(shop, version="1")
    found = preview(shop)
    assert (found["action"], found["jobCPU"]) == ("Serve", "")
    suspend(shop, version="2")
    eventually("what serves is wanted again, so there is nothing to foretell", lambda: not plan(shop))
    shop.wait("imdb", "Ready", "True")


def test_what_mlflow_holds_is_reused_and_under_another_recipe_it_is_in_the_way(
    shop: Shop, operator: OperatorProcess
) -> None:
    shop.a_model(version="1")
    shop.ready(version="1")
    shop.delete("smod", "imdb")
    eventually("its versions are gone", lambda: shop.names("smrev") == [])
    eventually("and what served", lambda: shop.names("deployment") == [])
    shop.a_model(version="1", suspend=True)
    assert preview(shop, lambda told: told.get("action") == "Reuse")["goBack"] == ""
    suspend(shop, training={"parameters": {"seed": 7}})
    assert "another recipe" in preview(shop, lambda told: told.get("action") == "Nothing")["summary"]


def test_while_mlflow_is_away_it_says_so_and_finds_out_by_itself_later(shop: Shop, operator: OperatorProcess) -> None:
    shop.a_model(version="1")
    shop.ready(version="1")
    shop.mlflow.down = True
    suspend(shop, version="2")
    assert "503" in preview(shop, lambda told: told.get("action") == "Unknown" and told["why"])["why"]
    assert shop.condition("imdb", "Ready") == ("False", "Suspended")
    shop.mlflow.down = False
    preview(shop, lambda told: told.get("action") == "Train")


def test_with_the_right_to_look_it_tells_whether_nodes_have_room(shop: Shop, start: Start, node: str) -> None:
    start(SENTIMENT_PREVIEW_NODES="true").wait_until_it_leads()
    shop.a_model(version="1", suspend=True)
    found = preview(shop, lambda told: told.get("room"))
    assert (found["room"], node in found["roomMessage"]) == ("Enough", True)
    suspend(shop, training={"resources": {"requests": {"cpu": "3"}, "limits": {"cpu": "3"}}})
    found = preview(shop, lambda told: told.get("room") == "NotEnough")
    assert "the Job (1 pod, 3 CPU" in found["roomMessage"]


def test_what_the_api_server_would_refuse_is_told_beforehand(shop: Shop, operator: OperatorProcess) -> None:
    with shop.quota(**{"count/jobs.batch": 0}):
        shop.a_model(version="1", suspend=True)
        found = preview(shop, lambda told: told.get("refused"))
        assert "exceeded quota" in found["refused"]
        assert "refuses the first write" in found["summary"]
    assert shop.names("job") == []

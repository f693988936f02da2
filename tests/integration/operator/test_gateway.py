"""Requests divided by an HTTPRoute, on an API server that knows the Gateway API; the Gateway's controller is played."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.operator.conftest import Shop, Start
from tests.support.api_server import ApiServer, Manifest
from tests.support.eventually import eventually

GROUP = "gateway.networking.k8s.io"
GATEWAY = {"name": "public", "namespace": "edge"}
ROLLOUT: dict[str, Any] = {
    "strategy": "Canary",
    "router": "GatewayAPI",
    "gateway": GATEWAY,
    "steps": [{"weightPercent": 10, "pauseSeconds": 2}],
}
ANOTHER = {"version": "2", "data": {"rows": 2000}}
"""Another version from another recipe: of the same recipe it would be the same model, which needs no candidate."""
BY_PODS = {"strategy": "Canary", "router": "Replicas", "gateway": None, "steps": [{"weightPercent": 10}]}


class Gateway:
    """Looks after the route of one model as a controller does: it answers in its status, or says nothing."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._path = f"/apis/{GROUP}/v1/namespaces/{shop.namespace}/httproutes/imdb"
        self.answers = True
        self.led: list[dict[str, int]] = []
        """Service → weight, each time that it became another."""

    def route(self) -> Manifest | None:
        """The route as it stands."""
        answer = self._shop.api.request("GET", self._path)
        return answer.body if answer.accepted else None

    def edit(self, spec: Manifest) -> None:
        """What a person does beside the operator."""
        answer = self._shop.api.request("PATCH", self._path, {"spec": spec})
        assert answer.accepted, answer.message

    def weights(self) -> dict[str, int]:
        """As the route says."""
        rules: list[Manifest] = (self.route() or {}).get("spec", {}).get("rules", [])
        return {backend["name"]: backend["weight"] for rule in rules for backend in rule["backendRefs"]}

    def follow(self) -> None:
        """Take the route as it is now, and say so."""
        route = self.route()
        if route is None or not self.answers:
            return
        generation = route["metadata"]["generation"]
        parents: list[Manifest] = route.get("status", {}).get("parents", [])
        if [entry["conditions"][0]["observedGeneration"] for entry in parents] == [generation]:
            return
        accepted = {
            "type": "Accepted",
            "status": "True",
            "reason": "Accepted",
            "message": "",
            "observedGeneration": generation,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
        (parent,) = route["spec"]["parentRefs"]
        said = {"parentRef": parent, "controllerName": "example.com/played", "conditions": [accepted]}
        answer = self._shop.api.request("PATCH", f"{self._path}/status", {"status": {"parents": [said]}})
        assert answer.accepted, answer.message
        self.led.append({backend["name"]: backend["weight"] for backend in route["spec"]["rules"][0]["backendRefs"]})

    def until(self, what: str, holds: Callable[[], bool]) -> None:
        """Look after the route until it holds."""

        def held() -> bool:
            self.follow()
            return holds()

        eventually(what, held)


@pytest.fixture
def gateway(gateway_api: ApiServer, shop: Shop, start: Start) -> Gateway:
    """An operator that may write routes, and one who looks after them."""
    start(SENTIMENT_GATEWAY_API="true").wait_until_it_leads()
    return Gateway(shop)


def serves(shop: Shop, version: str) -> Callable[[], bool]:
    def is_so() -> bool:
        status: Manifest = (shop.get("smod", "imdb") or {}).get("status", {})
        return shop.condition("imdb", "Ready")[0] == "True" and status.get("servingVersion") == version

    return is_so


def test_a_canary_gets_its_share_by_the_route_and_takes_over(shop: Shop, gateway: Gateway) -> None:
    shop.a_model(version="1", serving={"replicas": 2}, rollout=ROLLOUT)
    gateway.until("version 1 serves", serves(shop, "1"))
    gateway.until("the route is taken", lambda: gateway.led == [{"imdb": 100}])
    shop.patch("smod", "imdb", {"spec": ANOTHER})
    gateway.until("version 2 serves", serves(shop, "2"))
    gateway.until("nothing is left", lambda: shop.get("service", "imdb-candidate") is None)
    assert gateway.led == [{"imdb": 100}, {"imdb": 90, "imdb-candidate": 10}, {"imdb": 100}]


def test_a_stage_waits_for_a_gateway_that_takes_the_route(shop: Shop, gateway: Gateway) -> None:
    gateway.answers = False
    shop.a_model(version="1", rollout=ROLLOUT)
    shop.ready(version="1")
    shop.patch("smod", "imdb", {"spec": ANOTHER})
    shop.wait("imdb", "RolledOut", "False", "RouteNotAccepted")
    shop.wait("imdb", "Stalled", "True", "RouteNotAccepted")
    assert gateway.weights() == {"imdb": 100}
    gateway.answers = True
    gateway.until("version 2 serves", serves(shop, "2"))


def test_a_route_that_was_edited_or_deleted_comes_back_and_costs_no_further_write(
    shop: Shop, gateway: Gateway, start: Start
) -> None:
    shop.a_model(version="1", rollout=ROLLOUT)
    gateway.until("version 1 serves", serves(shop, "1"))
    gateway.edit({"hostnames": ["elsewhere.example.com"]})
    gateway.until("the host name is gone", lambda: "hostnames" not in (gateway.route() or {})["spec"])
    gateway.edit({"rules": [{"backendRefs": [{"name": "elsewhere", "port": 80}]}]})
    gateway.until("it leads to the model", lambda: gateway.weights() == {"imdb": 100})
    settled = (gateway.route() or {})["metadata"]["generation"]
    shop.api.request("DELETE", f"/apis/{GROUP}/v1/namespaces/{shop.namespace}/httproutes/imdb")
    gateway.until("it is there again", lambda: gateway.weights() == {"imdb": 100})
    gateway.until("it was written once", lambda: (gateway.route() or {})["metadata"]["generation"] == 1)
    assert settled > 1


def test_another_router_takes_the_route_away(shop: Shop, gateway: Gateway) -> None:
    shop.a_model(version="1", rollout=ROLLOUT)
    gateway.until("version 1 serves", serves(shop, "1"))
    assert gateway.weights() == {"imdb": 100}
    shop.patch("smod", "imdb", {"spec": {"rollout": BY_PODS}})
    eventually("the route is gone", lambda: gateway.route() is None)
    gateway.until("version 1 serves", serves(shop, "1"))


def test_an_operator_without_the_gateway_api_says_so_and_touches_nothing(shop: Shop, start: Start) -> None:
    start().wait_until_it_leads()
    shop.a_model(version="1", rollout=BY_PODS)
    shop.ready(version="1")
    service = shop.get("service", "imdb")
    shop.patch("smod", "imdb", {"spec": {"version": "2", "rollout": ROLLOUT}})
    shop.wait("imdb", "Accepted", "False", "UnsupportedRouter")
    shop.wait("imdb", "Stalled", "True", "UnsupportedRouter")
    assert shop.get("service", "imdb") == service
    assert len(shop.names("job")) == 1

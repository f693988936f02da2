"""A model that follows another one in another namespace: with a real API server and one operator for both."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.operator.conftest import Shop, Start
from tests.integration.operator.operator_process import OperatorProcess
from tests.integration.operator.played_node import PlayedNode
from tests.support.api_server import ApiServer, Manifest
from tests.support.eventually import eventually

MANIFEST = {"apiVersion": "rottenpotatoes.com/v1alpha1", "kind": "SentimentModel"}
SOAK = 3


class Stage(Shop):
    """A second namespace, which trains nothing."""

    def follows(self, before: Shop, name: str = "imdb", **spec: Any) -> Manifest:
        """Create a model that follows the one of the same name."""
        source = {"modelRef": {"name": name}, "namespace": before.namespace, "soakSeconds": SOAK}
        promotion = {"from": source, **spec.pop("promotion", {})}
        return self.create("smod", MANIFEST | {"metadata": {"name": name}, "spec": {"promotion": promotion, **spec}})

    def revision(self, version: str) -> Manifest | None:
        return self.get("smrev", f"imdb.{version}")


@pytest.fixture
def staging(crds: ApiServer, shop: Shop) -> Iterator[Stage]:
    """The namespace behind the shop, on the same node."""
    name = f"{shop.namespace}-staging"
    assert crds.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}}).accepted
    node = PlayedNode(crds, name, shop.mlflow)
    shop.node.beside.append(node)
    yield Stage(crds, name, shop.mlflow, node)
    node.close()


@pytest.fixture
def both(start: Start, shop: Shop, staging: Stage) -> OperatorProcess:
    """One operator that watches both."""
    watched = {"SENTIMENT_WATCH_NAMESPACES": f"{shop.namespace},{staging.namespace}"}
    return start(**watched).wait_until_it_leads()


def allowing(staging: Stage) -> Manifest:
    return {"promotion": {"allowedNamespaces": [staging.namespace]}}


def spec_of(body: Manifest | None) -> Manifest:
    assert body is not None
    return body["spec"]


def test_the_same_bytes_go_on_and_nothing_is_trained_again(shop: Shop, staging: Stage, both: OperatorProcess) -> None:
    staging.follows(shop)
    staging.wait("imdb", "Stalled", "True", "SourceMissing")
    shop.a_model(version="1")
    staging.wait("imdb", "Stalled", "True", "SourceNotAllowed")
    assert staging.names("deployment") == []
    shop.patch("smod", "imdb", {"spec": allowing(staging)})
    shop.ready(version="1")
    staging.wait("imdb", "Ready", "False", "Soaking")
    assert staging.condition("imdb", "Stalled")[0] == "False"
    staging.ready(version="1")
    here, there = spec_of(staging.revision("1")), spec_of(shop.get("smrev", "imdb.1"))
    assert here.pop("promotedFrom") == {"modelRef": {"name": "imdb"}, "namespace": shop.namespace}
    assert here == there
    assert staging.names("job") == []
    assert staging.node.trained == []
    answering = staging.node.predict("imdb")
    assert answering == ("1", here["artifactDigest"])
    eventually("nothing happens any more", both.is_quiet)


def test_a_version_that_is_refused_stops_and_what_serves_outlives_the_model_it_came_from(
    shop: Shop, staging: Stage, both: OperatorProcess
) -> None:
    shop.a_model(version="1", **allowing(staging))
    strict = {"name": "strict", "metric": "accuracy", "threshold": "0.99"}
    staging.follows(shop)
    staging.ready(version="1")
    staging.patch("smod", "imdb", {"spec": {"gates": [strict]}})
    shop.patch("smod", "imdb", {"spec": {"version": "2", "training": {"parameters": {"seed": 7}}}})
    shop.ready(version="2")
    staging.wait("imdb", "Stalled", "True", "GateFailed")
    answering = staging.node.predict("imdb")
    assert answering is not None
    assert answering[0] == "1"
    staging.patch("smod", "imdb", {"spec": {"gates": None}})
    staging.ready(version="2")
    shop.delete("smod", "imdb")
    staging.wait("imdb", "UpToDate", "False", "SourceMissing")
    staging.ready(version="2")
    for version in ("1", "2"):
        staging.patch("smod", "imdb", {"spec": {"version": version}})
        staging.ready(version=version)
    assert staging.names("job") == []


def test_its_alias_and_its_intervals_stand_in_mlflow_beside_those_of_the_model_it_follows(
    shop: Shop, staging: Stage, both: OperatorProcess
) -> None:
    shop.a_model(version="1", **allowing(staging))
    staging.follows(shop)
    staging.ready(version="1")
    registered = f"{shop.namespace}.imdb"

    def both_are_told() -> bool:
        aliases = shop.mlflow.aliases.get(registered, {})
        return aliases == {"champion": "1", f"{staging.namespace}_imdb": "1"}

    eventually("both aliases are set", both_are_told)
    tags = shop.mlflow.versions[registered][0]["tags"]
    eventually("both intervals are told", lambda: len([tag for tag in tags if "/served/" in tag]) == 2)
    assert '"version": "1"' in tags[f"rottenpotatoes.com/served/{staging.namespace}/imdb"]


def test_it_says_so_where_the_operator_does_not_see_the_model_that_is_followed(
    shop: Shop, operator: OperatorProcess
) -> None:
    source = {"modelRef": {"name": "imdb"}, "namespace": "elsewhere"}
    shop.create("smod", MANIFEST | {"metadata": {"name": "imdb"}, "spec": {"promotion": {"from": source}}})
    shop.wait("imdb", "Stalled", "True", "SourceMissing")
    (condition,) = [one for one in (shop.get("smod", "imdb") or {})["status"]["conditions"] if one["type"] == "Ready"]
    assert f"the operator watches namespaces {shop.namespace}, and not elsewhere" in condition["message"]

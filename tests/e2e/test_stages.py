"""Development → staging → production in three namespaces: the same bytes go on, and a bad version stops in staging."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from demo.installation import restricted_namespace
from tests.e2e import tracking
from tests.e2e.shop import CLUSTER, MORE, Manifest, Shop, close_shop, data, model, open_shop
from tests.support.eventually import eventually, never

pytestmark = pytest.mark.e2e
SOAK = 10
NO_WORSE = {"name": "no-worse", "metric": "accuracy", "compareWith": "Serving", "maxDecrease": "0.03"}


@pytest.fixture(scope="module")
def stages() -> Iterator[tuple[Shop, Shop, Shop]]:
    """Version 1 serves in all three, and has come there from development."""
    mark = secrets.token_hex(4)
    development = open_shop(f"e2e-{mark}-development")
    staging, production = Shop(f"e2e-{mark}-staging"), Shop(f"e2e-{mark}-production")
    for shop in (staging, production):
        CLUSTER.kubectl("apply", "-f", "-", stdin=restricted_namespace(shop.namespace))
    production.apply(follower(staging))
    staging.apply(follower(development, allowed=production, gates=[NO_WORSE]))
    development.apply(model(promotion={"allowedNamespaces": [staging.namespace]}))
    for shop in (development, staging, production):
        shop.is_ready("imdb", "1")
    yield development, staging, production
    for shop in (production, staging, development):
        close_shop(shop)


def follower(before: Shop, allowed: Shop | None = None, **spec: Any) -> Manifest:
    source = {"modelRef": {"name": "imdb"}, "namespace": before.namespace, "soakSeconds": SOAK}
    promotion = {"from": source, "allowedNamespaces": [allowed.namespace] if allowed is not None else []}
    head = {"apiVersion": "rottenpotatoes.com/v1alpha1", "kind": "SentimentModel", "metadata": {"name": "imdb"}}
    return {**head, "spec": {"promotion": promotion, **spec}}


def digest(shop: Shop, version: str) -> str:
    return shop.the("smrev", f"imdb.{version}")["spec"]["artifactDigest"]


def test_every_stage_answers_with_the_bytes_that_were_trained_once(stages: tuple[Shop, Shop, Shop]) -> None:
    trained = digest(stages[0], "1")
    for shop in stages:
        body, headers = shop.predict("imdb")
        assert (body["version"], headers["x-model-digest"]) == ("1", trained)
    assert not stages[1].jobs()
    assert not stages[2].jobs()
    assert sum(tracking.finished_runs(f"{stages[0].namespace}.imdb").values()) == 1


@pytest.mark.campaign
def test_a_bad_version_stops_in_staging(stages: tuple[Shop, Shop, Shop]) -> None:
    development, staging, production = stages
    development.patch("smod", "imdb", {"spec": {"version": "bad", "data": data("flipped.csv")}})
    development.is_ready("imdb", "bad")
    staging.becomes("imdb", "GatesPassed", "GateFailed", "False")
    assert staging.condition("imdb", "Stalled")["status"] == "True"
    assert staging.predict("imdb")[0]["version"] == "1"
    never("production hears of it", lambda: production.get("smrev", "imdb.bad") is not None, 2 * SOAK)
    assert production.condition("imdb", "Ready")["status"] == "True"
    assert production.predict("imdb")[0]["version"] == "1"


def test_a_good_version_goes_all_the_way(stages: tuple[Shop, Shop, Shop]) -> None:
    development, staging, production = stages
    development.patch("smod", "imdb", {"spec": {"version": "2", "data": data(MORE)}})
    for shop in stages:
        shop.is_ready("imdb", "2")
        assert digest(shop, "2") == digest(development, "2")
    assert all(name.startswith("imdb-gate-") for name in staging.jobs())
    assert not production.jobs()
    number = production.the("smrev", "imdb.2")["spec"]["registry"]["version"]

    def is_named() -> bool:
        answer = tracking.ask(
            "registered-models/alias", name=f"{development.namespace}.imdb", alias=f"{production.namespace}_imdb"
        )
        return answer["model_version"]["version"] == number

    # The operator tells MLflow after it has told the cluster.
    eventually("MLflow names what production serves", is_named, 60)
    tag = f"rottenpotatoes.com/served/{production.namespace}/imdb"

    def is_told() -> bool:
        version = tracking.ask("model-versions/get", name=f"{development.namespace}.imdb", version=number)
        return tag in {entry["key"] for entry in version["model_version"]["tags"]}

    eventually("MLflow tells since when production serves it", is_told, 60)


def test_production_outlives_the_stages_before_it(stages: tuple[Shop, Shop, Shop]) -> None:
    _, staging, production = stages
    staging.kubectl("delete", "smod", "imdb")
    production.becomes("imdb", "UpToDate", "SourceMissing", "False")
    assert production.condition("imdb", "Ready")["status"] == "True"
    production.kubectl("delete", "pods", "--all", "--wait=false")
    production.is_ready("imdb", "2")
    production.patch("smod", "imdb", {"spec": {"version": "1"}})
    production.is_ready("imdb", "1")
    assert production.predict("imdb")[0]["version"] == "1"

"""Forward, back and forward again: what a version is, and what it costs to change it."""

import secrets

import pytest

from sentiment_operator.api.status import ConditionType
from tests.e2e import tracking
from tests.e2e.shop import CLUSTER, MORE, Shop, close_shop, data, gone, model, open_shop
from tests.support.eventually import eventually

pytestmark = pytest.mark.e2e


def test_kubectl_waits_for_a_model_as_for_anything_else(shop: Shop) -> None:
    shop.apply(model())
    shop.kubectl("wait", "--for=condition=Ready", "smod/imdb", "--timeout=180s")
    assert len(shop.jobs()) == 1


def test_every_condition_is_there(served: Shop) -> None:
    found = served.the("smod", "imdb")
    assert {entry["type"] for entry in found["status"]["conditions"]} == {str(kind) for kind in ConditionType}


def test_every_reply_says_which_version_answered(served: Shop) -> None:
    answer, headers = served.predict("imdb")
    revision = served.the("smrev", "imdb.1")
    assert (answer["version"], headers["x-model-version"]) == ("1", "1")
    assert headers["x-model-digest"] == revision["spec"]["artifactDigest"]


def test_forward_and_back_twice_costs_two_trainings(served: Shop) -> None:
    served.patch("smod", "imdb", {"spec": {"version": "2", "data": data(MORE)}})
    served.is_ready("imdb", "2")
    jobs = served.jobs()
    assert len(jobs) == 2
    for version in ("1", "2", "1"):
        served.patch("smod", "imdb", {"spec": {"version": version}})
        served.is_ready("imdb", version, seconds=60)
        assert served.predict("imdb")[0]["version"] == version
    assert served.jobs() == jobs


def test_mlflow_calls_the_serving_version_champion(served: Shop) -> None:
    revision = served.the("smrev", "imdb.1")
    wanted = revision["spec"]["registry"]["version"]
    registered = f"{served.namespace}.imdb"
    eventually("the alias follows what serves", lambda: tracking.champion(registered) == wanted, 30)


def test_a_label_trained_before_is_known_again_after_everything_was_deleted(served: Shop) -> None:
    served.kubectl("delete", "smod", "imdb")
    eventually("the children are gone", lambda: not served.of("deployments,services,jobs,smrev", "imdb"), 60)
    served.apply(model())
    served.is_ready("imdb", "1")
    assert served.jobs() == set()


def test_the_same_recipe_under_another_label_reuses_the_same_model(served: Shop) -> None:
    served.patch("smod", "imdb", {"spec": {"version": "again"}})
    served.is_ready("imdb", "again")
    first, again = served.the("smrev", "imdb.1"), served.the("smrev", "imdb.again")
    assert first["spec"]["artifactDigest"] == again["spec"]["artifactDigest"]
    assert first["spec"]["registry"]["version"] == again["spec"]["registry"]["version"]


def test_without_a_label_the_recipe_is_followed(served: Shop) -> None:
    served.patch("smod", "imdb", {"spec": {"version": None}})

    def label() -> str | None:
        wanted: str = served.the("smod", "imdb")["status"]["wantedVersion"]
        return wanted if wanted.startswith("r") else None

    served.is_ready("imdb", eventually("a label of the recipe is wanted", label, 20))


def test_a_forest_is_served_too_and_reached_from_outside(shop: Shop) -> None:
    training = {"preset": "Fast", "parameters": {"classifier": "RandomForest", "trees": 20}}
    shop.apply(model("forest", training=training, serving={"serviceType": "NodePort"}))
    shop.is_ready("forest", "1")
    service = shop.the("service", "forest")
    port = next(entry["nodePort"] for entry in service["spec"]["ports"] if entry["name"] == "http")
    node = CLUSTER.kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.addresses[0].address}")
    answer, _ = shop.ask(f"{node}:{port}", "a wonderful film, I loved it")
    assert (answer["sentiment"], answer["version"]) == ("positive", "1")


def test_a_namespace_ends_while_a_model_trains_in_it() -> None:
    shop = open_shop(f"e2e-{secrets.token_hex(4)}")
    shop.apply(model())
    eventually("a training runs", shop.jobs, 30)
    close_shop(shop)
    eventually("the namespace is gone", lambda: gone(shop.namespace), 180)

"""What is deleted or bent by hand comes back within seconds, and what belongs to others is left alone."""

from typing import Any

import pytest

from tests.e2e.shop import CHILDREN, Shop, model
from tests.support.eventually import eventually

pytestmark = pytest.mark.e2e
SECONDS = 10
INSTANCE, NAME = "app.kubernetes.io/instance", "app.kubernetes.io/name"


@pytest.fixture(scope="module")
def autoscaled(shop: Shop) -> Shop:
    """A model with every kind of child."""
    shop.apply(model(serving={"autoscaling": {"minReplicas": 2, "maxReplicas": 3}}))
    shop.is_ready("imdb", "1")
    return shop


@pytest.mark.parametrize("kind", ["deployment", "service", "hpa", "pdb", "networkpolicy", "serviceaccount"])
def test_a_deleted_child_comes_back(autoscaled: Shop, kind: str) -> None:
    before = autoscaled.the(kind, "imdb")
    autoscaled.kubectl("delete", kind, "imdb", "--wait=false")

    def is_back() -> bool:
        found = autoscaled.get(kind, "imdb")
        return found is not None and found["metadata"]["uid"] != before["metadata"]["uid"]

    eventually(f"{kind} is back", is_back, SECONDS)
    autoscaled.is_ready("imdb", "1")


@pytest.mark.parametrize(
    ("kind", "change", "path"),
    [
        (
            "service",
            {"spec": {"selector": {INSTANCE: "other"}}},
            ("spec", "selector", INSTANCE),
        ),
        ("hpa", {"spec": {"maxReplicas": 9}}, ("spec", "maxReplicas")),
        ("pdb", {"spec": {"maxUnavailable": 2}}, ("spec", "maxUnavailable")),
        ("deployment", {"spec": {"progressDeadlineSeconds": 7}}, ("spec", "progressDeadlineSeconds")),
        (
            "deployment",
            {"metadata": {"labels": {NAME: "other"}}},
            ("metadata", "labels", NAME),
        ),
    ],
    ids=["service selector", "autoscaler", "disruption budget", "deployment", "own label"],
)
def test_a_bent_child_is_straightened(
    autoscaled: Shop, kind: str, change: dict[str, Any], path: tuple[str, ...]
) -> None:
    def value() -> Any:
        found: Any = autoscaled.the(kind, "imdb")
        for part in path:
            found = found[part]
        return found

    before = value()
    autoscaled.patch(kind, "imdb", change)
    eventually(f"{kind} is as before", lambda: value() == before, SECONDS)


def test_foreign_labels_and_annotations_stay(autoscaled: Shop) -> None:
    autoscaled.kubectl("label", "deployment", "imdb", "team=reviews")
    autoscaled.kubectl("annotate", "service", "imdb", "note=ours")
    autoscaled.patch("hpa", "imdb", {"spec": {"maxReplicas": 8}})
    eventually(
        "the autoscaler is as before", lambda: autoscaled.the("hpa", "imdb")["spec"]["maxReplicas"] == 3, SECONDS
    )
    deployment, service = autoscaled.the("deployment", "imdb"), autoscaled.the("service", "imdb")
    assert deployment["metadata"]["labels"]["team"] == "reviews"
    assert service["metadata"]["annotations"]["note"] == "ours"


def test_a_foreign_object_under_the_name_is_neither_taken_nor_harmed(shop: Shop) -> None:
    foreign = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "taken", "labels": {"team": "others"}},
        "spec": {"ports": [{"port": 1234}], "selector": {"app": "others"}},
    }
    shop.apply(foreign)
    before = shop.the("service", "taken")
    shop.apply(model("taken"))
    found = shop.becomes("taken", "Stalled", "NameTaken")
    assert "Service taken" in found["message"]
    after = shop.the("service", "taken")
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    shop.kubectl("delete", "service", "taken")
    shop.is_ready("taken", "1")


def test_deleting_a_model_removes_what_belongs_to_it(shop: Shop) -> None:
    shop.kubectl("delete", "smod", "taken", "--timeout=30s")
    eventually("no children are left", lambda: not shop.of(CHILDREN, "taken"), 90)

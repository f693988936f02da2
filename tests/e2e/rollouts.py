"""A model on its way from one version to another, on the real cluster: what there is of it, and that it left nothing."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from tests.e2e.shop import MORE, Manifest, Shop, data, model
from tests.e2e.traffic import Traffic
from tests.support.eventually import eventually

PODS = 2
LEAST = {"requests": {"cpu": "50m", "memory": "96Mi"}}


def serve_1(shop: Shop) -> None:
    """Model `imdb` serves version 1 with two pods."""
    shop.apply(model(serving={"replicas": PODS, "resources": LEAST}))
    shop.is_ready("imdb", "1")


@contextmanager
def left_at_1(shop: Shop) -> Generator[Shop]:
    """Whatever is done, version 1 serves afterwards, and nothing else is left."""
    yield shop
    shop.patch("smod", "imdb", {"spec": {"version": "1", "serving": {"replicas": PODS}}})
    shop.is_ready("imdb", "1")
    assert_nothing_left(shop)


def want(shop: Shop, version: str, rollout: Manifest, path: str = MORE, **training: Any) -> None:
    """Ask for a version; `training` are parameters that tell its model from others."""
    change: Manifest = {
        "version": version,
        "rollout": {"analysis": None, "onFailure": None, **rollout},
        "data": data(path),
    }
    if training:
        change["training"] = {"parameters": training}
    shop.patch("smod", "imdb", {"spec": change})


def versions(shop: Shop, component: str = "server") -> dict[str, str]:
    """Version by name of every pod that is not ending."""
    pods = shop.every("pods", f"app.kubernetes.io/instance=imdb,app.kubernetes.io/component={component}")
    return {
        pod["metadata"]["name"]: pod["metadata"]["labels"]["rottenpotatoes.com/version"]
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
    }


def candidates(shop: Shop, version: str, component: str = "server") -> set[str]:
    """Names of the pods of a version."""
    return {name for name, of in versions(shop, component).items() if of == version}


def progress(shop: Shop) -> Manifest:
    """What the status tells of the rollout that runs; empty while none does."""
    return shop.the("smod", "imdb").get("status", {}).get("rollout") or {}


def assert_nothing_left(shop: Shop) -> None:
    """No candidate is there, nor anything that was there for it."""
    for kind in ("deployment", "service", "configmap"):
        assert shop.get(kind, "imdb-candidate") is None
    eventually("no shadow is left", lambda: not versions(shop, "shadow"), 60)
    assert "rottenpotatoes.com/version" not in shop.the("service", "imdb")["spec"]["selector"]
    assert not shop.the("deployment", "imdb")["spec"].get("paused")


def assert_unnoticed(told: Traffic) -> None:
    """No user noticed anything."""
    assert not told.failures(), told.failures()[:5]

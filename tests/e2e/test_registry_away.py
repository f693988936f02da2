"""MLflow is away: what serves goes on serving, also after a restart, and only who needs MLflow now says so."""

import pytest

from tests.e2e import node
from tests.e2e.shop import MORE, Manifest, Shop, data, model, scale
from tests.support.eventually import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.exclusive]


def test_serving_goes_on_and_work_resumes(served: Shop) -> None:
    served.apply(model("idle"))
    served.is_ready("idle", "1")
    scale("mlflow", 0)
    try:
        restart_server(served)
        assert served.predict("imdb")[0]["version"] == "1"
        served.patch("smod", "imdb", {"spec": {"version": "2", "data": data(MORE)}})
        found = served.becomes("imdb", "DependenciesReady", "RegistryUnreachable", status="False")
        assert "mlflow" in found["message"]
        assert served.condition("imdb", "Ready")["status"] == "False"
        assert served.condition("imdb", "Stalled")["status"] == "False"
        assert served.condition("imdb", "Available")["status"] == "True"
        assert served.condition("idle", "Ready")["status"] == "True"
        assert served.predict("imdb")[0]["version"] == "1"
    finally:
        scale("mlflow", 1)
    served.is_ready("imdb", "2")


def restart_server(shop: Shop) -> None:
    """End the server's process: the kubelet starts the container anew."""

    def restarts() -> int:
        return only_server(shop)["status"]["containerStatuses"][0]["restartCount"]

    before = restarts()
    node.kill(only_server(shop), "sentiment-server")
    eventually("the container was restarted", lambda: restarts() > before, 60)
    shop.kubectl("wait", "--for=condition=Ready", f"pod/{only_server(shop)['metadata']['name']}", "--timeout=60s")


def only_server(shop: Shop) -> Manifest:
    (pod,) = shop.servers("imdb")
    return pod

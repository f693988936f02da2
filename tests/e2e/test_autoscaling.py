"""The autoscaler of the cluster on real CPU figures: it alone sets the number of pods, and the operator bears it."""

import pytest

from tests.e2e.audit import Audit
from tests.e2e.shop import Shop, model
from tests.e2e.traffic import traffic
from tests.support.eventually import eventually, never

pytestmark = pytest.mark.e2e
AUTOSCALED = {
    "resources": {"requests": {"cpu": "50m"}},
    "autoscaling": {"minReplicas": 1, "maxReplicas": 3, "targetCPUUtilizationPercent": 50},
}


def replicas(shop: Shop) -> int:
    return shop.the("deployment", "imdb")["spec"]["replicas"]


@pytest.mark.timeout(600)
def test_load_scales_out_and_back_and_the_operator_keeps_out_of_it(shop: Shop) -> None:
    shop.apply(model(serving=AUTOSCALED))
    shop.is_ready("imdb", "1")
    eventually("the autoscaler has figures", lambda: scaling(shop).get("ScalingActive") == "True", 120)
    # On a busy machine the start of a pod may look like load for a while.
    eventually("there is one pod", lambda: replicas(shop) == 1, 120)
    audit = Audit()
    with traffic(shop.address("imdb"), per_second=100) as told:
        eventually("there are more pods", lambda: replicas(shop) > 1, 120)
        # An edit of something else makes the operator apply the Deployment while there is more than one pod.
        shop.patch("smod", "imdb", {"spec": {"serving": {"autoscaling": {"targetCPUUtilizationPercent": 51}}}})
        shop.kubectl("label", "deployment", "imdb", "app.kubernetes.io/name-")
        eventually("the operator applied it", lambda: applied(shop), 10)
        never("the operator took pods away", lambda: replicas(shop) < 2, 10)
    assert not told.failures()
    eventually("there is one pod again", lambda: replicas(shop) == 1, 180)
    scaled = [
        write for write in audit.writes() if write.namespace == shop.namespace and write.resource == "deployments/scale"
    ]
    assert not scaled


def test_switching_it_off_and_on_makes_no_dip(shop: Shop) -> None:
    shop.patch("smod", "imdb", {"spec": {"serving": {"autoscaling": {"minReplicas": 2}}}})
    eventually("there are two pods", lambda: replicas(shop) == 2, 60)
    shop.is_ready("imdb", "1")
    with traffic(shop.address("imdb"), per_second=25) as told:
        shop.patch("smod", "imdb", {"spec": {"serving": {"autoscaling": None, "replicas": 2}}})
        eventually("the autoscaler is gone", lambda: shop.get("hpa", "imdb") is None, 20)
        never("pods were taken away", lambda: replicas(shop) < 2, 5)
        shop.patch("smod", "imdb", {"spec": {"serving": {"autoscaling": {"minReplicas": 2}, "replicas": None}}})
        eventually("the autoscaler is back", lambda: shop.get("hpa", "imdb"), 20)
        never("pods were taken away", lambda: replicas(shop) < 2, 10)
    assert not told.failures()
    shop.is_ready("imdb", "1")


def applied(shop: Shop) -> bool:
    """Whether the label that was taken away is there again."""
    return "app.kubernetes.io/name" in shop.the("deployment", "imdb")["metadata"]["labels"]


def scaling(shop: Shop) -> dict[str, str]:
    """Conditions of the autoscaler."""
    status = shop.the("hpa", "imdb").get("status", {})
    return {entry["type"]: entry["status"] for entry in status.get("conditions", [])}

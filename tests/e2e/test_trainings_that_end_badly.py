"""Trainings that the cluster ends: out of memory, out of time, or moved away."""

from typing import Any

import pytest

from tests.e2e.shop import Manifest, Shop, model
from tests.support.eventually import eventually

pytestmark = pytest.mark.e2e


def training(limits: dict[str, str], **more: Any) -> Manifest:
    return {"preset": "Fast", "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": limits}, **more}


def test_out_of_memory_is_called_so(shop: Shop) -> None:
    shop.apply(model("small", training=training({"memory": "100Mi"}, backoffLimit=0)))
    found = shop.becomes("small", "Stalled", "OOMKilled")
    assert "memory" in found["message"]
    shop.patch("smod", "small", {"spec": {"training": {"resources": {"limits": {"memory": "1Gi"}}}}})
    shop.kubectl("annotate", "smod", "small", "rottenpotatoes.com/retry=more-memory")
    shop.is_ready("small", "1")


@pytest.mark.campaign
def test_out_of_time_is_called_so(shop: Shop) -> None:
    shop.apply(model("slow", training=training({"cpu": "20m", "memory": "1Gi"}, activeDeadlineSeconds=30)))
    found = shop.becomes("slow", "Stalled", "DeadlineExceeded")
    assert "activeDeadlineSeconds" in found["message"]


def test_an_evicted_training_starts_again_and_is_not_counted(shop: Shop) -> None:
    slowly = training({"cpu": "200m", "memory": "1Gi"}, backoffLimit=0)
    shop.apply(model("moved", training=slowly))

    def running() -> list[str]:
        pods = shop.every("pods", "app.kubernetes.io/instance=moved,batch.kubernetes.io/job-name")
        return [pod["metadata"]["name"] for pod in pods if pod["status"]["phase"] == "Running"]

    pod = eventually("its training runs", running, 60)[0]
    shop.evict(pod)
    eventually("another pod runs", lambda: [name for name in running() if name != pod], 60)
    shop.is_ready("moved", "1", seconds=240)
    assert len([job for job in shop.jobs() if job.startswith("moved-train-")]) == 1
    assert shop.the("smod", "moved")["status"]["training"]["attempt"] == 1

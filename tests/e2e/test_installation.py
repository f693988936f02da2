"""The chart goes and comes back: models go on serving, can be deleted meanwhile, and nothing is trained again."""

import pytest

from demo.installation import CHART, RELEASE, install
from demo.installation import NAMESPACE as SYSTEM
from local_cluster import Cluster
from local_cluster.commands import run
from tests.e2e.audit import pod_security_remarks
from tests.e2e.shop import CHILDREN, CLUSTER, Shop, model, operator_setting
from tests.e2e.traffic import traffic
from tests.support.eventually import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.exclusive]


def pods(shop: Shop) -> set[str]:
    """Uids of the serving pods."""
    return {pod["metadata"]["uid"] for pod in shop.servers("imdb")}


@pytest.mark.campaign
def test_models_survive_an_uninstall_and_are_not_trained_again(served: Shop) -> None:
    served.apply(model("other"))
    served.is_ready("other", "1")
    before, jobs = pods(served), served.jobs()
    CLUSTER.helm("uninstall", RELEASE, "-n", SYSTEM, "--wait")
    try:
        assert served.predict("imdb")[0]["version"] == "1"
        served.kubectl("delete", "smod", "other", "--timeout=20s")
        eventually("its children are gone", lambda: not served.of(CHILDREN, "other"), 90)
    finally:
        install(CLUSTER)
    served.is_ready("imdb", "1")
    assert pods(served) == before
    assert served.jobs() <= jobs
    served.patch("smod", "imdb", {"spec": {"version": "after"}})
    served.is_ready("imdb", "after")


def test_an_upgrade_changes_the_servers_without_a_dip_and_trains_nothing(served: Shop) -> None:
    jobs, version = served.jobs(), served.the("smod", "imdb")["status"]["servingVersion"]
    image = operator_setting("SENTIMENT_SERVER_IMAGE")
    newer = f"{image}-newer"
    socket = Cluster.named(CLUSTER.name).settings.containerd_socket
    run("ctr", "--address", socket, "--namespace", "k8s.io", "images", "tag", "--force", image, newer)
    tag = newer.rpartition(":")[2]
    with traffic(served.address("imdb")) as told:
        upgrade = (
            "upgrade",
            RELEASE,
            CHART,
            "-n",
            SYSTEM,
            "--reuse-values",
            "--set",
            f"image.server.tag={tag}",
            "--wait",
        )
        CLUSTER.helm(*upgrade)
        eventually("the servers are the new ones", lambda: images(served) == {newer}, 120)
        served.is_ready("imdb", version)
    assert not told.failures()
    assert served.jobs() == jobs
    install(CLUSTER)
    eventually("the servers are the old ones", lambda: images(served) == {image}, 120)


def images(shop: Shop) -> set[str]:
    """Images of the serving pods."""
    return {container["image"] for pod in shop.servers("imdb") for container in pod["spec"]["containers"]}


def test_everything_passes_the_restricted_standard_without_a_warning(served: Shop) -> None:
    remarks = pod_security_remarks()
    namespaces = {namespace for namespace, _ in remarks}
    assert {served.namespace, SYSTEM} <= namespaces
    assert all("enforce-policy" in remark for _, remark in remarks), [one for one in remarks if "enforce" not in one[1]]

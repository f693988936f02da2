"""The chart goes and comes back: models go on serving, can be deleted meanwhile, and nothing is trained again."""

import pytest

from demo.installation import NAMESPACE as SYSTEM
from demo.installation import RELEASE, install
from tests.e2e.audit import pod_security_remarks
from tests.e2e.shop import CLUSTER, Shop, model
from tests.support.eventually import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.exclusive]
CHILDREN = "deployments,replicasets,services,networkpolicies,serviceaccounts,jobs,pods,smrev"
SELECTOR = "app.kubernetes.io/instance=imdb"


def pods(shop: Shop) -> set[str]:
    """Uids of the serving pods."""
    return {pod["metadata"]["uid"] for pod in shop.every("pods", f"{SELECTOR},app.kubernetes.io/component=server")}


def test_models_survive_an_uninstall_and_are_not_trained_again(served: Shop) -> None:
    served.apply(model("other"))
    served.is_ready("other", "1")
    before, jobs = pods(served), served.jobs()
    CLUSTER.helm("uninstall", RELEASE, "-n", SYSTEM, "--wait")
    try:
        assert served.predict("imdb")[0]["version"] == "1"
        served.kubectl("delete", "smod", "other", "--timeout=20s")
        other = "app.kubernetes.io/instance=other"
        eventually("its children are gone", lambda: not served.every(CHILDREN, other), 90)
    finally:
        install(CLUSTER)
    served.is_ready("imdb", "1")
    assert pods(served) == before
    assert served.jobs() <= jobs
    served.patch("smod", "imdb", {"spec": {"version": "after"}})
    served.is_ready("imdb", "after")


def test_everything_passes_the_restricted_standard_without_a_warning(served: Shop) -> None:
    remarks = pod_security_remarks()
    namespaces = {namespace for namespace, _ in remarks}
    assert {served.namespace, SYSTEM} <= namespaces
    assert all("enforce-policy" in remark for _, remark in remarks), [one for one in remarks if "enforce" not in one[1]]

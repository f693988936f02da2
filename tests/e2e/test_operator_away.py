"""The operator is away or comes back: nothing hangs, nothing is lost, and nothing is written without need."""

import secrets

import pytest

from demo.installation import NAMESPACE as SYSTEM
from demo.installation import RELEASE
from tests.e2e import objects
from tests.e2e.audit import Audit
from tests.e2e.shop import CHILDREN, CLUSTER, Shop, close_shop, gone, model, open_shop, scale
from tests.support.eventually import eventually, never

pytestmark = [pytest.mark.e2e, pytest.mark.exclusive]


def others_are_gone(namespace: str) -> bool:
    """Whether the namespaces of tests before this one are gone, and their models with them."""
    return {model["metadata"]["namespace"] for model in objects.every("", "smod")} <= {namespace}


def test_a_restart_and_a_quiet_time_write_nothing(served: Shop) -> None:
    quiet_after_a_restart(served, seconds=30)


@pytest.mark.campaign
@pytest.mark.timeout(600)
def test_a_restart_and_five_quiet_minutes_write_nothing(served: Shop) -> None:
    quiet_after_a_restart(served, seconds=300)


def quiet_after_a_restart(served: Shop, seconds: float) -> None:
    eventually("the models of other tests are gone", lambda: others_are_gone(served.namespace), 120)
    scale(RELEASE, 0)
    audit = Audit()
    scale(RELEASE, 1)
    never("the operator wrote", audit.writes, seconds)
    served.kubectl("delete", "service", "imdb")
    eventually("it is awake all the same", audit.writes, 10)
    eventually("the Service that came back answers", lambda: served.answers("imdb", "1"), 30)


def test_serving_goes_on_and_an_edit_waits(served: Shop) -> None:
    scale(RELEASE, 0)
    try:
        served.patch("smod", "imdb", {"spec": {"serving": {"replicas": 2}}})
        assert served.predict("imdb")[0]["version"] == "1"
    finally:
        scale(RELEASE, 1)
    eventually("the edit is done", lambda: served.the("deployment", "imdb")["spec"]["replicas"] == 2, 30)
    served.is_ready("imdb", "1")


def test_a_model_deleted_meanwhile_takes_its_children_along(served: Shop) -> None:
    scale(RELEASE, 0)
    try:
        served.kubectl("delete", "smod", "imdb", "--timeout=20s")
        eventually("its children are gone", lambda: not served.of(CHILDREN, "imdb"), 90)
    finally:
        scale(RELEASE, 1)


@pytest.mark.campaign
def test_a_namespace_ends() -> None:
    shop = open_shop(f"e2e-{secrets.token_hex(4)}")
    shop.apply(model())
    eventually("a training runs", shop.jobs, 30)
    scale(RELEASE, 0)
    try:
        close_shop(shop)
        eventually("the namespace is gone", lambda: gone(shop.namespace), 120)
    finally:
        scale(RELEASE, 1)


@pytest.mark.campaign
def test_two_operators_share_the_work_by_the_lease(served: Shop) -> None:
    served.apply(model())
    scale(RELEASE, 2)
    try:
        served.is_ready("imdb", "1")
        holder = leader()
        CLUSTER.kubectl("-n", SYSTEM, "delete", "pod", holder, "--wait=false")

        eventually("the other one leads", lambda: leader() not in ("", holder), 40)
        served.kubectl("delete", "networkpolicy", "imdb")
        eventually("and works", lambda: served.get("networkpolicy", "imdb") is not None, 20)
    finally:
        scale(RELEASE, 1)


def leader() -> str:
    """Name of the pod that leads, empty while none does."""
    return Shop(SYSTEM).the("lease", RELEASE)["spec"].get("holderIdentity") or ""

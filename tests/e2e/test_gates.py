"""No bad version reaches users: it is compared with what serves, on reviews that neither has learnt from."""

import shlex
from typing import Any

import pytest

from local_cluster.commands import run
from local_cluster.console import ClusterError
from tests.e2e import tracking
from tests.e2e.shop import CLUSTER, MORE, Manifest, Shop, data, model
from tests.support.eventually import never

pytestmark = pytest.mark.e2e
NO_WORSE = {"name": "no-worse", "metric": "accuracy", "compareWith": "Serving", "maxDecrease": "0.03"}
DEVELOPER, APPROVER = "dev@example.org", "ana@example.org"


@pytest.fixture(scope="module")
def gated(shop: Shop) -> Shop:
    """Model `imdb` serves version 1 and lets nothing through that is worse."""
    shop.apply(model(gates=[NO_WORSE]))
    shop.is_ready("imdb", "1")
    return shop


def change(shop: Shop, **spec: Any) -> None:
    shop.patch("smod", "imdb", {"spec": spec})


def evidence(shop: Shop, version: str) -> Manifest:
    """The latest that a gate came to."""
    found: list[Manifest] = shop.the("smrev", f"imdb.{version}")["status"]["gates"]
    return found[-1]


def test_the_first_version_has_nothing_to_be_compared_with(gated: Shop) -> None:
    assert evidence(gated, "1")["verdict"] == "Passed"
    assert gated.the("smod", "imdb")["status"]["gatesSummary"] == "1/1"


# Nothing is wrong with what few.csv says: there is too little of it to learn from.
@pytest.mark.parametrize("bad", ["few.csv", pytest.param("noisy.csv", marks=pytest.mark.campaign), "flipped.csv"])
def test_a_worse_version_is_refused_with_both_figures(gated: Shop, bad: str) -> None:
    version = bad.removesuffix(".csv")
    template = gated.the("deployment", "imdb")["spec"]["template"]
    change(gated, version=version, data=data(bad))
    message = gated.becomes("imdb", "GatesPassed", "GateFailed", "False")["message"]
    found = evidence(gated, version)
    assert found["value"] in message
    assert found["baselineValue"] in message
    assert f"with 95 % confidence the difference is at least {found['low']}" in message
    assert float(found["low"]) < float(found["value"]) - float(found["baselineValue"]) < -0.03
    assert found["samples"] >= 30
    assert gated.condition("imdb", "Stalled")["status"] == "True"
    assert gated.the("deployment", "imdb")["spec"]["template"] == template
    assert gated.predict("imdb")[0]["version"] == "1"


def test_going_back_to_what_served_compares_nothing(gated: Shop) -> None:
    before = gated.jobs()
    change(gated, version="1")
    gated.is_ready("imdb", "1", 30)
    assert gated.jobs() <= before


def test_a_better_version_is_let_through(gated: Shop) -> None:
    change(gated, version="2", data=data(MORE))
    gated.is_ready("imdb", "2")
    assert evidence(gated, "2")["verdict"] == "Passed"
    assert evidence(gated, "2")["baselineVersion"] == "1"


# People


def as_user(user: str) -> list[str]:
    return [f"--as={user}", "--as-group=system:authenticated"]


@pytest.fixture(scope="module")
def guarded(gated: Shop) -> Shop:
    """Version 2 serves, and from now on a person has to agree to anything else."""
    gated.is_ready("imdb", "2")
    for user, role in ((DEVELOPER, "developer"), (APPROVER, "approver")):
        gated.kubectl("create", "rolebinding", role, f"--clusterrole=sentiment-operator-{role}", f"--user={user}")
    change(gated, gates=None, promotion={"approval": {"policy": "Manual"}})
    gated.is_ready("imdb", "2")
    return gated


def test_a_new_version_waits_for_a_person_and_says_what_to_type(guarded: Shop) -> None:
    guarded.kubectl(
        "patch", "smod", "imdb", "--type=merge", "-p", '{"spec":{"version":"3","training":{"parameters":{"seed":7}}}}',
        *as_user(DEVELOPER),
    )  # fmt: skip
    guarded.kubectl("wait", "--for=condition=AwaitingApproval", "smod/imdb", "--timeout=120s")
    never("version 3 serves", lambda: guarded.answers("imdb", "3"), 3)


def test_who_may_not_approve_is_told_so(guarded: Shop) -> None:
    with pytest.raises(ClusterError, match=r"(?i)forbidden|may not"):
        approve(guarded, DEVELOPER)


def test_what_the_message_says_to_type_lets_the_version_through(guarded: Shop) -> None:
    approve(guarded, APPROVER)
    guarded.is_ready("imdb", "3", 60)
    (answer,) = guarded.the("smrev", "imdb.3")["status"]["approvals"]
    assert (answer["approvedBy"], answer["decision"]) == (APPROVER, "Approve")


def test_taking_the_approval_away_unrolls_nothing(guarded: Shop) -> None:
    guarded.kubectl("delete", "smap", "--all")
    never("version 3 left", lambda: guarded.the("smod", "imdb")["status"]["servingVersion"] != "3", 3)


def approve(shop: Shop, user: str) -> None:
    """Type the command of the message, as that user."""
    message = shop.condition("imdb", "AwaitingApproval")["message"]
    command = message.partition("Next: ")[2]
    assert command.startswith("kubectl")
    run("bash", "-c", f'kubectl() {{ {shlex.join(CLUSTER.command(*as_user(user)))} "$@"; }}; {command}')


def test_the_report_of_a_comparison_stands_in_mlflow(gated: Shop) -> None:
    run_id = gated.the("smrev", "imdb.2")["spec"]["registry"]["runID"]
    files = tracking.ask("artifacts/list", run_id=run_id, path="comparisons/1")["files"]
    assert {"comparisons/1/report.md", "comparisons/1/difference.png"} <= {entry["path"] for entry in files}

"""What a version has to pass before it serves: with a real API server between the operator and what it remembers."""

import asyncio
from typing import Any

import pytest
from kubernetes.aio import config
from kubernetes.aio.client import Configuration

from sentiment_contract.gates import Compared, ComparisonOrder, Figures
from sentiment_contract.names import VERSION_LABEL
from sentiment_operator.cluster.api_server import ApiServer
from sentiment_operator.cluster.errors import Stale
from sentiment_operator.cluster.kube import Kube
from sentiment_operator.kinds import REVISION
from tests.integration.operator.conftest import Shop
from tests.integration.operator.operator_process import OperatorProcess
from tests.integration.operator.played_node import AUTHOR
from tests.support.api_server import Manifest
from tests.support.eventually import eventually

NO_WORSE = {"name": "no-worse", "metric": "f1", "compareWith": "Serving", "maxDecrease": "0.01"}
ACCURATE = {"name": "accurate", "metric": "accuracy", "threshold": "0.9"}
MANUAL = {"approval": {"policy": "Manual"}}
RETRY = "rottenpotatoes.com/retry"


def worse(order: ComparisonOrder) -> Compared:
    """The candidate gets more reviews wrong."""
    figures = {"value": "0.8", "baseline_value": "0.9", "low": "-0.12", "high": "-0.08", "samples": 2000}
    return Compared(figures=tuple(Figures(gate=gate.name, **figures) for gate in order.gates))


def wants_another(shop: Shop, **spec: Any) -> None:
    """Version 2, trained otherwise than version 1."""
    shop.patch("smod", "imdb", {"spec": {"version": "2", "training": {"parameters": {"seed": 7}}, **spec}})


def goes_back_to(shop: Shop, version: str) -> None:
    shop.patch("smod", "imdb", {"spec": {"version": version}})
    shop.ready(version=version)


def revision(shop: Shop, version: str) -> Manifest:
    body = shop.get("smrev", f"imdb.{version}")
    assert body is not None
    return body


def deployed(shop: Shop) -> tuple[str, int]:
    """The version of the Deployment's template, and how often the Deployment was written to."""
    body = shop.get("deployment", "imdb") or {}
    return body["spec"]["template"]["metadata"]["labels"][VERSION_LABEL], body["metadata"]["generation"]


def comparisons(shop: Shop) -> list[str]:
    return [name for name in shop.names("job") if name.startswith("imdb-gate-")]


def told(shop: Shop, reason: str) -> int:
    """How many Events there are of that reason."""
    events: list[Manifest] = shop.api.request("GET", shop.path("event")).body["items"]
    return sum(event["reason"] == reason for event in events)


def test_what_is_worse_than_what_serves_does_not_replace_it_until_it_is_no_longer(
    shop: Shop, operator: OperatorProcess
) -> None:
    shop.node.compares = worse
    shop.a_model(version="1")
    shop.ready(version="1")
    before = deployed(shop)
    wants_another(shop, gates=[ACCURATE, NO_WORSE])
    shop.wait("imdb", "GatesPassed", "False", "GateFailed")
    shop.wait("imdb", "Stalled", "True", "GateFailed")
    eventually("nothing happens any more", operator.is_quiet)
    (order,) = shop.node.compared
    assert_asked(shop, order)
    assert len(comparisons(shop)) == 1
    assert (deployed(shop), told(shop, "GateFailed")) == (before, 1)
    assert [(gate["name"], gate["verdict"]) for gate in revision(shop, "2")["status"]["gates"]] == [
        ("accurate", "Passed"),
        ("no-worse", "Failed"),
    ]
    answering = shop.node.predict("imdb")
    assert answering is not None
    assert answering[0] == "1"

    shop.node.compares = better
    shop.patch("smod", "imdb", {"metadata": {"annotations": {RETRY: "now"}}})
    shop.ready(version="2")
    for version in ("1", "2"):
        goes_back_to(shop, version)
    assert len(shop.node.compared) == 2
    eventually("its record is complete", lambda: len(revision(shop, "2")["status"].get("serving", [])) == 2)
    assert [gate["verdict"] for gate in revision(shop, "2")["status"]["gates"]] == ["Passed", "Failed", "Passed"]
    assert (shop.get("smod", "imdb") or {})["status"]["gatesSummary"] == "2/2"


def better(order: ComparisonOrder) -> Compared:
    """The candidate gets more reviews right."""
    figures = {"value": "0.93", "baseline_value": "0.9", "low": "0.02", "high": "0.04", "samples": 2000}
    return Compared(figures=tuple(Figures(gate=gate.name, **figures) for gate in order.gates))


def assert_asked(shop: Shop, order: ComparisonOrder) -> None:
    """The comparison is between exactly these two, for the gate that needs one."""
    assert order.baseline is not None
    for contestant in (order.candidate, order.baseline):
        recorded = revision(shop, contestant.version)["spec"]
        assert contestant.artifact_digest == recorded["artifactDigest"]
        assert contestant.registry_version == recorded["registry"]["version"]
    assert (order.candidate.version, order.baseline.version) == ("2", "1")
    assert [gate.name for gate in order.gates] == ["no-worse"]
    assert (order.registered_model, order.tracking_url) == (f"{shop.namespace}.imdb", shop.mlflow.url)


def test_a_version_waits_for_a_person_and_needs_them_once(shop: Shop, operator: OperatorProcess) -> None:
    shop.a_model(version="1")
    shop.ready(version="1")
    before = deployed(shop)
    wants_another(shop, promotion=MANUAL)
    shop.wait("imdb", "AwaitingApproval", "True", "ApprovalRequested")
    eventually("nothing happens any more", operator.is_quiet)
    assert (deployed(shop), told(shop, "ApprovalRequested")) == (before, 1)
    shop.wait("imdb", "Reconciling", "False")
    shop.wait("imdb", "Stalled", "False")

    shop.create("smap", an_approval(revision(shop, "1")["spec"]["artifactDigest"], name="of-other-bytes"))
    eventually("nothing happens any more", operator.is_quiet)
    assert deployed(shop) == before
    shop.create("smap", an_approval(revision(shop, "2")["spec"]["artifactDigest"], name="yes"))
    shop.ready(version="2")
    eventually("nothing happens any more", operator.is_quiet)
    for name in shop.names("smap"):
        shop.delete("smap", name)
    standing = shop.versions_of_everything()
    eventually("nothing happens any more", operator.is_quiet)
    assert shop.versions_of_everything() == standing
    for version in ("1", "2"):
        goes_back_to(shop, version)
    status = revision(shop, "2")["status"]
    assert [(answer["approvedBy"], answer["decision"]) for answer in status["approvals"]] == [("ana", "Approve")]
    assert (comparisons(shop), shop.condition("imdb", "AwaitingApproval")) == ([], ("False", "Approved"))


def test_who_wrote_the_commit_is_none_of_those_who_let_its_version_serve(shop: Shop, operator: OperatorProcess) -> None:
    shop.a_model(version="1")
    shop.ready(version="1")
    before = deployed(shop)
    separate = {"approval": {"policy": "Manual", "separationOfDuties": "Required"}, "requestedBy": "dana"}
    wants_another(shop, promotion=separate)
    shop.wait("imdb", "AwaitingApproval", "True", "ApprovalRequested")
    digest = revision(shop, "2")["spec"]["artifactDigest"]
    shop.create("smap", an_approval(digest, name="own", by="oidc:Carol@example.org"))
    eventually(
        "it is said whose approval does not count",
        lambda: (
            "The approval by oidc:Carol@example.org does not count: the same person wrote commit cccccccccccc,"
            in message(shop, "AwaitingApproval")
        ),
    )
    eventually("nothing happens any more", operator.is_quiet)
    assert deployed(shop) == before
    shop.create("smap", an_approval(digest, name="other"))
    shop.ready(version="2")
    status = shop.get("smod", "imdb")
    assert status is not None
    assert status["status"]["lineage"]["gitAuthor"] == AUTHOR


def message(shop: Shop, kind: str) -> str:
    body = shop.get("smod", "imdb")
    assert body is not None
    return next(entry["message"] for entry in body["status"]["conditions"] if entry["type"] == kind)


def an_approval(digest: str, name: str, by: str = "ana") -> Manifest:
    spec = {"modelRef": {"name": "imdb"}, "version": "2", "revisionDigest": digest}
    return {
        "apiVersion": "rottenpotatoes.com/v1alpha1",
        "kind": "SentimentModelApproval",
        "metadata": {"name": name},
        "spec": spec | {"decision": "Approve", "approvedBy": by},
    }


def test_a_status_that_is_added_to_is_not_written_over_what_came_meanwhile(
    shop: Shop, operator: OperatorProcess
) -> None:
    shop.a_model(version="1")
    shop.ready(version="1")
    eventually("nothing happens any more", operator.is_quiet)
    operator.terminate()
    seen = revision(shop, "1")
    added = {**seen["status"], "serving": seen["status"]["serving"] * 2}

    async def write_twice() -> None:
        access = Configuration()
        await config.load_kube_config(str(shop.api.kubeconfig), client_configuration=access)
        async with ApiServer(access) as client:
            kube = Kube(client, lambda _: True)
            await kube.patch_status(REVISION, seen, added, unchanged=True)
            with pytest.raises(Stale):
                await kube.patch_status(REVISION, seen, {}, unchanged=True)

    asyncio.run(write_twice())
    assert revision(shop, "1")["status"] == added

"""From an applied model to what serves it, and how that is kept: against a real API server and its controllers."""

import time
from collections.abc import Iterator

import pytest

from sentiment_operator.cluster.contests import REST_SECONDS, RESTORED_TIMES
from tests.integration.operator.conftest import Shop, Start, opened, starting
from tests.integration.operator.operator_process import OperatorProcess
from tests.support.api_server import ApiServer, Manifest
from tests.support.eventually import eventually

WITH_EVERY_CHILD: Manifest = {"version": "1", "serving": {"autoscaling": {"minReplicas": 2, "maxReplicas": 4}}}
CHILDREN = ["serviceaccount", "service", "deployment", "networkpolicy", "autoscaler", "budget"]
SPOILED: dict[str, Manifest] = {
    "serviceaccount": {"automountServiceAccountToken": True},
    "service": {"spec": {"ports": [{"name": "http", "port": 81, "targetPort": 8001}]}},
    "deployment": {"spec": {"template": {"spec": {"containers": [{"name": "server", "image": "evil"}]}}}},
    "networkpolicy": {"spec": {"ingress": [{}]}},
    "autoscaler": {"spec": {"maxReplicas": 99}},
    "budget": {"spec": {"maxUnavailable": 2}},
}


def in_pod(spec: Manifest) -> Manifest:
    """A patch of the Deployment's pod template."""
    return {"spec": {"template": {"spec": spec}}}


def in_server(container: Manifest) -> Manifest:
    """A patch of the server's container."""
    return in_pod({"containers": [{"name": "server", **container}]})


ADDED: dict[str, tuple[str, Manifest]] = {
    "an env variable": ("deployment", in_server({"env": [{"name": "HTTP_PROXY", "value": "http://evil"}]})),
    "a container": ("deployment", in_pod({"containers": [{"name": "more", "image": "evil"}]})),
    "a command": ("deployment", in_server({"command": ["sh"]})),
    "a capability": ("deployment", in_server({"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}})),
    "the host's network": ("deployment", in_pod({"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"})),
    "a volume": (
        "deployment",
        in_pod({"volumes": [{"name": "host", "hostPath": {"path": "/"}}], "nodeSelector": {"a": "b"}}),
    ),
    "a pause": ("deployment", {"spec": {"paused": True}}),
    "a port": ("service", {"spec": {"ports": [{"name": "ssh", "port": 22}]}}),
    "an affinity": ("service", {"spec": {"sessionAffinity": "ClientIP"}}),
    "a narrower selector": ("service", {"spec": {"selector": {"other": "1"}}}),
    "a rule": ("networkpolicy", {"spec": {"egress": [{"ports": [{"port": 1}]}, {}]}}),
    "a source": (
        "networkpolicy",
        {"spec": {"ingress": [{"ports": [{"port": 8000}, {"port": 9000}], "from": [{"podSelector": {}}]}]}},
    ),
    "a narrower policy": ("networkpolicy", {"spec": {"podSelector": {"matchLabels": {"other": "1"}}}}),
    "a behavior": ("autoscaler", {"spec": {"behavior": {"scaleDown": {"selectPolicy": "Disabled"}}}}),
}
"""What a strategic merge patch, as of `kubectl edit`, adds to what we own."""


def field(body: Manifest, path: Manifest) -> object:
    """What the object holds where the patch would write, as far as the patch goes."""
    key, inner = next(iter(path.items()))
    return field(body[key], path[key]) if isinstance(inner, dict) else body.get(key)


@pytest.fixture
def served(shop: Shop, operator: OperatorProcess) -> Shop:
    """A model of version 1 with every kind of child, ready."""
    shop.a_model(**WITH_EVERY_CHILD)
    shop.ready(version="1")
    return shop


@pytest.fixture(scope="module")
def mended(crds: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The same for all tests that spoil it and see it mended."""
    namespace = "mended"
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    assert crds.request("POST", "/api/v1/namespaces", manifest).accepted
    with opened(crds, namespace) as shop, starting(shop, tmp_path_factory.mktemp("mended")) as start:
        start().wait_until_it_leads()
        shop.a_model(**WITH_EVERY_CHILD)
        shop.ready(version="1")
        yield shop


def test_an_applied_model_is_trained_once_recorded_and_served(served: Shop) -> None:
    assert [name for name in served.names("job") if name.startswith("imdb-train-")] == served.names("job")
    assert len(served.names("job")) == 1
    assert served.names("smrev") == ["imdb.1"]
    assert all(served.get(kind, "imdb") for kind in CHILDREN)
    assert len(served.node.trained) == 1


def test_the_aliases_in_mlflow_follow_what_serves(served: Shop) -> None:
    registered = f"{served.namespace}.imdb"
    eventually("champion is set", lambda: served.mlflow.aliases.get(registered) == {"champion": "1"})


def test_the_revision_keeps_when_it_began_to_serve(served: Shop) -> None:
    def intervals() -> list[Manifest]:
        return (served.get("smrev", "imdb.1") or {}).get("status", {}).get("serving", [])

    eventually("the interval stands in the revision", lambda: len(intervals()) == 1)


def test_transitions_are_told_as_events(served: Shop) -> None:
    def told() -> set[str]:
        answer = served.api.request("GET", served.path("event"))
        return {event["reason"] for event in answer.body["items"] if event["regarding"]["kind"] == "SentimentModel"}

    eventually("there are Events", lambda: len(told()) > 1)


@pytest.mark.parametrize("kind", CHILDREN)
def test_a_deleted_child_comes_back(mended: Shop, kind: str) -> None:
    before = mended.get(kind, "imdb")
    assert before is not None
    mended.delete(kind, "imdb")

    def is_back() -> bool:
        body = mended.get(kind, "imdb")
        return body is not None and body["metadata"]["uid"] != before["metadata"]["uid"]

    eventually(f"the {kind} is back", is_back, 10)


@pytest.mark.parametrize("kind", CHILDREN)
def test_an_edited_child_is_restored_and_labels_of_others_stay(mended: Shop, kind: str) -> None:
    before = mended.get(kind, "imdb")
    assert before is not None
    mended.patch(kind, "imdb", {**SPOILED[kind], "metadata": {"labels": {"team": "films"}}})

    def is_restored() -> bool:
        body = mended.get(kind, "imdb") or {}
        return field(body, SPOILED[kind]) == field(before, SPOILED[kind])

    eventually(f"the {kind} is as it was", is_restored, 10)
    body = mended.get(kind, "imdb")
    assert body is not None
    assert body["metadata"]["labels"]["team"] == "films"


@pytest.mark.parametrize(("kind", "addition"), ADDED.values(), ids=ADDED)
def test_what_somebody_adds_to_a_child_is_taken_away(mended: Shop, kind: str, addition: Manifest) -> None:
    before = mended.get(kind, "imdb")
    assert before is not None
    edit(mended, kind, addition)
    eventually(f"the {kind} is as it was", lambda: (mended.get(kind, "imdb") or {})["spec"] == before["spec"], 10)


def test_whoever_changes_a_child_back_at_once_is_named_and_written_against_every_ten_seconds(
    shop: Shop, operator: OperatorProcess
) -> None:
    shop.a_model(**WITH_EVERY_CHILD)
    shop.ready(version="1")
    eventually("nothing happens any more", operator.is_quiet)
    before, begun = operator.writes()["patch", "services"], time.monotonic()

    def is_told() -> bool:
        body = shop.get("service", "imdb") or {}
        if body["spec"]["sessionAffinity"] == "None":
            edit(shop, "service", {"spec": {"sessionAffinity": "ClientIP"}})
        return shop.condition("imdb", "RolledOut") == ("False", "FieldConflict")

    eventually("the conflict is told", is_told, 10)
    message = next(one for one in (shop.get("smod", "imdb") or {})["status"]["conditions"] if one["type"] == "Stalled")
    assert "kubectl-edit" in message["message"]
    written = RESTORED_TIMES + 1
    eventually(
        "it was restored once more",
        lambda: is_told() and operator.writes()["patch", "services"] >= before + written,
        20,
    )
    assert time.monotonic() - begun > REST_SECONDS
    assert operator.writes()["patch", "services"] == before + written


def edit(shop: Shop, kind: str, patch: Manifest) -> None:
    """What `kubectl edit` would send; fails where it changes nothing."""
    before = shop.get(kind, "imdb")
    answer = shop.api.request(
        "PATCH", shop.path(kind, "imdb"), patch, patch="strategic-merge-patch", fieldManager="kubectl-edit"
    )
    assert answer.accepted, answer.message
    assert before is not None
    assert answer.body["spec"] != before["spec"]


def test_an_addition_costs_one_write_and_what_others_may_set_stays(shop: Shop, operator: OperatorProcess) -> None:
    shop.a_model(**WITH_EVERY_CHILD)
    shop.ready(version="1")
    restarted = {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
    foreign: Manifest = {
        "metadata": {"annotations": {"team": "films"}},
        "spec": {"replicas": 3, "template": {"metadata": {"annotations": restarted}}},
    }
    edit(shop, "deployment", foreign)
    eventually("nothing happens any more", operator.is_quiet)
    before = operator.writes()["patch", "deployments"]
    edit(shop, "deployment", in_server({"env": [{"name": "EXTRA", "value": "1"}]}))
    eventually("it was written", lambda: operator.writes()["patch", "deployments"] > before)
    eventually("nothing happens any more", operator.is_quiet)
    assert operator.writes()["patch", "deployments"] == before + 1
    body = shop.get("deployment", "imdb") or {}
    assert body["metadata"]["annotations"]["team"] == "films"
    assert body["spec"]["replicas"] == 3
    assert restarted.items() <= body["spec"]["template"]["metadata"]["annotations"].items()


def test_a_child_whose_labels_were_taken_away_gets_them_back(mended: Shop) -> None:
    manager = "app.kubernetes.io/managed-by"
    mended.patch("service", "imdb", {"metadata": {"labels": {manager: None}}})

    def labelled() -> bool:
        body = mended.get("service", "imdb") or {}
        return body["metadata"]["labels"].get(manager) == "sentiment-operator"

    eventually("the label is back", labelled, 10)


def test_replicas_that_the_autoscaler_set_stay(mended: Shop) -> None:
    mended.patch("deployment", "imdb", {"spec": {"replicas": 3}})
    mended.delete("service", "imdb")
    eventually("the Service is back", lambda: mended.get("service", "imdb") is not None, 10)
    mended.ready()
    body = mended.get("deployment", "imdb")
    assert body is not None
    assert body["spec"]["replicas"] == 3


def test_without_an_autoscaler_replicas_are_as_written(shop: Shop, operator: OperatorProcess) -> None:
    shop.a_model(version="1", serving={"replicas": 2})

    def replicas() -> int:
        return (shop.get("deployment", "imdb") or {}).get("spec", {}).get("replicas", 0)

    eventually("two replicas", lambda: replicas() == 2)
    shop.patch("deployment", "imdb", {"spec": {"replicas": 5}})
    eventually("two replicas again", lambda: replicas() == 2, 10)


def test_switching_autoscaling_off_removes_the_autoscaler(served: Shop) -> None:
    served.patch("smod", "imdb", {"spec": {"serving": {"autoscaling": None}}})
    eventually("no autoscaler", lambda: served.get("autoscaler", "imdb") is None, 10)
    eventually("no disruption budget", lambda: served.get("budget", "imdb") is None, 10)


@pytest.mark.parametrize("kind", ["service", "serviceaccount"])
def test_a_foreign_object_of_a_childs_name_is_left_alone_and_named(
    shop: Shop, operator: OperatorProcess, kind: str
) -> None:
    manifests: dict[str, Manifest] = {
        "service": {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 4242}]}},
        "serviceaccount": {"apiVersion": "v1", "kind": "ServiceAccount"},
    }
    foreign = shop.create(kind, manifests[kind] | {"metadata": {"name": "imdb"}})
    shop.a_model(version="1")
    shop.wait("imdb", "Stalled", "True", "NameTaken")
    assert shop.get(kind, "imdb") == foreign


def test_a_name_that_its_foreign_holder_gives_up_is_taken(shop: Shop, start: Start) -> None:
    start().wait_until_it_leads()
    manifest = {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 4242}]}}
    shop.create("service", manifest | {"metadata": {"name": "imdb"}})
    shop.a_model(version="1")
    shop.wait("imdb", "Stalled", "True", "NameTaken")
    shop.delete("service", "imdb")
    shop.ready(version="1")


def test_a_deleted_model_takes_everything_with_it(served: Shop) -> None:
    served.delete("smod", "imdb")
    for kind in ("smrev", "job", "pod", *CHILDREN):
        eventually(f"no {kind} is left", lambda kind=kind: served.get(kind, "imdb") is None)
    eventually("no revision is left", lambda: served.names("smrev") == [])
    eventually("no Job is left", lambda: served.names("job") == [])


def test_a_child_that_quota_forbids_is_reported_and_made_when_there_is_room(
    shop: Shop, operator: OperatorProcess
) -> None:
    with shop.quota(services=0):
        shop.a_model(version="1")

        def is_reported() -> bool:
            conditions = (shop.get("smod", "imdb") or {}).get("status", {}).get("conditions", [])
            return any("exceeded quota" in entry.get("message", "") for entry in conditions)

        eventually("a condition names the quota", is_reported)
    shop.ready(version="1")

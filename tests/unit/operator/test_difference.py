"""When a live object already is what is desired."""

import copy
from typing import Any

import pytest

from sentiment_operator.facts.observed import Manifest
from sentiment_operator.reading.additions import overwriting
from sentiment_operator.reading.difference import is_as_desired, is_subset, quantity


@pytest.mark.parametrize(
    ("desired", "live"),
    [
        ({"a": 1}, {"a": 1, "added": "by others"}),
        ({"resources": {"requests": {"cpu": "1000m"}}}, {"resources": {"requests": {"cpu": "1"}}}),
        ({"resources": {"requests": {"cpu": "0.5"}}}, {"resources": {"requests": {"cpu": "500m"}}}),
        ({"limits": {"memory": "1Gi"}}, {"limits": {"memory": "1024Mi"}}),
        ({"limits": {"memory": "1.5Gi"}}, {"limits": {"memory": "1536Mi"}}),
        ({"limits": {"memory": "129e6"}}, {"limits": {"memory": "129M"}}),
        ({"limits": {"memory": "1.001Ki"}}, {"limits": {"memory": "1025024m"}}),
        ({"limits": {"memory": "1Pi"}}, {"limits": {"memory": "1024Ti"}}),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]}),
        ({"envFrom": []}, {}),
        ({"readOnly": False}, {"readOnly": False}),
        ({"metadata": {"labels": {"ours": "1"}}}, {"metadata": {"labels": {"ours": "1", "theirs": "2"}}}),
        ({"imagePullSecrets": [{"name": "ours"}]}, {"imagePullSecrets": [{"name": "theirs"}, {"name": "ours"}]}),
    ],
    ids=[
        "added fields",
        "thousandths of a core",
        "fractions of a core",
        "mebibytes",
        "a fraction of a gibibyte",
        "powers of ten",
        "a fraction of a byte",
        "pebibytes",
        "another order",
        "an empty list is nothing",
        "equal",
        "foreign labels",
        "a Secret to pull with that the cluster puts beside ours",
    ],
)
def test_this_is_no_difference(desired: dict[str, Any], live: dict[str, Any]) -> None:
    assert is_subset(desired, live)


@pytest.mark.parametrize(
    ("desired", "live"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {}),
        ({"a": True}, {"a": 1}),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A", "value": "2"}]}),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": []}),
        ({"drop": ["ALL"]}, {"drop": ["ALL", "NET_RAW"]}),
        ({"limits": {"memory": "1Gi"}}, {"limits": {"memory": "1Gi", "cpu": "1"}}),
        ({"matchLabels": {"a": "1"}}, {"matchLabels": {"a": "1", "b": "2"}}),
    ],
    ids=[
        "another value",
        "missing",
        "one is not true",
        "another value in a named list",
        "missing from a named list",
        "a longer plain list",
        "a limit that is no longer wanted",
        "a narrower selector",
    ],
)
def test_this_is_a_difference(desired: dict[str, Any], live: dict[str, Any]) -> None:
    assert not is_subset(desired, live)


def test_what_is_no_quantity_is_itself() -> None:
    assert quantity("a lot") == "a lot"


SERVER: Manifest = {"name": "server", "image": "i", "env": [{"name": "A", "value": "1"}]}
POLICY: Manifest = {"ingress": [{"ports": [{"protocol": "TCP", "port": 8000}]}]}
DESIRED: Manifest = {
    "metadata": {"name": "imdb"},
    "spec": {
        "selector": {"app": "imdb"},
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
        "template": {"metadata": {"labels": {"app": "imdb"}}, "spec": {"containers": [SERVER]}},
        **POLICY,
    },
}
EXTRA: Manifest = {"name": "EXTRA", "value": "2"}
IN_SERVER = 'k:{"name":"server"}'


def edited(spec: Manifest, fields: Manifest) -> Manifest:
    """The desired object after somebody merged that into its spec, and the server noted whose fields these are."""
    live = copy.deepcopy(DESIRED)
    live["metadata"]["managedFields"] = [{"manager": "kubectl-edit", "fieldsV1": {"f:spec": fields}}]
    return {**live, "spec": merged(live["spec"], spec)}


def merged(old: Manifest, new: Manifest) -> Manifest:
    both = {key: merged(old[key], new[key]) for key in old if isinstance(old[key], dict) and key in new}
    return {**old, **new, **both}


def pod(spec: Manifest) -> Manifest:
    return {"template": {"spec": spec}}


def f_pod(fields: Manifest) -> Manifest:
    return {"f:template": {"f:spec": fields}}


def f_server(fields: Manifest) -> Manifest:
    return f_pod({"f:containers": {IN_SERVER: fields}})


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        (
            pod({"containers": [{**SERVER, "env": [*SERVER["env"], EXTRA]}]}),
            f_server({"f:env": {'k:{"name":"EXTRA"}': {".": {}, "f:name": {}, "f:value": {}}}}),
        ),
        (
            pod({"containers": [SERVER, {"name": "more", "image": "i"}]}),
            f_pod({"f:containers": {'k:{"name":"more"}': {".": {}, "f:image": {}}}}),
        ),
        (pod({"containers": [{**SERVER, "command": ["sh"]}]}), f_server({"f:command": {}})),
        (pod({"hostNetwork": True}), f_pod({"f:hostNetwork": {}})),
        (pod({"tolerations": [{"operator": "Exists"}]}), f_pod({"f:tolerations": {}})),
        (pod({"dnsPolicy": "Default"}), f_pod({"f:dnsPolicy": {}})),
        ({"paused": True}, {"f:paused": {}}),
        ({"selector": {"app": "imdb", "other": "1"}}, {"f:selector": {}}),
        (
            {"ports": [*DESIRED["spec"]["ports"], {"name": "ssh", "port": 22, "protocol": "TCP"}]},
            {"f:ports": {'k:{"port":22,"protocol":"TCP"}': {".": {}, "f:port": {}}}},
        ),
        ({"ingress": [{**POLICY["ingress"][0], "from": [{"podSelector": {}}]}]}, {"f:ingress": {}}),
    ],
    ids=[
        "an env variable",
        "a container",
        "a command",
        "the host's network",
        "tolerations",
        "another value than the default",
        "a pause",
        "a narrower selector",
        "a port",
        "a narrower rule",
    ],
)
def test_what_somebody_added_to_the_spec_is_a_difference_and_is_overwritten(spec: Manifest, fields: Manifest) -> None:
    live = edited(spec, fields)
    assert not is_as_desired(DESIRED, live)
    left = without_nulls(merged(live, overwriting(DESIRED, live)))
    assert left["spec"] == DESIRED["spec"]


def without_nulls(body: Manifest) -> Manifest:
    """A merge patch after it was merged: null takes a field away."""
    kept = {key: value for key, value in body.items() if value is not None}
    return {key: without_nulls(value) if isinstance(value, dict) else value for key, value in kept.items()}


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ({"replicas": 3}, {"f:replicas": {}}),
        (
            {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}},
            {"f:template": {"f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/restartedAt": {}}}}},
        ),
        ({"clusterIP": "10.0.0.1"}, {"f:clusterIP": {}}),
        (
            {"ports": [{**DESIRED["spec"]["ports"][0], "nodePort": 30000}]},
            {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {"f:nodePort": {}}}},
        ),
        (pod({"dnsPolicy": "ClusterFirst"}), f_pod({"f:dnsPolicy": {}})),
        (pod({"tolerations": [{"operator": "Exists"}]}), {}),
        ({}, {"f:paused": {}}),
        (pod({"containers": [SERVER]}), f_server({".": {}, "f:image": {}, "f:env": {'k:{"name":"GONE"}': {}}})),
        (POLICY, {"f:ingress": {}}),
        ({}, {"f:selector": {}}),
    ],
    ids=[
        "replicas of an autoscaler",
        "a restart",
        "an address",
        "a node port",
        "a default that was written down",
        "what admission added and nobody owns",
        "what is gone",
        "the desired value in another hand",
        "the desired list in another hand",
        "the desired map in another hand",
    ],
)
def test_what_others_may_set_is_no_difference(spec: Manifest, fields: Manifest) -> None:
    assert is_as_desired(DESIRED, edited(spec, fields))


def test_the_patch_keeps_what_others_may_set() -> None:
    spec = {"replicas": 3, "paused": True}
    assert overwriting(DESIRED, edited(spec, {"f:replicas": {}, "f:paused": {}})) == {
        **DESIRED,
        "spec": {**DESIRED["spec"], "paused": None},
    }

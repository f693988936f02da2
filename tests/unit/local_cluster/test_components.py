import json
import tomllib
from typing import Any

import pytest

from local_cluster import addons, components, configuration
from local_cluster.settings import CLUSTERS, Settings

DEMO, TEST = CLUSTERS["demo"], CLUSTERS["test"]


def _everything(settings: Settings) -> str:
    words = [word for name in components.ORDER for word in components.arguments(settings, name)]
    files = configuration.files(settings, may_lower_oom_score=False).values()
    return "\n".join([*words, *files, json.dumps(addons.manifests(settings))])


@pytest.mark.parametrize(("one", "other"), [(DEMO, TEST), (TEST, DEMO)], ids=["demo", "test"])
def test_a_cluster_names_nothing_of_the_other(one: Settings, other: Settings) -> None:
    strange = [str(other.state), other.node_address, other.pod_gateway, other.service_range, other.namespace]
    assert [word for word in strange if word in _everything(one)] == []


def test_an_unknown_component_is_refused() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        components.arguments(DEMO, "nonsense")


@pytest.mark.parametrize("may_lower", [True, False])
def test_containerd_leaves_the_oom_score_alone_where_it_may_not_lower_it(may_lower: bool) -> None:
    read = tomllib.loads(configuration.containerd(DEMO, may_lower_oom_score=may_lower))
    assert read["plugins"]["io.containerd.grpc.v1.cri"]["restrict_oom_score_adj"] is not may_lower


def test_containerd_keeps_everything_in_the_state_folder() -> None:
    read = tomllib.loads(configuration.containerd(DEMO, may_lower_oom_score=True))
    runc = read["plugins"]["io.containerd.grpc.v1.cri"]["containerd"]["runtimes"]["runc"]
    places = [read["root"], read["state"], read["grpc"]["address"], runc["options"]["Root"]]
    assert all(place.startswith(f"{DEMO.state}/") for place in places)


def test_every_file_that_configures_a_component_is_written_and_named_on_its_command_line() -> None:
    files = configuration.files(DEMO, may_lower_oom_score=True)
    for component, file in components.CONFIGURED_BY.items():
        assert file in files
        assert any(f"{DEMO.state}/{file}" in word for word in components.arguments(DEMO, component))


def test_the_audit_log_holds_every_write_of_a_service_account() -> None:
    rules: list[dict[str, Any]] = json.loads(configuration.audit_policy())["rules"]
    silent = [rule for rule in rules if rule["level"] == "None" and "nonResourceURLs" not in rule]
    assert all("users" in rule or "verbs" in rule for rule in silent)
    assert rules[-1] == {"level": "Metadata"}


def test_an_autoscaler_decides_within_seconds() -> None:
    words = components.arguments(DEMO, "kube-controller-manager")
    assert "--horizontal-pod-autoscaler-sync-period=5s" in words


def test_claims_without_a_class_get_the_standard_one() -> None:
    classes = [item for item in addons.manifests(DEMO)["items"] if item["kind"] == "StorageClass"]
    (standard,) = classes
    assert standard["metadata"]["name"] == "standard"
    assert standard["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}

"""What the chart renders to, without a cluster."""

import json
import os
from typing import Any

import pytest
import yaml

from sentiment_operator.settings import Settings
from tests.chart.rendering import CHART, EVERYTHING, ROOT, Helm, Manifest, Refused, Values, of_kind, pod_templates

GOLDEN = ROOT / "tests" / "chart" / "golden"


def test_helm_finds_nothing_to_complain_about(helm: Helm) -> None:
    assert "0 chart(s) failed" in helm.run("lint", str(CHART), "--strict", f"--values={CHART / 'values.yaml'}")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("default", {}),
        ("everything", EVERYTHING),
        ("external-registry", {"mlflow": {"enabled": False, "externalURL": "https://mlflow.example.org/team"}}),
    ],
)
def test_the_chart_renders_as_reviewed(helm: Helm, name: str, values: Values) -> None:
    """UPDATE_GOLDEN=1 rewrites the files; definitions and dashboard are files of their own already."""
    manifests = [one for one in helm.template(values) if one["kind"] not in ("CustomResourceDefinition", "ConfigMap")]
    text = yaml.safe_dump_all(
        sorted(manifests, key=lambda one: (one["kind"], one["metadata"]["name"])), sort_keys=True, width=120
    )
    golden = GOLDEN / f"{name}.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_kubernetes_older_than_the_policies_need_is_refused(helm: Helm) -> None:
    with pytest.raises(Refused, match=r"requires kubeVersion: >=1\.31"):
        helm.template(kubernetes="1.30.9")


def test_the_definitions_are_those_of_the_api(helm: Helm) -> None:
    rendered = of_kind(helm.template(), "CustomResourceDefinition")
    generated = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted((ROOT / "crds").glob("*.yaml"))]
    assert len(generated) == len(rendered)
    for definition in generated:
        assert rendered[definition["metadata"]["name"]]["spec"] == definition["spec"]


def test_what_holds_models_and_versions_stays_after_an_uninstall(helm: Helm) -> None:
    manifests = helm.template()
    kept = {
        (manifest["kind"], manifest["metadata"]["name"])
        for manifest in manifests
        if manifest["metadata"].get("annotations", {}).get("helm.sh/resource-policy") == "keep"
    }
    definitions = {("CustomResourceDefinition", name) for name in of_kind(manifests, "CustomResourceDefinition")}
    assert kept == {*definitions, ("PersistentVolumeClaim", "mlflow")}


def test_without_definitions_none_is_rendered(helm: Helm) -> None:
    assert not of_kind(helm.template({"crds": {"install": False}}), "CustomResourceDefinition")


def test_one_operator_gives_way_to_the_next_and_several_overlap(helm: Helm) -> None:
    one = of_kind(helm.template(), "Deployment")["sentiment-operator"]["spec"]
    two = of_kind(helm.template({"operator": {"replicas": 2}}), "Deployment")["sentiment-operator"]["spec"]
    assert (one["replicas"], one["strategy"]["type"]) == (1, "Recreate")
    assert (two["replicas"], two["strategy"]["type"]) == (2, "RollingUpdate")


def test_replicas_that_share_the_work_all_give_way_to_the_next_ones(helm: Helm) -> None:
    manifests = helm.template({"operator": {"replicas": 3, "shards": 4}})
    spec = of_kind(manifests, "Deployment")["sentiment-operator"]["spec"]
    assert (spec["replicas"], spec["strategy"]["type"]) == (3, "Recreate")
    assert environment(spec["template"]["spec"])["SENTIMENT_SHARDS"] == "4"
    assert of_kind(manifests, "PodDisruptionBudget")["sentiment-operator"]["spec"]["maxUnavailable"] == 1


def environment(pod: Manifest) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in pod["containers"][0].get("env", [])}


def test_the_operator_is_told_every_setting_by_a_name_that_it_knows(helm: Helm) -> None:
    known = {f"SENTIMENT_{name.upper()}" for name in Settings.model_fields}
    told = environment(pod_templates(helm.template())["Deployment/sentiment-operator"])
    assert set(told) <= known
    assert {f"SENTIMENT_{name.upper()}" for name, field in Settings.model_fields.items() if field.is_required()} <= set(
        told
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "http://mlflow.sentiment-system.svc:5000"),
        ({"mlflow": {"enabled": False, "externalURL": "https://mlflow.example.org"}}, "https://mlflow.example.org"),
    ],
)
def test_the_operator_is_told_where_mlflow_is(helm: Helm, values: Values, expected: str) -> None:
    told = environment(pod_templates(helm.template(values))["Deployment/sentiment-operator"])
    assert told["SENTIMENT_TRACKING_URL"] == expected


def test_secrets_to_pull_images_with_reach_the_pods_of_the_chart_and_the_operator(helm: Helm) -> None:
    pods = pod_templates(helm.template({"imagePullSecrets": ["pull", "registry.example.org"]}))
    for name in ("Deployment/sentiment-operator", "Deployment/mlflow"):
        assert pods[name]["imagePullSecrets"] == [{"name": "pull"}, {"name": "registry.example.org"}]
    told = environment(pods["Deployment/sentiment-operator"])
    assert told["SENTIMENT_IMAGE_PULL_SECRETS"] == "pull,registry.example.org"


@pytest.mark.parametrize("enabled", [True, False])
def test_the_operator_uses_the_gateway_api_where_it_may(helm: Helm, *, enabled: bool) -> None:
    manifests = helm.template({"gatewayAPI": {"enabled": enabled}})
    told = environment(pod_templates(manifests)["Deployment/sentiment-operator"])
    assert told["SENTIMENT_GATEWAY_API"] == str(enabled).lower()
    policy = of_kind(manifests, "ValidatingAdmissionPolicy")["sentiment-operator-operator-objects"]
    guarded = [rule["resources"] for rule in policy["spec"]["matchConstraints"]["resourceRules"]]
    assert (["httproutes"] in guarded) is enabled


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({}, "localhost/sentiment-server:0.1.0"),
        ({"tag": "abc"}, "localhost/sentiment-server:abc"),
        ({"tag": "abc", "digest": f"sha256:{'a' * 64}"}, f"localhost/sentiment-server@sha256:{'a' * 64}"),
    ],
)
def test_a_digest_wins_over_a_tag_and_a_tag_over_the_version(helm: Helm, image: Values, expected: str) -> None:
    manifests = helm.template({"image": {"server": image}})
    assert environment(pod_templates(manifests)["Deployment/sentiment-operator"])["SENTIMENT_SERVER_IMAGE"] == expected
    assert json.dumps(expected)[1:-1] in json.dumps(
        of_kind(manifests, "ValidatingAdmissionPolicy")["sentiment-operator-operator-pods"]
    )


def ports_to_any_host(helm: Helm, values: Values) -> set[int]:
    """TCP ports that the operator may call wherever they are."""
    policy = of_kind(helm.template(values), "NetworkPolicy")["sentiment-operator"]
    rules = [rule for rule in policy["spec"]["egress"] if "to" not in rule]
    return {port["port"] for rule in rules for port in rule["ports"] if port["protocol"] == "TCP"}


@pytest.mark.parametrize(
    "mlflow", [{}, {"enabled": False, "externalURL": "https://mlflow.example.org:8000"}], ids=["its own", "external"]
)
def test_the_operator_may_call_the_registry_that_a_model_names(helm: Helm, mlflow: Values) -> None:
    values: Values = {"mlflow": mlflow}
    of_the_chart = ports_to_any_host(helm, values | {"networkPolicy": {"registryPorts": []}})
    assert ports_to_any_host(helm, values) == of_the_chart | {5000}
    named: Values = {"networkPolicy": {"registryPorts": [5001, 8080]}}
    assert ports_to_any_host(helm, values | named) == of_the_chart | {5001, 8080}


def test_figures_of_rollouts_come_from_a_prometheus_only_where_one_is_named(helm: Helm) -> None:
    url = "http://prometheus.monitoring:9090"
    named: Values = {"analysis": {"prometheusURL": url}}
    assert ports_to_any_host(helm, named) == ports_to_any_host(helm, {}) | {9090}
    (container,) = pod_templates(helm.template(named))["Deployment/sentiment-operator"]["containers"]
    assert {"name": "SENTIMENT_PROMETHEUS_URL", "value": url} in container["env"]


def test_mlflow_answers_to_its_names_and_to_no_others(helm: Helm) -> None:
    pod = pod_templates(helm.template({"mlflow": {"allowedHosts": ["mlflow.example.org"]}}))["Deployment/mlflow"]
    (hosts,) = (
        argument.removeprefix("--allowed-hosts=").split(",")
        for argument in pod["containers"][0]["args"]
        if "hosts" in argument
    )
    assert {"mlflow:*", "mlflow.sentiment-system.svc:*", "localhost:*", "mlflow.example.org"} <= set(hosts)
    assert "*" not in hosts

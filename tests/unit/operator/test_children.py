"""What belongs to a model, object by object. The goldens are read in review; UPDATE_GOLDEN=1 writes them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentiment_contract.gates import COMPARISON_VARIABLE, ComparisonOrder
from sentiment_contract.names import VERSION_LABEL
from sentiment_operator import children, names
from sentiment_operator.children.service_account import service_account
from sentiment_operator.deciding.plan import AwaitTraining, Compare, Plan, Roll, Train
from sentiment_operator.facts.jobs import JobState
from sentiment_operator.facts.observed import ChildKind, Manifest, Model, Revision
from sentiment_operator.reading import workload
from sentiment_operator.replicas.sharding import bucket_of
from sentiment_operator.settings import Settings
from tests.support.builders import SETTINGS, deployment, job, model, observed, revision, spec
from tests.support.scenarios import SCENARIOS, manifests, scenario

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_objects_are_as_reviewed(name: str) -> None:
    text = yaml.safe_dump_all(manifests(name), sort_keys=True, width=120)
    golden = GOLDEN / f"{name}.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def pods() -> list[Manifest]:
    every = [manifest for name in SCENARIOS for manifest in manifests(name)]
    return [manifest["spec"]["template"]["spec"] for manifest in every if manifest["kind"] in ("Job", "Deployment")]


@pytest.mark.parametrize("pod", pods())
def test_every_pod_passes_restricted_and_more(pod: Manifest) -> None:
    security = pod["securityContext"]
    assert security["runAsNonRoot"]
    assert security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        own = container["securityContext"]
        assert own["readOnlyRootFilesystem"]
        assert own["allowPrivilegeEscalation"] is False
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert {"requests", "limits"} <= set(container["resources"])


@pytest.mark.parametrize("pod", pods())
def test_every_pod_is_the_service_account_of_its_model(pod: Manifest) -> None:
    """From it come the Secrets to pull images with, unless the pod names some of its own."""
    assert pod["serviceAccountName"] == serving(model())[ChildKind.SERVICE_ACCOUNT]["metadata"]["name"]
    assert "imagePullSecrets" not in pod


@pytest.mark.parametrize(
    ("named", "kept"), [("", {}), ("pull,other", {"imagePullSecrets": [{"name": "pull"}, {"name": "other"}]})]
)
def test_the_service_account_names_the_secrets_to_pull_images_with(named: str, kept: Manifest) -> None:
    account = service_account(model(), SETTINGS.model_copy(update={"image_pull_secrets": named}))
    assert {key: value for key, value in account.items() if key == "imagePullSecrets"} == kept


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_object_goes_with_its_model(name: str) -> None:
    for manifest in manifests(name):
        (owner,) = manifest["metadata"]["ownerReferences"]
        assert (owner["uid"], owner["controller"]) == ("uid-1", True)
        assert manifest["metadata"]["labels"][names.MANAGED_BY_LABEL] == names.MANAGER


def serving(of: Any, live: Any = None, settings: Settings = SETTINGS, **facts: Any) -> dict[ChildKind, Manifest | None]:
    one = revision()
    return children.serving_children(
        of, Plan(step=Roll(one), wanted="1", target=one), observed(one, live=live, **facts), settings
    )


def test_replicas_are_in_no_manifest() -> None:
    for name in SCENARIOS:
        assert all(
            "replicas" not in manifest["spec"] for manifest in manifests(name) if manifest["kind"] == "Deployment"
        )


def test_neither_version_nor_bucket_select_anything() -> None:
    for manifest in manifests("smallest"):
        selector = manifest.get("spec", {}).get("selector", {})
        assert not {VERSION_LABEL, names.BUCKET_LABEL} & set(selector.get("matchLabels", selector))


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_object_and_every_pod_says_its_bucket(name: str) -> None:
    for manifest in manifests(name):
        templates = [manifest["spec"]["template"]] if manifest["kind"] in ("Job", "Deployment") else []
        for body in (manifest, *templates):
            assert body["metadata"]["labels"][names.BUCKET_LABEL] == str(bucket_of(model().namespace))


def test_before_the_first_version_only_the_account_of_its_training_exists() -> None:
    plan = Plan(step=AwaitTraining(job(JobState.RUNNING)), wanted="1", target=None)
    assert list(children.serving_children(model(), plan, observed(), SETTINGS)) == [ChildKind.SERVICE_ACCOUNT]


def test_one_pod_has_no_disruption_budget() -> None:
    assert serving(model())[ChildKind.DISRUPTION_BUDGET] is None


def test_two_pods_have_one() -> None:
    assert serving(model(spec(serving={"replicas": 2})))[ChildKind.DISRUPTION_BUDGET] is not None


def test_without_bounds_there_is_no_autoscaler() -> None:
    assert serving(model())[ChildKind.AUTOSCALER] is None


@pytest.mark.parametrize(
    ("asked", "live", "expected"),
    [
        ({"replicas": 3}, 1, 3),
        ({"replicas": 3}, 3, None),
        ({}, 4, 1),
        ({"autoscaling": {"minReplicas": 2}}, 1, None),
    ],
    ids=["more are wanted", "as wanted", "one is the default", "the autoscaler owns them"],
)
def test_replicas_are_set_only_where_no_autoscaler_owns_them(asked: Any, live: int, expected: int | None) -> None:
    seen = observed(revision(), live=deployment(wanted=live))
    assert children.desired_replicas(model(spec(serving=asked)), seen) == expected


def test_the_replicas_of_a_foreign_deployment_are_left_alone() -> None:
    seen = observed(revision(), live=deployment(wanted=4, ours=False))
    assert children.desired_replicas(model(), seen) is None


def test_a_rollout_that_only_an_upgrade_asks_for_waits_its_turn() -> None:
    assert ChildKind.DEPLOYMENT not in serving(model(), live=deployment(), rollouts_elsewhere=5)
    assert ChildKind.DEPLOYMENT in serving(model(), live=deployment("0"), rollouts_elsewhere=5)


@pytest.mark.parametrize(("shards", "share"), [(1, 5), (2, 2), (4, 1), (16, 1)])
def test_each_shard_has_a_share_of_what_may_roll_at_a_time(shards: int, share: int) -> None:
    settings = SETTINGS.model_copy(update={"shards": shards})
    for others in range(share + 2):
        written = serving(model(), live=deployment(), settings=settings, rollouts_elsewhere=others)
        assert (ChildKind.DEPLOYMENT in written) is (others < share)


def test_a_limit_without_a_request_is_the_request_too() -> None:
    wanted = model(spec(serving={"resources": {"limits": {"memory": "128Mi"}}}))
    (container,) = serving(wanted)[ChildKind.DEPLOYMENT]["spec"]["template"]["spec"]["containers"]  # type: ignore[index]
    assert container["resources"]["requests"]["memory"] == "128Mi"


def test_a_secret_is_named_and_never_read() -> None:
    training = children.training_job(scenario("dvc-with-credentials"), Train("1", 1), SETTINGS)
    (container,) = training["spec"]["template"]["spec"]["containers"]
    assert container["envFrom"] == [{"secretRef": {"name": "git"}}]


# The Job that scores for gates

NO_WORSE = {"name": "no-worse", "metric": "f1", "compareWith": "Serving"}
RECORDED: dict[str, Any] = {
    "data": {
        "dvc": {
            "repoURL": "file:///data/reviews.git",
            "revision": "v1",
            "path": "train.csv",
            "volumeClaimName": "mirror",
            "credentialsSecretRef": {"name": "old-key"},
        }
    }
}


def compared(now: Model, candidate: Revision, baseline: Revision | None = None) -> Manifest:
    """The Job that compares these, while the spec says that."""
    step = Compare(candidate, baseline, model(spec(gates=[NO_WORSE])).spec.gates, key="0123456789abcdef", attempt=1)
    return children.comparison_job(now, step, SETTINGS)


def container_of(job: Manifest) -> Manifest:
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return container


def order_of(job: Manifest) -> ComparisonOrder:
    variables = {entry["name"]: entry["value"] for entry in container_of(job)["env"]}
    return ComparisonOrder.model_validate_json(variables[COMPARISON_VARIABLE])


def test_a_comparison_reads_the_data_that_the_candidate_was_trained_on_whatever_the_spec_says_now() -> None:
    job = compared(model(spec("2")), revision("2", of=spec("2", **RECORDED)), revision("1"))
    claims = [volume["persistentVolumeClaim"] for volume in job["spec"]["template"]["spec"]["volumes"][2:]]
    assert claims == [{"claimName": "mirror", "readOnly": True}]
    assert container_of(job)["envFrom"] == [{"secretRef": {"name": "old-key"}}]
    assert order_of(job).candidate.recipe.data.dvc is not None


def test_where_the_spec_still_says_the_same_its_credentials_are_the_newer_ones() -> None:
    renewed = {"data": {"dvc": {**RECORDED["data"]["dvc"], "credentialsSecretRef": {"name": "new-key"}}}}
    job = compared(model(spec("2", **renewed)), revision("2", of=spec("2", **RECORDED)))
    assert container_of(job)["envFrom"] == [{"secretRef": {"name": "new-key"}}]


def test_the_order_of_a_comparison_names_both_versions_and_what_is_asked() -> None:
    one, two = revision("1"), revision("2")
    order = order_of(compared(model(spec("2")), two, one))
    assert order.baseline is not None
    contestants = [(order.candidate, two.spec), (order.baseline, one.spec)]
    for contestant, recorded in contestants:
        assert contestant.version == recorded.version
        assert contestant.artifact_digest == recorded.artifact_digest
        assert contestant.run_id == recorded.registry.run_id
        assert contestant.recipe == recorded.recipe
    assert [gate.name for gate in order.gates] == ["no-worse"]
    assert (order.registered_model, order.tracking_url) == ("reviews.imdb", SETTINGS.tracking_url)


def test_a_comparison_is_no_training_and_names_the_version_it_is_about() -> None:
    comparison = compared(model(spec("2")), revision("2"))
    training = children.training_job(model(spec("2")), Train("2", 1), SETTINGS)
    assert (workload.is_comparison(comparison), workload.is_comparison(training)) == (True, False)
    assert names.RECIPE_HASH_ANNOTATION not in comparison["metadata"]["annotations"]
    assert comparison["metadata"]["labels"][VERSION_LABEL] == "2"
    assert container_of(comparison)["args"] == ["compare"]


def test_what_is_in_the_environment_of_a_comparison_names_a_secret_and_holds_none() -> None:
    job = compared(model(spec("2", **RECORDED)), revision("2", of=spec("2", **RECORDED)))
    for entry in container_of(job)["env"]:
        assert "valueFrom" not in entry
        assert "password" not in entry["value"].lower()
    secret = order_of(job).candidate.recipe.data.dvc
    assert secret is not None
    assert secret.credentials_secret_ref is not None
    assert secret.credentials_secret_ref.model_dump() == {"name": "old-key"}


@pytest.mark.parametrize("name", [names.job_name, names.comparison_name])
def test_the_longest_names_of_jobs_still_fit_a_label(name: Callable[[str, str, int], str]) -> None:
    assert len(name("m" * 40, "a" * 64, 999)) <= 63


# How a Gateway divides requests

DIVIDED = scenario("divided-by-a-gateway")
WITH_GATEWAY_API = SETTINGS.model_copy(update={"gateway_api": True})


def routed(of: Model, percent: int = 0) -> Manifest | None:
    one = revision()
    plan = Plan(step=Roll(one), wanted="1", target=one, candidate_percent=percent)
    return children.serving_children(of, plan, observed(one), WITH_GATEWAY_API)[ChildKind.ROUTE]


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        (0, [("imdb", 100)]),
        (10, [("imdb", 90), ("imdb-candidate", 10)]),
        (100, [("imdb", 0), ("imdb-candidate", 100)]),
    ],
)
def test_a_route_gives_the_candidate_its_share_and_what_serves_the_rest(
    percent: int, expected: list[tuple[str, int]]
) -> None:
    route = routed(DIVIDED, percent)
    assert route is not None
    (rule,) = route["spec"]["rules"]
    assert [(backend["name"], backend["weight"]) for backend in rule["backendRefs"]] == expected


def test_a_gateway_without_namespace_is_that_of_the_model_and_without_host_name_takes_any() -> None:
    near = {"strategy": "Canary", "router": "GatewayAPI", "gateway": {"name": "near"}, "steps": [{"weightPercent": 10}]}
    route = routed(model(spec(rollout=near)))
    assert route is not None
    assert [(parent["namespace"], parent["name"]) for parent in route["spec"]["parentRefs"]] == [("reviews", "near")]
    assert "hostnames" not in route["spec"]


def test_a_model_that_asks_for_no_gateway_has_no_route() -> None:
    assert routed(model()) is None


def test_an_operator_without_the_gateway_api_leaves_routes_alone() -> None:
    assert ChildKind.ROUTE not in serving(DIVIDED)
    assert ChildKind.ROUTE not in serving(model())

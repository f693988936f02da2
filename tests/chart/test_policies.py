"""The admission policies on a real API server, asked as the people and accounts that they are about."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from sentiment_operator.api.revision import SentimentModelRevisionStatus
from sentiment_operator.children import revision, training_job
from sentiment_operator.children.candidate import candidate_deployment, candidate_service, rollout_setting
from sentiment_operator.children.deployment import deployment
from sentiment_operator.children.service import service
from sentiment_operator.children.service_account import service_account
from sentiment_operator.deciding.plan import Candidate, Record, Train
from sentiment_operator.facts.observed import Model, RegisteredVersion, Revision
from sentiment_operator.reading import extract
from sentiment_operator.rollout.progress import Progress
from sentiment_operator.rollout.stages import Flow, Stage
from sentiment_operator.settings import Settings
from tests.chart.conftest import Answer, Server
from tests.chart.rendering import NAMESPACE, RELEASE, Manifest

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

OPERATOR = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"
SETTINGS = Settings(
    server_image="localhost/sentiment-server:0.1.0",
    trainer_image="localhost/sentiment-trainer:0.1.0",
    tracking_url=f"http://mlflow.{NAMESPACE}.svc:5000",
)
HASH = "ab" * 32
_numbers = count(1)

WITH_SECRET: Manifest = {
    "dvc": {
        "repoURL": "https://git.example.org/reviews.git",
        "revision": "v1",
        "path": "a.csv",
        "credentialsSecretRef": {"name": "git"},
    }
}
WITH_CLAIM_OF_GIT: Manifest = {
    "dvc": {"repoURL": "file:///data/reviews.git", "revision": "v1", "path": "a.csv", "volumeClaimName": "reviews"}
}
WITH_CLAIM: Manifest = {"volume": {"claimName": "reviews", "path": "reviews.csv"}}
WITH_NEITHER: Manifest = {"url": {"href": "https://example.org/reviews.csv", "sha256": HASH}}


PEOPLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: writer, namespace: NAMESPACE}
rules:
  - {apiGroups: [rottenpotatoes.com], resources: [sentimentmodels], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: writer, namespace: NAMESPACE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: writer}
subjects:
  - {apiGroup: rbac.authorization.k8s.io, kind: User, name: outsider}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: developers, namespace: NAMESPACE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: RELEASE-developer}
subjects:
  - {apiGroup: rbac.authorization.k8s.io, kind: User, name: insider}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: NAMESPACE}
rules:  # The role of developers has no Secrets.
  - {apiGroups: [""], resources: [secrets], resourceNames: [git], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: NAMESPACE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
  - {apiGroup: rbac.authorization.k8s.io, kind: User, name: insider}
"""


@pytest.fixture
def namespace(installed: Server) -> str:
    """A namespace of this test's own: one writer of models may read its claims and Secret `git`, one may not."""
    name = f"team-{next(_numbers)}"
    installed.must("create", "namespace", name)
    installed.must("apply", "--filename=-", body=PEOPLE.replace("NAMESPACE", name).replace("RELEASE", RELEASE))
    return name


def a_model(namespace: str, data: Manifest, name: str = "imdb") -> Manifest:
    return {
        "apiVersion": "rottenpotatoes.com/v1alpha1",
        "kind": "SentimentModel",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"version": "1", "data": data},
    }


def apply(server: Server, manifest: Manifest, user: str = "") -> Answer:
    return server.kubectl("apply", "--filename=-", body=manifest, user=user)


# What a person may name


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (WITH_SECRET, "spec.data.dvc.credentialsSecretRef: outsider may not get Secret"),
        (WITH_CLAIM_OF_GIT, "spec.data: outsider may not get PersistentVolumeClaim"),
        (WITH_CLAIM, "spec.data: outsider may not get PersistentVolumeClaim"),
    ],
    ids=["the Secret of a git repository", "the claim of a git repository", "a claim"],
)
def test_nobody_names_what_they_may_not_read(installed: Server, namespace: str, data: Manifest, field: str) -> None:
    refused = apply(installed, a_model(namespace, data), "outsider")
    assert not refused.accepted
    assert field in refused.error
    assert "Next: kubectl auth can-i get" in refused.error
    assert apply(installed, a_model(namespace, data), "insider").accepted


def test_what_names_nothing_needs_no_right(installed: Server, namespace: str) -> None:
    assert apply(installed, a_model(namespace, WITH_NEITHER), "outsider").accepted


def test_going_back_to_another_version_asks_for_no_right_to_the_data(installed: Server, namespace: str) -> None:
    assert apply(installed, a_model(namespace, WITH_SECRET), "insider").accepted
    edit = ["patch", "smod/imdb", f"--namespace={namespace}", "--type=merge", '--patch={"spec":{"version":"2"}}']
    assert installed.kubectl(*edit, user="outsider").accepted


def test_a_new_repository_asks_for_the_right_to_the_old_credentials(installed: Server, namespace: str) -> None:
    assert apply(installed, a_model(namespace, WITH_SECRET), "insider").accepted
    elsewhere = '--patch={"spec":{"data":{"dvc":{"repoURL":"https://evil.example.org/reviews.git"}}}}'
    edit = ["patch", "smod/imdb", f"--namespace={namespace}", "--type=merge", elsewhere]
    refused = installed.kubectl(*edit, user="outsider")
    assert not refused.accepted
    assert "may not get Secret" in refused.error


# Who writes revisions


@pytest.fixture
def model(installed: Server, namespace: str) -> Model:
    """A model that is stored, as the operator reads it."""
    return _stored_model(installed, namespace)


@pytest.fixture(scope="module")
def bystander(installed: Server) -> Model:
    """The same for tests that leave it as it is."""
    installed.must("create", "namespace", "bystander")
    return _stored_model(installed, "bystander")


def _stored_model(server: Server, namespace: str) -> Model:
    assert apply(server, a_model(namespace, WITH_CLAIM)).accepted
    return extract.model(server.must("get", "smod/imdb", f"--namespace={namespace}", "--output=yaml").manifest)


def a_revision(model: Model) -> Manifest:
    registered = RegisteredVersion(
        number="1",
        run_id="a" * 32,
        labels={"1": HASH},
        fingerprint=HASH,
        data_hash=HASH,
        git_commit="",
        git_author="",
        artifact_digest=HASH,
        environment_hash="",
        image_digest="",
        metrics={"accuracy": "0.9"},
    )
    return revision(model, Record(label="1", known=registered), SETTINGS)


def test_the_operator_records_a_revision_and_nobody_else_changes_it(installed: Server, model: Model) -> None:
    manifest = a_revision(model)
    forged = installed.kubectl("create", "--filename=-", body=manifest)
    assert not forged.accepted
    assert "written by the operator alone" in forged.error
    installed.must("create", "--filename=-", body=manifest, user=OPERATOR)
    place = ["smrev/imdb.1", f"--namespace={model.namespace}"]
    for attempt in (
        ["delete", *place],
        ["label", *place, "a=b"],
        ["patch", *place, "--subresource=status", "--type=merge", '--patch={"status":{"serving":[]}}'],
    ):
        assert "written by the operator alone" in installed.kubectl(*attempt).error, attempt


@pytest.mark.parametrize("controller", ["generic-garbage-collector", "namespace-controller"])
def test_what_clears_up_behind_a_model_may_remove_its_revisions(
    installed: Server, model: Model, controller: str
) -> None:
    installed.must("create", "--filename=-", body=a_revision(model), user=OPERATOR)
    command = ["delete", "smrev/imdb.1", f"--namespace={model.namespace}", "--dry-run=server"]
    installed.must(*command, user=f"system:serviceaccount:kube-system:{controller}")


def test_revisions_go_with_their_model(installed: Server, model: Model) -> None:
    installed.must("create", "--filename=-", body=a_revision(model), user=OPERATOR)
    installed.must("delete", "smod/imdb", f"--namespace={model.namespace}")
    installed.must("wait", "--for=delete", "smrev/imdb.1", f"--namespace={model.namespace}", "--timeout=30s")


def test_revisions_go_with_their_namespace(installed: Server, model: Model) -> None:
    installed.must("create", "--filename=-", body=a_revision(model), user=OPERATOR)
    installed.must("delete", "namespace", model.namespace, "--timeout=60s")


# What the operator's account may create


def a_recorded_version(model: Model) -> Revision:
    spec = extract.SentimentModelRevisionSpec.model_validate(a_revision(model)["spec"])
    return Revision("imdb.1", "u", spec, SentimentModelRevisionStatus(), LONG_AGO)


def a_deployment(model: Model) -> Manifest:
    return deployment(model, a_recorded_version(model), SETTINGS)


def a_candidate(model: Model) -> Candidate:
    """Half of the requests, compared with what serves."""
    revision = a_recorded_version(model)
    stage = Stage(Flow.SHARE, 50, 1, timedelta(), 0, beside=1)
    return Candidate(revision, revision, stage, Progress(key="key", entered=LONG_AGO))


def a_candidates_deployment(model: Model) -> Manifest:
    return candidate_deployment(model, a_candidate(model), SETTINGS)


def a_candidates_service(model: Model) -> Manifest:
    return candidate_service(model, a_candidate(model))


def a_rollout_setting(model: Model) -> Manifest:
    rollout = {"strategy": "Canary", "steps": [{"weightPercent": 50}], "analysis": {"maxDisagreementPercent": 5}}
    spec = extract.SentimentModelSpec.model_validate({"version": "1", "data": WITH_SECRET, "rollout": rollout})
    setting = rollout_setting(replace(model, spec=spec), a_candidate(model))
    assert setting is not None
    return setting


def a_job(model: Model) -> Manifest:
    return training_job(model, Train(label="1", attempt=1), SETTINGS)


def a_job_with_credentials(model: Model) -> Manifest:
    spec = extract.SentimentModelSpec.model_validate({"version": "1", "data": WITH_SECRET})
    job = a_job(replace(model, spec=spec))
    assert job["spec"]["template"]["spec"]["containers"][0]["envFrom"] == [{"secretRef": {"name": "git"}}]
    return job


def an_account(model: Model) -> Manifest:
    return service_account(model, SETTINGS.model_copy(update={"image_pull_secrets": "pull"}))


def try_create(server: Server, manifest: Manifest) -> Answer:
    return server.kubectl("create", "--dry-run=server", "--filename=-", body=manifest, user=OPERATOR)


@pytest.mark.parametrize(
    "build",
    [
        a_deployment,
        a_job,
        a_job_with_credentials,
        service,
        an_account,
        a_candidates_deployment,
        a_candidates_service,
        a_rollout_setting,
    ],
)
def test_what_the_operator_really_creates_is_admitted(
    installed: Server, bystander: Model, build: Callable[[Model], Manifest]
) -> None:
    answer = try_create(installed, build(bystander))
    assert answer.accepted, answer.error


def set_at(manifest: Manifest, path: str, value: object) -> Manifest:
    """A copy with one field set, or with an item appended at `+`; `pod.` and `container.` stand for the places of these."""
    result = copy.deepcopy(manifest)
    path = path.replace("container.", "pod.containers.0.", 1) if path.startswith("container.") else path
    path = path.replace("pod.", "spec.template.spec.", 1) if path.startswith("pod.") else path
    *parents, leaf = path.split(".")
    place: Any = result
    for parent in parents:
        place = place[int(parent)] if parent.isdigit() else place.setdefault(parent, {})
    if value is None:
        del place[leaf]
    elif leaf == "+":
        place.append(value)
    else:
        place[leaf] = value
    return result


STOLEN: dict[str, tuple[str, object]] = {
    "another image": ("container.image", "docker.io/evil:1"),
    "our image under another tag": ("container.image", "localhost/sentiment-server:other"),
    "another program": ("container.command", ["sh"]),
    "another container beside ours": ("pod.initContainers", [{"name": "x", "image": "evil:1"}]),
    "the account of someone else": ("pod.serviceAccountName", "default"),
    "no account named": ("pod.serviceAccountName", None),
    "the account's token": ("pod.automountServiceAccountToken", True),
    "the node's network": ("pod.hostNetwork", True),
    "the node's processes": ("pod.hostPID", True),
    "a folder of the node": ("pod.volumes.+", {"name": "x", "hostPath": {"path": "/"}}),
    "a claim that may be written": ("pod.volumes.+", {"name": "x", "persistentVolumeClaim": {"claimName": "x"}}),
    "the files of a ConfigMap": ("pod.volumes.+", {"name": "x", "configMap": {"name": "x"}}),
    "the files of a Secret": ("pod.volumes.+", {"name": "x", "secret": {"secretName": "x"}}),
    "root": ("pod.securityContext.runAsUser", 0),
    "root in the container": ("container.securityContext.runAsUser", 0),
    "perhaps root": ("pod.securityContext.runAsNonRoot", None),
    "no seccomp profile": ("pod.securityContext.seccompProfile", None),
    "a seccomp profile less": ("container.securityContext.seccompProfile", {"type": "Unconfined"}),
    "more privileges later": ("container.securityContext.allowPrivilegeEscalation", None),
    "capabilities kept": ("container.securityContext.capabilities", {}),
    "a capability more": ("container.securityContext.capabilities", {"drop": ["ALL"], "add": ["NET_ADMIN"]}),
    "an image that may be written": ("container.securityContext.readOnlyRootFilesystem", False),
    "a port of the node": ("container.ports", [{"containerPort": 8000, "hostPort": 8000}]),
    "no owner": ("metadata.ownerReferences", None),
    "a program as the probe of readiness": ("container.readinessProbe", {"exec": {"command": ["sh"]}}),
    "a program as the probe of life": ("container.livenessProbe", {"exec": {"command": ["sh"]}}),
    "a program as the probe of the start": ("container.startupProbe", {"exec": {"command": ["sh"]}}),
    "a program before the end": ("container.lifecycle", {"preStop": {"exec": {"command": ["sh"]}}}),
    "a program after the start": ("container.lifecycle", {"postStart": {"exec": {"command": ["sh"]}}}),
    "a probe of another host by the node": (
        "container.livenessProbe",
        {"httpGet": {"host": "192.0.2.1", "port": 80}},
    ),
    "a connection of the node to another host": (
        "container.lifecycle",
        {"preStop": {"tcpSocket": {"host": "192.0.2.1", "port": 80}}},
    ),
    "a key of a Secret": (
        "container.env.+",
        {"name": "SENTIMENT_X", "valueFrom": {"secretKeyRef": {"name": "x", "key": "x"}}},
    ),
    "a key of a ConfigMap": (
        "container.env.+",
        {"name": "SENTIMENT_X", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "x"}}},
    ),
    "a variable that git runs": ("container.env.+", {"name": "GIT_SSH_COMMAND", "value": "sh"}),
    "all keys of a ConfigMap": ("container.envFrom", [{"configMapRef": {"name": "x"}}]),
    "all keys of a Secret under other names": ("container.envFrom", [{"prefix": "GIT_", "secretRef": {"name": "x"}}]),
    "all keys of two Secrets": ("container.envFrom", [{"secretRef": {"name": "one"}}, {"secretRef": {"name": "two"}}]),
}


@pytest.mark.parametrize("edit", STOLEN.values(), ids=STOLEN.keys())
@pytest.mark.parametrize("build", [a_deployment, a_job])
def test_a_stolen_token_creates_no_pods_with(
    installed: Server, bystander: Model, build: Callable[[Model], Manifest], edit: tuple[str, object]
) -> None:
    refused = try_create(installed, set_at(build(bystander), *edit))
    assert not refused.accepted
    assert "ValidatingAdmissionPolicy" in refused.error, refused.error


def test_a_stolen_token_gives_no_secret_to_a_server(installed: Server, bystander: Model) -> None:
    """A training may have one: its model names it."""
    refused = try_create(
        installed, set_at(a_deployment(bystander), "container.envFrom", [{"secretRef": {"name": "x"}}])
    )
    assert "ValidatingAdmissionPolicy" in refused.error, refused.error


@pytest.mark.parametrize(
    "edit",
    [("spec.externalIPs", ["192.0.2.1"]), ("spec.type", "LoadBalancer"), ("metadata.ownerReferences", None)],
    ids=["an address from elsewhere", "a load balancer", "no owner"],
)
def test_a_stolen_token_creates_no_service_with(installed: Server, bystander: Model, edit: tuple[str, object]) -> None:
    refused = try_create(installed, set_at(service(bystander), *edit))
    assert not refused.accepted
    assert "ValidatingAdmissionPolicy" in refused.error, refused.error


def test_a_stolen_token_touches_nothing_that_belongs_to_no_model(installed: Server) -> None:
    for attempt in (
        ["delete", "deployment/mlflow"],
        ["delete", "service/mlflow"],
        ["patch", "service/mlflow", "--type=merge", '--patch={"metadata":{"labels":{"a":"b"}}}'],
        ["delete", "serviceaccount/default"],
        ["delete", "networkpolicy/mlflow"],
    ):
        refused = installed.kubectl(*attempt, f"--namespace={NAMESPACE}", "--dry-run=server", user=OPERATOR)
        assert "belongs to no SentimentModel" in refused.error, attempt


def to_zero(deployment: str, namespace: str) -> list[str]:
    """What sets the replicas, and tries to pass the Deployment off as a model's."""
    patch = '{"spec":{"replicas":0},"status":{"selector":"app.kubernetes.io/name=sentiment-model"}}'
    place = ["patch", f"deployment/{deployment}", f"--namespace={namespace}", "--subresource=scale"]
    return [*place, "--type=merge", f"--patch={patch}", "--dry-run=server"]


def test_a_stolen_token_scales_nothing_but_the_servers_of_models(installed: Server, model: Model) -> None:
    # kubectl reads before it writes, which the operator may not.
    installed.must("create", "clusterrole", "scale-reader", "--verb=get", "--resource=deployments/scale")
    installed.must("create", "clusterrolebinding", "scale-reader", "--clusterrole=scale-reader", f"--user={OPERATOR}")
    installed.must("create", "--filename=-", body=a_deployment(model), user=OPERATOR)
    installed.must(*to_zero(model.name, model.namespace), user=OPERATOR)
    refused = installed.kubectl(*to_zero("mlflow", NAMESPACE), user=OPERATOR)
    assert "may scale no Deployment but the server of a SentimentModel" in refused.error
    installed.must(*to_zero("mlflow", NAMESPACE))


@pytest.mark.parametrize(
    "edit",
    [
        ("container.env.+", {"name": "X", "valueFrom": {"secretKeyRef": {"name": "x", "key": "x"}}}),
        ("container.lifecycle.postStart", {"exec": {"command": ["sh"]}}),
    ],
    ids=["a Secret", "a program"],
)
def test_what_a_person_gave_a_server_does_not_keep_the_operator_from_writing_it_anew(
    installed: Server, model: Model, edit: tuple[str, object]
) -> None:
    """Server-side apply leaves the addition in place; refused as invalid, it is followed by a merge patch of everything."""
    desired = a_deployment(model)
    installed.must("create", "--filename=-", body=set_at(desired, *edit))
    applied = installed.kubectl(*_server_side_apply(), body=desired, user=OPERATOR)
    assert "is invalid" in applied.error, applied.error
    place = [f"deployment/{model.name}", f"--namespace={model.namespace}"]
    installed.must("patch", *place, "--type=merge", f"--patch={json.dumps(desired)}", "--dry-run=server", user=OPERATOR)


def test_after_an_upgrade_a_deployment_may_keep_the_image_that_it_has(installed: Server, model: Model) -> None:
    before = set_at(a_deployment(model), "container.image", "localhost/sentiment-server:before")
    installed.must("create", "--filename=-", body=before)
    relabelled = set_at(before, "metadata.labels.a", "b")
    assert installed.kubectl(*_server_side_apply(), body=relabelled, user=OPERATOR).accepted
    upgraded = set_at(before, "container.image", SETTINGS.server_image)
    assert installed.kubectl(*_server_side_apply(), body=upgraded, user=OPERATOR).accepted
    foreign = set_at(before, "container.image", "evil:1")
    assert "no other images" in installed.kubectl(*_server_side_apply(), body=foreign, user=OPERATOR).error


def _server_side_apply() -> list[str]:
    return [
        "apply",
        "--server-side",
        "--force-conflicts",
        "--dry-run=server",
        "--field-manager=sentiment-operator",
        "--filename=-",
    ]

"""The operator as a process against a real API server; kubelet, trainer, model server and MLflow are played."""

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.operator.operator_process import OperatorProcess, Surroundings
from tests.integration.operator.played_mlflow import PlayedMLflow
from tests.integration.operator.played_node import PlayedNode
from tests.support.api_server import ApiServer, Manifest
from tests.support.eventually import eventually

GROUP = "/apis/rottenpotatoes.com/v1alpha1"
RESOURCES = {
    "smod": f"{GROUP}/namespaces/{{}}/sentimentmodels",
    "smrev": f"{GROUP}/namespaces/{{}}/sentimentmodelrevisions",
    "smap": f"{GROUP}/namespaces/{{}}/sentimentmodelapprovals",
    "job": "/apis/batch/v1/namespaces/{}/jobs",
    "deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "service": "/api/v1/namespaces/{}/services",
    "serviceaccount": "/api/v1/namespaces/{}/serviceaccounts",
    "autoscaler": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
    "budget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "networkpolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "pod": "/api/v1/namespaces/{}/pods",
    "event": "/apis/events.k8s.io/v1/namespaces/{}/events",
}


Start = Callable[..., OperatorProcess]
"""Takes the identity and settings of a replica."""


class Shop:
    """One namespace with what happens in it."""

    def __init__(self, api: ApiServer, namespace: str, mlflow: PlayedMLflow, node: PlayedNode) -> None:
        self.api, self.namespace, self.mlflow, self.node = api, namespace, mlflow, node

    def path(self, kind: str, name: str = "") -> str:
        """URL path of a kind, or of one object."""
        return RESOURCES[kind].format(self.namespace) + (f"/{name}" if name else "")

    def get(self, kind: str, name: str) -> Manifest | None:
        """The object, None without one."""
        answer = self.api.request("GET", self.path(kind, name))
        return answer.body if answer.accepted else None

    def names(self, kind: str) -> list[str]:
        """Names of all objects of the kind."""
        return sorted(item["metadata"]["name"] for item in self.api.request("GET", self.path(kind)).body["items"])

    def create(self, kind: str, manifest: Manifest) -> Manifest:
        """Create an object."""
        answer = self.api.request("POST", self.path(kind), manifest)
        assert answer.accepted, answer.message
        return answer.body

    def patch(self, kind: str, name: str, patch: Manifest) -> Manifest:
        """Merge patch."""
        answer = self.api.request("PATCH", self.path(kind, name), patch)
        assert answer.accepted, answer.message
        return answer.body

    def delete(self, kind: str, name: str) -> None:
        """Delete an object with what it owns."""
        answer = self.api.request("DELETE", self.path(kind, name), {"propagationPolicy": "Background"})
        assert answer.accepted, answer.message

    def a_model(self, name: str = "imdb", **spec: Any) -> Manifest:
        """Create a model; its data names a volume."""
        data = {"volume": {"claimName": "reviews", "path": "reviews.csv"}}
        manifest = {"apiVersion": "rottenpotatoes.com/v1alpha1", "kind": "SentimentModel"}
        return self.create("smod", manifest | {"metadata": {"name": name}, "spec": {"data": data, **spec}})

    @contextmanager
    def quota(self, **hard: int) -> Iterator[None]:
        """For so long the namespace may hold no more than this."""
        quotas = f"/api/v1/namespaces/{self.namespace}/resourcequotas"
        limits = {name: str(count) for name, count in hard.items()}
        quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight"}, "spec": {"hard": limits}}
        # The status is what the quota controller would write, which does not run here.
        counted = {"status": {"hard": limits, "used": dict.fromkeys(limits, "0")}}
        assert self.api.request("POST", quotas, quota).accepted
        assert self.api.request("PATCH", f"{quotas}/tight/status", counted).accepted
        yield
        assert self.api.request("DELETE", f"{quotas}/tight").accepted

    def condition(self, name: str, kind: str) -> tuple[str, str]:
        """Status and reason of a model's condition."""
        status: Manifest = (self.get("smod", name) or {}).get("status", {})
        conditions: list[dict[str, str]] = status.get("conditions") or []
        return next(((entry["status"], entry["reason"]) for entry in conditions if entry["type"] == kind), ("", ""))

    def wait(self, name: str, kind: str, truth: str, reason: str = "") -> None:
        """Return when the condition is so."""

        def is_so() -> bool:
            found = self.condition(name, kind)
            return found[0] == truth and reason in ("", found[1])

        eventually(f"{name} is {kind}={truth} {reason}, not {self.condition(name, kind)}", is_so)

    def ready(self, name: str = "imdb", version: str = "") -> None:
        """Return when the model serves what is wanted."""

        def is_ready() -> bool:
            body = self.get("smod", name) or {}
            status: Manifest = body.get("status", {})
            wanted = version or status.get("wantedVersion")
            is_current = status.get("observedGeneration") == body.get("metadata", {}).get("generation")
            return is_current and self.condition(name, "Ready")[0] == "True" and status.get("servingVersion") == wanted

        eventually(f"{name} is ready with version {version or 'wanted'}", is_ready)

    def story(self) -> str:
        """What there is, as whoever looks for the cause of a failure wants to read it."""
        lines: list[str] = []
        for kind in ("smod", "deployment", "job", "pod", "event"):
            for item in self.api.request("GET", self.path(kind)).body.get("items", []):
                told = {part: item[part] for part in ("status", "reason", "note") if item.get(part)}
                lines.append(f"{kind} {item['metadata']['name']}: {json.dumps(told)}")
        return "\n".join(lines)

    def versions_of_everything(self) -> dict[str, str]:
        """kind/name → resourceVersion of every object: equal twice means that nobody wrote anything between."""
        return {
            f"{kind}/{item['metadata']['name']}": item["metadata"]["resourceVersion"]
            for kind in RESOURCES
            for item in self.api.request("GET", self.path(kind)).body["items"]
        }


@contextmanager
def opened(api: ApiServer, namespace: str) -> Iterator[Shop]:
    """A shop for as long as it is needed."""
    mlflow = PlayedMLflow()
    node = PlayedNode(api, namespace, mlflow)
    yield Shop(api, namespace, mlflow, node)
    node.close()
    mlflow.close()


@contextmanager
def starting(shop: Shop, logs: Path) -> Iterator[Start]:
    """Starts operator processes and ends them when they are no longer needed."""
    started: list[OperatorProcess] = []

    def begin(identity: str = "one", **settings: str) -> OperatorProcess:
        given = Surroundings(shop.api, shop.mlflow.url, shop.node.url, shop.namespace, logs, settings)
        started.append(OperatorProcess(given, identity))
        return started[-1]

    yield begin
    for process in started:
        process.kill()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Leave word for the fixtures of a test that it failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture
def shop(request: pytest.FixtureRequest, crds: ApiServer, namespace: str) -> Iterator[Shop]:
    """A namespace of its own with a played MLflow and node; of a test that failed, it prints what was there."""
    with opened(crds, namespace) as shop:
        yield shop
        if request.node.stash.get(FAILED, False):
            print(shop.story())


@pytest.fixture
def start(shop: Shop, tmp_path: Path) -> Iterator[Start]:
    """Starts operator processes and ends them after the test."""
    with starting(shop, tmp_path) as start:
        yield start


@pytest.fixture
def operator(start: Start) -> OperatorProcess:
    """One operator that leads."""
    return start().wait_until_it_leads()

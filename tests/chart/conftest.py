"""helm, and one real control plane of this tier's own: its admission policies would be in the way of other tests."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from local_cluster import ControlPlane, toolchain
from local_cluster.settings import cache_directory
from tests.chart.rendering import CHART, LOADER, NAMESPACE, RELEASE, Helm, Manifest


@pytest.fixture(scope="session")
def helm() -> Helm:
    """The helm that the local cluster's tool chain builds, or the one that is installed."""
    if installed := shutil.which("helm"):
        return Helm(installed)
    if sys.platform != "linux":
        pytest.skip("helm is not installed, and the tool chain that builds it is for Linux")
    toolchain.build(only="kube")
    return Helm(str(toolchain.binary("helm")))


@dataclass(frozen=True)
class Answer:
    """What kubectl said."""

    accepted: bool
    output: str
    error: str

    @property
    def manifest(self) -> Manifest:
        """Standard output, read as YAML."""
        return yaml.load(self.output, LOADER)  # noqa: S506  a safe one


@dataclass(frozen=True)
class Server:
    """A real API server with controllers, but without a node."""

    plane: ControlPlane

    def kubectl(
        self, *arguments: str, body: Manifest | str | None = None, user: str = "", groups: tuple[str, ...] = ()
    ) -> Answer:
        """Run kubectl as the administrator, or as the user."""
        command = [str(toolchain.binary("kubectl")), f"--kubeconfig={self.plane.kubeconfig}", *arguments]
        command += [f"--as={user}"] if user else []
        command += [f"--as-group={group}" for group in groups]
        text = body if isinstance(body, str) or body is None else yaml.safe_dump(body)
        answer = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        return Answer(answer.returncode == 0, answer.stdout, answer.stderr)

    def must(self, *arguments: str, body: Manifest | str | None = None, user: str = "") -> Answer:
        """The same, where a refusal means that the test itself is wrong."""
        answer = self.kubectl(*arguments, body=body, user=user)
        assert answer.accepted, answer.error
        return answer


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The API server, ended with the session."""
    if sys.platform != "linux":
        pytest.skip("a real API server is needed, and the tool chain builds it for Linux alone")
    folders = cache_directory() / "clusters"
    for left in folders.glob("chart-*"):
        if not Path("/proc", left.name.removeprefix("chart-")).exists():
            ControlPlane(left).down()
    plane = ControlPlane(folders / f"chart-{os.getpid()}", with_controllers=True)
    try:
        plane.up()
        yield Server(plane)
    finally:
        plane.down()


@pytest.fixture(scope="session")
def installed(server: Server, helm: Helm) -> Server:
    """The API server with the chart installed."""
    install(server, helm)
    return server


def install(server: Server, helm: Helm, *options: str) -> None:
    """Install or upgrade the release as the README says, without waiting for pods: there is no node."""
    helm.run(
        *("upgrade", "--install", RELEASE, str(CHART), f"--namespace={NAMESPACE}", "--create-namespace"),
        *(f"--kubeconfig={server.plane.kubeconfig}", *options),
    )
    for name in ("sentimentmodels", "sentimentmodelrevisions", "sentimentmodelapprovals"):
        server.must("wait", "--for=condition=Established", f"crd/{name}.rottenpotatoes.com")
    server.kubectl("create", "clusterrolebinding", "prober", f"--clusterrole={RELEASE}-edit", "--user=prober")
    _wait_for_policies(server)


MODEL: Manifest = {
    "apiVersion": "rottenpotatoes.com/v1alpha1",
    "kind": "SentimentModel",
    "metadata": {"name": "probe"},
    "spec": {"data": {"volume": {"claimName": "probe", "path": "probe.csv"}}},
}
APPROVAL: Manifest = {
    **MODEL,
    "kind": "SentimentModelApproval",
    "spec": {
        "modelRef": {"name": "probe"},
        "version": "1",
        "revisionDigest": "a" * 64,
        "decision": "Approve",
        "approvedBy": "nobody",
    },
}
SERVICE: Manifest = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "probe"},
    "spec": {"ports": [{"port": 80}]},
}
JOB: Manifest = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {
        "name": "probe",
        "ownerReferences": [
            {**{name: MODEL[name] for name in ("apiVersion", "kind")}, "name": "probe", "uid": "0", "controller": True}
        ],
    },
    "spec": {
        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "probe", "image": "localhost/probe"}]}}
    },
}
PROBES: dict[str, tuple[str, Manifest]] = {
    "references": ("prober", MODEL),
    "promotion": ("", {**MODEL, "spec": {**MODEL["spec"], "promotion": {"requestedBy": "nobody"}}}),
    "approvals": ("", APPROVAL),
    "jobs": ("", JOB),
    "operator-objects": (f"system:serviceaccount:{NAMESPACE}:{RELEASE}", SERVICE),
}
"""Policy → user and what it refuses them. The API server takes up new policies about once in a second, not all at once."""


def _wait_for_policies(server: Server) -> None:
    deadline = time.monotonic() + 60
    command = ["create", "--dry-run=server", "--namespace=default", "--filename=-"]
    for policy, (user, document) in PROBES.items():
        refusal = f"ValidatingAdmissionPolicy '{RELEASE}-{policy}'"
        while refusal not in (error := server.kubectl(*command, body=document, user=user).error):
            assert time.monotonic() < deadline, f"not within 60 s: {refusal} refuses the probe; last answer: {error}"
            time.sleep(0.1)

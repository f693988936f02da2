"""One real control plane (etcd, API server and controllers, no nodes) for all integration tests of a session."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest
import yaml

from local_cluster import ControlPlane, toolchain
from local_cluster.settings import cache_directory
from tests.support.api_server import ApiServer, Manifest
from tests.support.eventually import eventually

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = "integration"
GIVEN_SERVER = "INTEGRATION_KUBECONFIG"
"""Names the kubeconfig of a cluster that runs already; the tests install the definitions there."""


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """A control plane with garbage collection, end of namespaces, Jobs and Deployments; ended with the session."""
    if sys.platform != "linux":
        pytest.skip("the integration tier starts etcd and kube-apiserver, which are built for Linux alone")
    folders = cache_directory() / "clusters"
    _remove_leftovers(folders)
    plane = ControlPlane(folders / f"{CLUSTER}-{os.getpid()}", with_controllers=True)
    try:
        plane.up()
        yield plane
    finally:
        plane.down()


def _remove_leftovers(folders: Path) -> None:
    """End the control planes of sessions that were killed."""
    for folder in folders.glob(f"{CLUSTER}-*"):
        if not Path("/proc", folder.name.removeprefix(f"{CLUSTER}-")).exists():
            ControlPlane(folder).down()


@pytest.fixture(scope="session")
def api_server(request: pytest.FixtureRequest) -> ApiServer:
    """A running API server."""
    if given := os.environ.get(GIVEN_SERVER):
        return ApiServer(Path(given), shutil.which("kubectl") or "kubectl")
    plane: ControlPlane = request.getfixturevalue("control_plane")
    server = ApiServer(plane.kubeconfig, str(toolchain.binary("kubectl")))
    eventually("the namespace default exists", lambda: server.request("GET", "/api/v1/namespaces/default").accepted)
    return server


@pytest.fixture(scope="session")
def crds(api_server: ApiServer) -> ApiServer:
    """The API server with our definitions installed and served."""
    define(api_server, sorted((ROOT / "crds").glob("*.yaml")))
    return api_server


@pytest.fixture(scope="session")
def gateway_api(api_server: ApiServer) -> ApiServer:
    """The API server with the definitions of the Gateway API that its own module holds."""
    folder = toolchain.sources_of(toolchain.GATEWAY, toolchain.GATEWAY_API) / "config" / "crd" / "standard"
    define(api_server, sorted(folder.glob("*_httproutes.yaml")))
    return api_server


def define(api_server: ApiServer, files: Sequence[Path]) -> None:
    """Install the definitions, and return once they are served."""
    for file in files:
        definition = yaml.safe_load(file.read_text(encoding="utf-8"))
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{definition['metadata']['name']}"
        answer = api_server.apply(path, definition)
        assert answer.accepted, f"{file.name}: {answer.message}"
        eventually(f"{file.name} is established", _established(api_server, path))
        eventually(f"{file.name} is served", _served(api_server, definition["spec"]))


def _established(api_server: ApiServer, path: str) -> Callable[[], bool]:
    def is_established() -> bool:
        # Null until the API server has looked at the definition.
        conditions: list[dict[str, str]] = api_server.request("GET", path).body["status"]["conditions"] or []
        return any((entry["type"], entry["status"]) == ("Established", "True") for entry in conditions)

    return is_established


def _served(api_server: ApiServer, kind: Manifest) -> Callable[[], bool]:
    collection = f"/apis/{kind['group']}/{kind['versions'][0]['name']}/{kind['names']['plural']}"
    return lambda: api_server.request("GET", collection).accepted


_numbers = count(1)


@pytest.fixture
def namespace(api_server: ApiServer) -> str:
    """A namespace of this test's own. It is not deleted: the control plane ends with the session."""
    name = f"test-{os.getpid()}-{next(_numbers)}"
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    answer = api_server.request("POST", "/api/v1/namespaces", manifest)
    assert answer.accepted, answer.message
    return name

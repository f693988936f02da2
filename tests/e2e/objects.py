"""Reads objects as `kubectl get` does, but without a process for every look: most of what the tests do is to look again."""

from functools import cache

from urllib3.exceptions import HTTPError

from demo.target import Target
from local_cluster import Cluster, toolchain
from local_cluster.console import ClusterError
from tests.support.api_server import Answer, ApiServer, Manifest

CLUSTER = Target("local", "test")
NOT_FOUND = 404


def one(namespace: str, kind: str, name: str) -> Manifest | None:
    """One object, None if it is not there."""
    found = _ask(f"{_collection(namespace, kind)}/{name}")
    if found.status == NOT_FOUND:
        return None
    return _body(found)


def every(namespace: str, kind: str, selector: str = "") -> list[Manifest]:
    """All objects of a kind that carry the labels; of all namespaces where none is named."""
    query = {"labelSelector": selector} if selector else {}
    items: list[Manifest] = _body(_ask(_collection(namespace, kind), **query))["items"]
    return items


def _collection(namespace: str, kind: str) -> str:
    group, plural = _resources()[kind]
    return f"{group}/namespaces/{namespace}/{plural}" if namespace else f"{group}/{plural}"


@cache
def _resources() -> dict[str, tuple[str, str]]:
    """Where a kind is, by each of the names that kubectl takes for it."""
    versions = [group["preferredVersion"]["groupVersion"] for group in _body(_ask("/apis"))["groups"]]
    found: dict[str, tuple[str, str]] = {}
    for path in ("/api/v1", *(f"/apis/{version}" for version in versions)):
        for resource in _body(_ask(path))["resources"]:
            if "/" not in resource["name"]:
                spellings = (resource["name"], resource["singularName"], *resource.get("shortNames", ()))
                found = dict.fromkeys(spellings, (path, resource["name"])) | found
    return found


def _ask(path: str, **query: str) -> Answer:
    try:
        return _api_server().request("GET", path, **query)
    except HTTPError as error:
        raise ClusterError(f"GET {path}: {error}") from error


def _body(answer: Answer) -> Manifest:
    if not answer.accepted:
        raise ClusterError(answer.message)
    return answer.body


@cache
def _api_server() -> ApiServer:
    return ApiServer(Cluster.named(CLUSTER.name).kubeconfig, str(toolchain.binary("kubectl")))

"""A cluster of its own, broken on purpose: it heals, it bears two calls at once, and it leaves no trace."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cluster import Cluster, preflight
from local_cluster.components import ORDER
from local_cluster.console import holds_within

pytestmark = pytest.mark.e2e

NAME = "spare"
ROOT = Path(__file__).resolve().parents[2]
SECOND_UP_SECONDS = 15
POD = ("--image=localhost/pause:1", "--image-pull-policy=Never", "--restart=Never")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Started from nothing."""
    if obstacles := preflight.obstacles():
        pytest.skip("no node can run here: " + "; ".join(obstacles))
    one = Cluster.named(NAME)
    one.down()
    one.up()
    yield one
    one.down()


@pytest.fixture
def pod(cluster: Cluster) -> str:
    """A new pod that runs."""
    name = "local-cluster-probe"
    cluster.kubectl("delete", "pod", name, "--ignore-not-found", "--grace-period=0", "--force")
    cluster.kubectl("run", name, *POD)
    cluster.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")
    return name


def _command(*words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "local_cluster", *words, "--name", NAME]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _kill(cluster: Cluster, component: str) -> None:
    pid = cluster.states()[component]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert holds_within(5, lambda: cluster.states()[component] is None)


@pytest.mark.parametrize("component", ORDER)
def test_a_killed_component_is_named_by_status_and_healed_by_up(cluster: Cluster, component: str) -> None:
    untouched = {name: pid for name, pid in cluster.states().items() if name != component}
    _kill(cluster, component)
    status = _command("status")
    assert f"{component:26}does not run" in status.communicate()[0]
    assert status.returncode == 1
    cluster.up()
    assert all(cluster.states().values())
    assert untouched.items() <= cluster.states().items()


def test_a_pod_outlives_the_programs_that_started_it(cluster: Cluster, pod: str) -> None:
    path = "jsonpath={.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}"
    before = cluster.kubectl("get", "pod", pod, "-o", path)
    for component in ("kubelet", "containerd", "etcd"):
        _kill(cluster, component)
    cluster.up()
    cluster.kubectl("wait", "--for=condition=Ready", f"pod/{pod}", "--timeout=60s")
    assert cluster.kubectl("get", "pod", pod, "-o", path) == before


def test_two_calls_at_once_both_succeed_and_one_waits(cluster: Cluster) -> None:
    _kill(cluster, "kube-apiserver")
    both = [_command("up"), _command("up")]
    said = [call.communicate(timeout=120)[1] for call in both]
    assert [call.returncode for call in both] == [0, 0], "\n".join(said)
    assert sum("waiting for it to end" in each for each in said) == 1
    assert all(cluster.states().values())


def test_a_second_up_is_quick_and_starts_nothing(cluster: Cluster) -> None:
    before = cluster.states()
    began = time.monotonic()
    call = _command("up")
    said = call.communicate(timeout=60)[1]
    assert call.returncode == 0, said
    assert time.monotonic() - began <= SECOND_UP_SECONDS
    assert cluster.states() == before


def test_the_host_reaches_a_pod_by_its_address_and_nothing_leads_out(cluster: Cluster, pod: str) -> None:
    address = cluster.kubectl("get", "pod", pod, "-o", "jsonpath={.status.podIP}")
    route = subprocess.run(["ip", "route", "get", address], text=True, capture_output=True, check=True).stdout
    assert cluster.settings.host_link in route
    inside = ("ip", "-n", cluster.settings.namespace, "route", "show", "default")
    assert subprocess.run(inside, text=True, capture_output=True, check=True).stdout.split()[:1] == ["unreachable"]


def test_whoever_came_before_a_service_reaches_it_from_the_same_port(cluster: Cluster) -> None:
    address = cluster.settings.service_range.replace(".0.0/16", ".200.1")
    with socket.socket() as early:
        early.settimeout(5)
        with pytest.raises(ConnectionRefusedError):
            early.connect((address, 80))
        port = early.getsockname()[1]
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(_service_of_the_api_server(cluster, address)))
    assert holds_within(10, lambda: _connects(address))
    assert _connects(address, port)


def _service_of_the_api_server(cluster: Cluster, address: str) -> dict[str, object]:
    name, ports = "early", [{"port": 80, "targetPort": 6443}]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"clusterIP": address, "ports": ports},
    }
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [{"port": 6443}],
        "endpoints": [{"addresses": [cluster.settings.node_address]}],
    }
    return {"apiVersion": "v1", "kind": "List", "items": [service, endpoints]}


def _connects(address: str, port: int = 0) -> bool:
    with socket.socket() as caller:
        caller.settimeout(5)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        caller.bind(("", port))
        return caller.connect_ex((address, 80)) == 0


def test_down_leaves_no_trace(cluster: Cluster, pod: str) -> None:
    assert pod in cluster.kubectl("get", "pods", "-o", "name")
    cluster.down()
    assert _traces(cluster) == []


def _traces(cluster: Cluster) -> list[str]:
    settings = cluster.settings
    mark = str(settings.state)
    looks = {
        "links": ("ip", "link"),
        "routes": ("ip", "route"),
        "namespaces": ("ip", "netns"),
    }
    said = {
        name: subprocess.run(words, text=True, capture_output=True, check=True).stdout for name, words in looks.items()
    }
    said["mounts"] = Path("/proc/self/mountinfo").read_text()
    said["processes"] = "\n".join(_command_lines())
    said["control groups"] = "\n".join(map(str, Path("/sys/fs/cgroup").glob("**/rotten-*")))
    said["network results"] = "\n".join(map(str, Path("/var/lib/cni").glob("results/*")))
    said["state"] = mark if settings.state.exists() else ""
    marks = (mark, settings.host_link, settings.namespace, settings.node_address)
    return [
        f"{name}: {line}" for name, text in said.items() for line in text.splitlines() if any(m in line for m in marks)
    ]


def _command_lines() -> Iterator[str]:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue

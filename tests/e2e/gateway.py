"""A real Gateway for one namespace: Traefik as a process of this machine, which has a route to the pods of the cluster."""

import json
import os
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.installation import CHART, RELEASE
from demo.installation import NAMESPACE as SYSTEM
from local_cluster import toolchain
from tests.e2e.shop import CLUSTER, Manifest, Shop
from tests.support.eventually import eventually
from tests.support.ports import free_port

NAME = "public"
CONTROLLER = "traefik.io/gateway-controller"
QUIET = ("--global.checknewversion=false", "--global.sendanonymoususage=false")
"""It asks nobody outside of this machine for anything."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A Gateway that runs."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def address(self) -> str:
        """Where it takes requests."""
        return f"127.0.0.1:{self.port}"


@contextmanager
def the_gateway_api() -> Generator[None]:
    """For so long the cluster has the definitions, and the operator may write routes."""
    folder = toolchain.sources_of(toolchain.GATEWAY, toolchain.GATEWAY_API) / "config" / "crd" / "standard"
    CLUSTER.kubectl("apply", "--server-side", "-f", str(folder))
    CLUSTER.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(folder))
    try:
        _switch("true")
        yield
    finally:
        _switch("false")
        CLUSTER.kubectl("delete", "-f", str(folder), "--ignore-not-found", "--wait=false")


def _switch(enabled: str) -> None:
    upgrade = ("upgrade", RELEASE, CHART, "-n", SYSTEM, "--reuse-values", "--wait", "--timeout", "4m")
    CLUSTER.helm(*upgrade, "--set", f"gatewayAPI.enabled={enabled}")


@contextmanager
def a_gateway(shop: Shop) -> Generator[Gateway]:
    """A Gateway in the namespace, and the process that its requests come through."""
    toolchain.build_module(toolchain.GATEWAY)
    port = free_port()
    shop.apply(_class(), _gateway(port))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "traefik.log"
        command = [
            str(toolchain.binary("traefik")), "--providers.kubernetesgateway=true", "--log.level=INFO", *QUIET,
            f"--providers.kubernetesgateway.namespaces={shop.namespace}", f"--entrypoints.web.address=127.0.0.1:{port}",
        ]  # fmt: skip
        environment = {**os.environ, "KUBECONFIG": str(CLUSTER.kubeconfig())}
        with log.open("wb") as sink, subprocess.Popen(command, env=environment, stdout=sink, stderr=sink) as process:
            try:
                gateway = Gateway(port, process, log)
                eventually(f"the Gateway is programmed: {log}", lambda: _is_programmed(shop, gateway))
                yield gateway
            finally:
                process.terminate()
                process.wait(30)
                CLUSTER.kubectl("delete", "gatewayclass", NAME, "--ignore-not-found")


def _is_programmed(shop: Shop, gateway: Gateway) -> bool:
    assert gateway.process.poll() is None, gateway.log.read_text()[-2000:]
    status: Manifest = shop.the("gateway", NAME).get("status", {})
    found = {entry["type"]: entry["status"] for entry in status.get("conditions", [])}
    return found.get("Programmed") == "True"


def _class() -> Manifest:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": NAME},
        "spec": {"controllerName": CONTROLLER},
    }


def _gateway(port: int) -> Manifest:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": NAME},
        "spec": {
            "gatewayClassName": NAME,
            "listeners": [{"name": "web", "protocol": "HTTP", "port": port}],
        },
    }


def weights(shop: Shop) -> dict[str, int]:
    """What the route of model `imdb` says."""
    (rule,) = shop.the("httproute", "imdb")["spec"]["rules"]
    return {backend["name"]: backend["weight"] for backend in rule["backendRefs"]}


def said_of_the_route(shop: Shop) -> str:
    """What the Gateway's controller says of it."""
    return json.dumps(shop.the("httproute", "imdb").get("status", {}))

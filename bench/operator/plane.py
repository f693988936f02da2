"""A real control plane whose nodes and pods are played by KWOK: etcd, API server, controllers and scheduler, no kubelet.

One for each measurement, thrown away after it, so that none begins with what another left. It knows no operator.
"""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local_cluster import ControlPlane, toolchain
from local_cluster.console import wait_until
from local_cluster.processes import end

NODES = 8
OPERATOR = "system:serviceaccount:bench:operator"
"""The account that every measured operator uses, and the only one whose requests are counted."""
QPS, BURST = 1000, 2000
STAGES = Path(__file__).with_name("stages.yaml")
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
_PATIENCE_SECONDS = 60
_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "users": [OPERATOR]}, {"level": "None"}],
}


@dataclass(frozen=True, slots=True)
class Plane:
    """Everything of it lies below `folder`, its state in a folder of its own there."""

    folder: Path

    @property
    def audit_log(self) -> Path:
        """Every request of the operator, one JSON event a line."""
        return self.folder / "audit.log"

    @property
    def kubeconfig(self) -> Path:
        """What the operator is given."""
        return self.folder / "operator.kubeconfig"

    @property
    def _plane(self) -> ControlPlane:
        log = ("--audit-log-path", str(self.audit_log), "--audit-log-maxsize", "4000")
        policy = ("--audit-policy-file", str(self.folder / "audit-policy.json"))
        return ControlPlane(self.folder / "plane", api_server_options=(*log, *policy))

    def up(self) -> None:
        """Start it, and return when its nodes are ready."""
        toolchain.build_module(toolchain.KWOK)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "audit-policy.json").write_text(json.dumps(_POLICY))
        plane = self._plane
        plane.up()
        access, rate = f"--kubeconfig={plane.kubeconfig}", (f"--kube-api-qps={QPS}", f"--kube-api-burst={BURST}")
        keys = plane.state / "pki"
        self._start(
            "kube-controller-manager", access, *rate, "--leader-elect=false", "--secure-port=0",
            "--controllers=*,-horizontal-pod-autoscaler-controller", "--use-service-account-credentials=true",
            f"--root-ca-file={keys}/ca.crt", f"--service-account-private-key-file={keys}/sa.key",
            f"--cert-dir={plane.state}/serving",
        )  # fmt: skip
        self._start("kube-scheduler", access, *rate, "--leader-elect=false", "--secure-port=0")
        self._start(
            "kwok",
            access,
            "--manage-all-nodes=true",
            "--node-lease-duration-seconds=40",
            f"--config={STAGES}",
            "--cidr=10.64.0.1/10",
        )
        plane.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": _objects()}))
        wait_until("nodes of KWOK", self._nodes_are_ready, _PATIENCE_SECONDS, lambda: f"see {plane.state}/logs")
        self._write_kubeconfig()

    def down(self) -> None:
        """End every process of it and remove its state."""
        for name in reversed(COMPONENTS[2:]):
            self._plane.process(name).stop()
        self._plane.down()

    def pids(self) -> Mapping[str, int]:
        """Component → process id."""
        found = {name: self._plane.process(name).pid() for name in COMPONENTS}
        return {name: pid for name, pid in found.items() if pid is not None}

    def apply(self, *manifests: Mapping[str, Any]) -> None:
        """Make these objects, as the administrator."""
        document = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        self._plane.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(document))

    def wait_for_definition(self, name: str) -> None:
        """Return when the kind can be written."""
        self._plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", f"crd/{name}")

    def access(self) -> tuple[str, ssl.SSLContext]:
        """URL of the API server, and what makes a client its administrator."""
        keys = self._plane.state / "pki"
        context = ssl.create_default_context(cafile=str(keys / "ca.crt"))
        context.load_cert_chain(keys / "admin.crt", keys / "admin.key")
        return self._document()["clusters"][0]["cluster"]["server"], context

    def _document(self) -> Any:
        return yaml.safe_load(self._plane.kubeconfig.read_text(encoding="utf-8"))

    def _start(self, name: str, *arguments: str) -> None:
        self._plane.process(name).start((toolchain.binary(name), *arguments))

    def _nodes_are_ready(self) -> bool:
        told = json.loads(self._plane.kubectl("get", "nodes", "-o", "json"))
        conditions: list[dict[str, str]] = []
        for node in told["items"]:
            conditions += node["status"].get("conditions") or []
        return sum((entry["type"], entry["status"]) == ("Ready", "True") for entry in conditions) == NODES

    def _write_kubeconfig(self) -> None:
        token = self._plane.kubectl("-n", "bench", "create", "token", "operator", "--duration=24h").strip()
        document = self._document()
        document["users"][0]["user"] = {"token": token}
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(json.dumps(document))


def end_process(pid: int) -> None:
    """SIGTERM, a while of patience, SIGKILL."""
    end(pid)


def _objects() -> list[dict[str, Any]]:
    account = {"kind": "ServiceAccount", "name": "operator", "namespace": "bench"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bench"}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "operator", "namespace": "bench"}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "bench-operator"},
            "roleRef": role,
            "subjects": [account],
        },
        *[
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"played-{number}", "labels": {"played": "yes"}}}
            for number in range(NODES)
        ],
    ]

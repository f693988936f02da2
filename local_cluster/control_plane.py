"""etcd and an API server on loopback, without root, nodes or network namespaces: enough to test admission and writes.

With controllers it also collects garbage and ends namespaces.
"""

import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from local_cluster import components, configuration, pki, toolchain
from local_cluster.commands import run, succeeds
from local_cluster.console import ClusterError, wait_until
from local_cluster.processes import Process

CONTROLLERS = (
    "garbage-collector-controller,namespace-controller,serviceaccount-controller,"
    "job-controller,deployment-controller,replicaset-controller"
)
SERVICE_RANGE = "10.96.0.0/16"
STARTED_LAST_FIRST = ("kube-controller-manager", "kube-apiserver", "etcd")
PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """A control plane whose whole state is one folder."""

    state: Path
    with_controllers: bool = False
    with_audit: bool = False
    api_server_options: tuple[str, ...] = ()
    """What the API server is started with besides."""

    @property
    def kubeconfig(self) -> Path:
        """Credentials of its administrator."""
        return self.state / "admin.kubeconfig"

    @property
    def audit_log(self) -> Path:
        """One JSON event a line, where it was asked for."""
        return self.state / "logs" / "audit.log"

    def up(self) -> None:
        """Start it on free ports and return when it answers. The state of an earlier one in the folder is dropped."""
        toolchain.build(only="kube")
        self.down()
        self.state.mkdir(parents=True, exist_ok=True)
        etcd, peers, api = _free_ports(3)
        pki.create_for_loopback(self.state, f"https://127.0.0.1:{api}")
        self._start("etcd", *_etcd(self.state, etcd, peers))
        self._start("kube-apiserver", *_apiserver(self.state, etcd, api), *self._audit(), *self.api_server_options)
        late = "is not ready"
        wait_until("kube-apiserver", self._answers, PATIENCE_SECONDS, lambda: self._failure("kube-apiserver", late))
        if self.with_controllers:
            self._start("kube-controller-manager", *_controllers(self.state))

    def down(self) -> None:
        """Stop it and remove its folder. ClusterError for a folder that holds anything but a control plane."""
        if not self.state.exists():
            return
        if any(self.state.iterdir()) and not (self.state / "pki").is_dir():
            raise ClusterError(f"{self.state} holds something else. Next: name a folder of the control plane's own")
        for name in STARTED_LAST_FIRST:
            Process(self.state, name).stop()
        shutil.rmtree(self.state, ignore_errors=True)

    def states(self) -> dict[str, int | None]:
        """Component → process id, None where it does not run."""
        processes = [self.process(name) for name in reversed(STARTED_LAST_FIRST)]
        return {process.name: process.pid() for process in processes if process.log.exists()}

    def process(self, name: str) -> Process:
        """One component."""
        return Process(self.state, name)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Standard output of kubectl as the administrator."""
        return run(toolchain.binary("kubectl"), "--kubeconfig", self.kubeconfig, *arguments, stdin=stdin)

    def _start(self, name: str, *arguments: str) -> None:
        self.process(name).start((toolchain.binary(name), *arguments))

    def _answers(self) -> bool:
        for name in ("etcd", "kube-apiserver"):
            if self.process(name).pid() is None:
                raise ClusterError(self._failure(name, "ended"))
        return succeeds(toolchain.binary("kubectl"), "--kubeconfig", self.kubeconfig, "get", "--raw", "/readyz")

    def _failure(self, name: str, what: str) -> str:
        process = self.process(name)
        return f"{name} {what}. The end of {process.log}:\n{process.last_words()}\nNext: the same command once more"

    def _audit(self) -> list[str]:
        if not self.with_audit:
            return []
        (self.state / "audit-policy.json").write_text(configuration.audit_policy())
        return components.audit(self.state)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _etcd(state: Path, port: int, peers: int) -> list[str]:
    url = f"http://127.0.0.1:{port}"
    return [
        f"--data-dir={state}/etcd", f"--listen-client-urls={url}", f"--advertise-client-urls={url}",
        f"--listen-peer-urls=http://127.0.0.1:{peers}", "--unsafe-no-fsync",
    ]  # fmt: skip


def _apiserver(state: Path, etcd: int, port: int) -> list[str]:
    keys = state / "pki"
    return [
        f"--etcd-servers=http://127.0.0.1:{etcd}", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
        f"--secure-port={port}", f"--service-cluster-ip-range={SERVICE_RANGE}", "--authorization-mode=RBAC",
        f"--client-ca-file={keys}/ca.crt", f"--tls-cert-file={keys}/apiserver.crt",
        f"--tls-private-key-file={keys}/apiserver.key", f"--service-account-key-file={keys}/sa.pub",
        f"--service-account-signing-key-file={keys}/sa.key", f"--cert-dir={state}/serving",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local", "--endpoint-reconciler-type=none",
    ]  # fmt: skip


def _controllers(state: Path) -> list[str]:
    keys = state / "pki"
    return [
        f"--kubeconfig={state}/admin.kubeconfig", f"--controllers={CONTROLLERS}", "--leader-elect=false",
        f"--root-ca-file={keys}/ca.crt", f"--service-account-private-key-file={keys}/sa.key",
        "--use-service-account-credentials=true", f"--cert-dir={state}/serving", "--secure-port=0",
        "--kube-api-qps=200", "--kube-api-burst=400",
    ]  # fmt: skip

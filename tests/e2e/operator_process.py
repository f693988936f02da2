"""The operator as a process of this machine, with the rights and the settings it has in its pod, to be killed at will."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import yaml

from demo.installation import NAMESPACE as SYSTEM
from demo.installation import RELEASE
from local_cluster import Cluster
from tests.e2e.shop import CLUSTER

IDENTITY = "killed-again-and-again"
"""Like a container that is restarted in its pod: the same holder takes its Lease back at once."""


class OperatorProcess:
    """Starts the operator; what it says goes to a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.log = folder / "operator.log"
        self._environment = {**os.environ, **_settings(), "KUBECONFIG": str(_kubeconfig(folder))}
        self._names = _names(folder)

    @contextmanager
    def running(self) -> Generator["subprocess.Popen[bytes]"]:
        """The process, killed with SIGKILL at the end."""
        program = 'mount --bind "$1" /etc/resolv.conf && exec "$2" -m sentiment_operator'
        command = ["unshare", "--mount", "sh", "-c", program, "sh", self._names, sys.executable]
        with (
            self.log.open("ab") as log,
            subprocess.Popen(command, env=self._environment, stdout=log, stderr=log) as process,
        ):
            try:
                yield process
            finally:
                process.kill()


def _settings() -> dict[str, str]:
    deployment = json.loads(CLUSTER.kubectl("-n", SYSTEM, "get", "deploy", RELEASE, "-o", "json"))
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    given = {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}
    own = {
        "SENTIMENT_IDENTITY": IDENTITY,
        "SENTIMENT_OPERATOR_NAMESPACE": SYSTEM,
        "SENTIMENT_METRICS_PORT": "0",
        "SENTIMENT_HEALTH_PORT": "0",
    }
    return given | own


def _kubeconfig(folder: Path) -> Path:
    """Access as the operator's service account, so that its rights and the admission policies hold."""
    config = yaml.safe_load(Cluster.named(CLUSTER.name).kubeconfig.read_text())
    token = CLUSTER.kubectl("-n", SYSTEM, "create", "token", RELEASE, "--duration=2h").strip()
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return file


def _names(folder: Path) -> str:
    """The cluster's name server, so that the process finds Services as a pod does."""
    address = CLUSTER.kubectl("-n", "kube-system", "get", "service", "kube-dns", "-o", "jsonpath={.spec.clusterIP}")
    file = folder / "resolv.conf"
    file.write_text(f"nameserver {address}\nsearch {SYSTEM}.svc.cluster.local svc.cluster.local cluster.local\n")
    return str(file)


@contextmanager
def operator_process() -> Generator[OperatorProcess]:
    """An operator that is not yet started, with files of its own."""
    with tempfile.TemporaryDirectory() as folder:
        yield OperatorProcess(Path(folder))

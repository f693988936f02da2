"""Brings a cluster up, keeps it whole and takes it down: the only place that knows the sequence.

Every step looks at what is there and does what is missing, so that any call may be the first, or follow one that was
cut off.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local_cluster import addons, cgroups, components, images, leftovers, network, pki, preflight, toolchain
from local_cluster.commands import run, succeeds
from local_cluster.console import ClusterError, say, step, wait_until
from local_cluster.processes import Process
from local_cluster.settings import CLUSTERS, NODE_NAME, Settings

CONTROL_PLANE = ("kube-controller-manager", "kube-scheduler")
NODE = ("kubelet", "kube-proxy", "coredns", "metrics-server", "volumes")
CAP_SYS_RESOURCE = 1 << 24


@dataclass(frozen=True, slots=True)
class Cluster:
    """One named cluster."""

    settings: Settings

    @classmethod
    def named(cls, name: str) -> "Cluster":
        """`demo` or `test`."""
        if name not in CLUSTERS:
            raise ClusterError(f"no cluster is called {name}. Next: use one of {', '.join(CLUSTERS)}")
        return cls(CLUSTERS[name])

    @property
    def kubeconfig(self) -> Path:
        """Credentials of the cluster's administrator."""
        return self.settings.kubeconfig

    def up(self) -> None:
        """Run the whole cluster and return when its node is ready."""
        began = time.monotonic()
        preflight.check()
        preflight.install()
        toolchain.build()
        with toolchain.lock(f"cluster-{self.settings.name}"):
            self._prepare()
            self._start_control_plane()
            self._start_node()
        say(f"  cluster {self.settings.name} is ready ({time.monotonic() - began:.1f} s); KUBECONFIG={self.kubeconfig}")

    def down(self) -> None:
        """Remove every trace of the cluster but the shared cache of binaries."""
        if not self.settings.state.exists() and not network.exists(self.settings) and not cgroups.exists(self.settings):
            say(f"  cluster {self.settings.name} is not there")
            return
        with toolchain.lock(f"cluster-{self.settings.name}"), step(f"take cluster {self.settings.name} down"):
            for name in reversed(components.ORDER):
                self.process(name).stop()
                if name == "kubelet":
                    leftovers.end_pods(self.settings)
            network.remove(self.settings)
            leftovers.unmount(self.settings)
            cgroups.remove(self.settings)
            shutil.rmtree(self.settings.state, ignore_errors=True)

    def load_image(self, archive: Path) -> None:
        """Import an OCI or docker archive into the node."""
        if self.process("containerd").pid() is None:
            raise ClusterError(f"cluster {self.settings.name} does not run. Next: python3 -m local_cluster up --name {self.settings.name}")
        images.load(self.settings, archive)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Standard output of kubectl as the administrator."""
        return run(toolchain.binary("kubectl"), "--kubeconfig", self.kubeconfig, *arguments, stdin=stdin)

    def states(self) -> dict[str, int | None]:
        """Component → process id, None where it does not run."""
        return {name: self.process(name).pid() for name in components.ORDER}

    def process(self, name: str) -> Process:
        """One component."""
        return Process(self.settings.state, name)

    def _prepare(self) -> None:
        self.settings.state.mkdir(parents=True, exist_ok=True)
        network.create(self.settings)
        cgroups.create(self.settings)
        pki.create(self.settings)
        for name, content in components.files(self.settings, may_lower_oom_score=_may_lower_oom_score()).items():
            path = self.settings.state / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)

    def _start_control_plane(self) -> None:
        self._start("etcd")
        if self._start("kube-apiserver"):
            self._wait("kube-apiserver", self._api_answers)
        for name in CONTROL_PLANE:
            self._start(name)

    def _start_node(self) -> None:
        self._start("containerd")
        self._wait("containerd", lambda: images.answers(self.settings))
        images.load_pause(self.settings)
        started = [self._start(name) for name in NODE]
        if any(started):
            self.kubectl("apply", "-f", "-", stdin=json.dumps(addons.manifests(self.settings)))
        self._wait("kubelet", self._node_is_ready)

    def _start(self, name: str) -> bool:
        command = (*network.inside(self.settings), _program(name), *components.arguments(self.settings, name))
        return self.process(name).start(command)

    def _wait(self, name: str, holds: Callable[[], bool]) -> None:
        process = self.process(name)

        def still_hopeful() -> bool:
            if process.pid() is None:
                raise ClusterError(self._failure(name, "ended"))
            return holds()

        with step(f"wait for {name}"):
            wait_until(name, still_hopeful, 90, lambda: self._failure(name, "is not ready"))

    def _failure(self, name: str, what: str) -> str:
        again = f"python3 -m local_cluster down --name {self.settings.name}; then up again"
        return f"{name} {what}. Its last words ({self.process(name).log}):\n{self.process(name).last_words()}\nNext: {again}"

    def _api_answers(self) -> bool:
        return succeeds(toolchain.binary("kubectl"), "--kubeconfig", self.kubeconfig, "--request-timeout=5s", "get", "--raw", "/readyz")

    def _node_is_ready(self) -> bool:
        path = "jsonpath={.status.conditions[?(@.type=='Ready')].status} {.spec.taints[*].key}"
        command = [toolchain.binary("kubectl"), "--kubeconfig", self.kubeconfig, "get", "node", NODE_NAME, "-o", path]
        done = subprocess.run(command, text=True, capture_output=True, check=False)
        return done.stdout.strip() == "True"


def _program(name: str) -> Path | str:
    return name if name == "containerd" else toolchain.binary(name)


def _may_lower_oom_score() -> bool:
    """Whether this process, and so containerd, has CAP_SYS_RESOURCE."""
    status = Path("/proc/self/status").read_text()
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective, 16) & CAP_SYS_RESOURCE) and os.geteuid() == 0

"""Brings a cluster up, keeps it whole and takes it down: the only place that knows the sequence.

Every step looks at what is there and does what is missing, so that any call may be the first, or follow one that was
cut off.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local_cluster import (
    addons,
    cgroups,
    components,
    configuration,
    images,
    kernel,
    leftovers,
    network,
    pki,
    preflight,
    toolchain,
)
from local_cluster.commands import run, succeeds
from local_cluster.console import ClusterError, say, step, wait_until
from local_cluster.locks import lock
from local_cluster.processes import Process
from local_cluster.settings import CLUSTERS, NODE_NAME, Settings

CONTROL_PLANE = ("kube-controller-manager", "kube-scheduler")
NODE = ("kubelet", "kube-proxy", "coredns", "metrics-server", "volumes")
PATIENCE_SECONDS = 90
CAP_SYS_RESOURCE = 1 << 24


@dataclass(frozen=True, slots=True)
class Cluster:
    """One named cluster."""

    settings: Settings

    @classmethod
    def named(cls, name: str) -> "Cluster":
        """One of settings.CLUSTERS."""
        if name not in CLUSTERS:
            raise ClusterError(f"no cluster is called {name}. Next: use one of {', '.join(CLUSTERS)}")
        return cls(CLUSTERS[name])

    @property
    def kubeconfig(self) -> Path:
        """Credentials of the cluster's administrator."""
        return self.settings.kubeconfig

    @property
    def audit_log(self) -> Path:
        """One JSON event a line: every write, and every read that is not an administrator's or the node's own."""
        return self.settings.state / "logs" / "audit.log"

    def up(self) -> None:
        """Run the whole cluster and return when its node is ready."""
        began = time.monotonic()
        preflight.check()
        preflight.install()
        toolchain.build()
        with lock(self.settings.lock):
            self._addresses_are_free()
            self._prepare()
            self._start_control_plane()
            self._start_node()
            self._all_run()
        say(f"  cluster {self.settings.name} is ready ({time.monotonic() - began:.1f} s); KUBECONFIG={self.kubeconfig}")

    def down(self) -> None:
        """Remove every trace of the cluster but the shared cache of binaries."""
        with lock(self.settings.lock):
            if not self._is_there():
                kernel.restore()
                say(f"  cluster {self.settings.name} is not there")
                return
            if os.geteuid() != 0:
                raise ClusterError(f"only root can end it. Next: sudo {self._again('down')}")
            with step(f"take cluster {self.settings.name} down"):
                self._stop_everything()
                network.remove(self.settings)
                leftovers.unmount(self.settings)
                leftovers.remove_files(self.settings)
                cgroups.remove(self.settings)
                kernel.restore()
            if self._is_there():
                raise ClusterError(f"cluster {self.settings.name} left something behind. Next: down again, as root")

    def load_image(self, image: str | Path) -> None:
        """Import an archive, or an image of buildah or docker, into the node."""
        if self.process("containerd").pid() is None:
            raise ClusterError(f"cluster {self.settings.name} does not run. Next: {self._again('up')}")
        images.load(self.settings, str(image))

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Standard output of kubectl as the administrator."""
        return run(toolchain.binary("kubectl"), "--kubeconfig", self.kubeconfig, *arguments, stdin=stdin)

    def states(self) -> dict[str, int | None]:
        """Component → process id, None where it does not run."""
        return {name: self.process(name).pid() for name in components.ORDER}

    def process(self, name: str) -> Process:
        """One component."""
        return Process(self.settings.state, name)

    def _is_there(self) -> bool:
        return self.settings.state.exists() or network.exists(self.settings) or cgroups.exists(self.settings)

    def _addresses_are_free(self) -> None:
        if conflicts := network.conflicts(self.settings):
            what = f"this machine leads addresses of cluster {self.settings.name} elsewhere: {', '.join(conflicts)}"
            raise ClusterError(f"{what}. Next: take that route or network away, or use another --name")

    def _prepare(self) -> None:
        self.settings.state.mkdir(parents=True, exist_ok=True)
        kernel.load_modules()
        kernel.remember()
        kernel.allow_watches()
        if not network.is_whole(self.settings):
            # Whatever runs still, runs in a network that nothing leads to any more.
            self._stop_everything()
        self._end_strangers()
        network.create(self.settings)
        cgroups.create(self.settings)
        pki.create(self.settings)
        for name, content in self._files().items():
            path = self.settings.state / name
            path.parent.mkdir(exist_ok=True)
            # kube-proxy ends itself when somebody writes to its file, were it the same content.
            if not path.exists() or path.read_text() != content:
                path.write_text(content)

    def _start_control_plane(self) -> None:
        self._start("etcd")
        self._start("kube-apiserver")
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
        configured = self._files().get(components.CONFIGURED_BY.get(name, ""), "")
        return self.process(name).start(command, configuration=configured)

    def _files(self) -> dict[str, str]:
        return configuration.files(self.settings, may_lower_oom_score=_may_lower_oom_score())

    def _wait(self, name: str, holds: Callable[[], bool]) -> None:
        def still_hopeful() -> bool:
            self._must_run(name)
            return holds()

        with step(f"wait for {name}"):
            wait_until(name, still_hopeful, PATIENCE_SECONDS, lambda: self._failure(name, "is not ready"))

    def _all_run(self) -> None:
        for name in components.ORDER:
            self._must_run(name)

    def _must_run(self, name: str) -> None:
        if self.process(name).pid() is None:
            raise ClusterError(self._failure(name, "ended"))

    def _failure(self, name: str, what: str) -> str:
        process = self.process(name)
        again = f"{self._again('up')}; if it fails again: {self._again('down')}, then up"
        return f"{name} {what}. The end of {process.log}:\n{process.last_words()}\nNext: {again}"

    def _again(self, command: str) -> str:
        return f"python3 -m local_cluster {command} --name {self.settings.name}"

    def _api_answers(self) -> bool:
        return self._succeeds("get", "--raw", "/readyz")

    def _node_is_ready(self) -> bool:
        """The API server may still believe in a kubelet that was killed, so the kubelet itself is asked too."""
        path = "jsonpath={.status.conditions[?(@.type=='Ready')].status} {.spec.taints[*].key}"
        try:
            answer = self.kubectl("--request-timeout=5s", "get", "node", NODE_NAME, "-o", path)
        except ClusterError:
            return False
        return answer.strip() == "True" and self._succeeds("get", "--raw", f"/api/v1/nodes/{NODE_NAME}/proxy/healthz")

    def _succeeds(self, *arguments: str) -> bool:
        kubectl = (toolchain.binary("kubectl"), "--kubeconfig", self.kubeconfig, "--request-timeout=5s")
        return succeeds(*kubectl, *arguments)

    def _stop_everything(self) -> None:
        """The kubelet before its pods, the API server before etcd: one that outlives etcd blocks the next start."""
        self._end_strangers()
        for name in reversed(components.ORDER):
            self.process(name).stop()
            if name == "containerd":
                leftovers.end_pods(self.settings)

    def _end_strangers(self) -> None:
        leftovers.end_strangers(self.settings, {pid for pid in self.states().values() if pid})


def _program(name: str) -> Path | str:
    return name if name == "containerd" else toolchain.binary(name)


def _may_lower_oom_score() -> bool:
    """Whether this process, and so containerd, has CAP_SYS_RESOURCE."""
    status = Path("/proc/self/status").read_text()
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective, 16) & CAP_SYS_RESOURCE) and os.geteuid() == 0

"""The cluster that the demo runs on, chosen by CLUSTER: how it is brought up, takes images, and is spoken to."""

import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local_cluster import Cluster, preflight, toolchain
from local_cluster.commands import administrator, last_lines, run, succeeds
from local_cluster.console import ClusterError, step

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build"
KINDS = ("local", "kind", "minikube", "current")
WANTED_VALUES = "a Helm values file in which image.operator, image.server and image.trainer name them"


@dataclass(frozen=True, slots=True)
class Target:
    """One cluster, spoken to through kubectl and helm."""

    kind: str
    name: str
    context: str = ""
    values: Path | None = None
    """Helm values that name images in a registry; None: they are built here and loaded."""

    @property
    def is_local(self) -> bool:
        """Whether it is the demo's own: it comes and goes as a whole, and this machine has a route to its Services."""
        return self.kind == "local"

    def check(self) -> None:
        """Say at once what is in the way of an installation, before anything is built."""
        match self.kind:
            case "local":
                Cluster.named(self.name)
                preflight.check()
            case "current":
                self._check_values()
            case _:
                self._check_that_it_runs()

    def prepare(self) -> None:
        """Bring it up, or make sure that it is there."""
        if self.is_local:
            Cluster.named(self.name).up()
        else:
            toolchain.build(only="kube")
        self.kubectl("get", "--raw", "/readyz")

    def load(self, archive: Path) -> None:
        """Bring an image to the nodes."""
        if self.is_local:
            Cluster.named(self.name).load_image(archive)
            return
        with step(f"{self.kind} load {archive.name}"):
            if self.kind == "kind":
                run("kind", "load", "image-archive", archive, "--name", self.context.removeprefix("kind-"))
            else:
                run("minikube", "image", "load", archive, "-p", self.context)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Standard output of kubectl."""
        return run(*self.command(*arguments), stdin=stdin)

    def stream(self, file: Path, *arguments: str) -> None:
        """kubectl with the file as its standard input."""
        with file.open("rb") as content:
            done = subprocess.run(
                self.command(*arguments), stdin=content, capture_output=True, env=administrator(), check=False
            )
        if done.returncode:
            said = last_lines(done.stderr.decode(errors="replace"))
            raise ClusterError(f"kubectl {' '.join(arguments)[:200]} failed:\n{said}")

    def command(self, *arguments: str) -> list[str]:
        """The words of a call of kubectl that speaks to this cluster and no other."""
        access = ["--kubeconfig", str(self._local_kubeconfig)] if self.is_local else ["--context", self.context]
        return [str(toolchain.binary("kubectl")), *access, *arguments]

    def helm(self, *arguments: str | Path) -> str:
        """Standard output of helm."""
        access = ("--kubeconfig", self._local_kubeconfig) if self.is_local else ("--kube-context", self.context)
        return run(toolchain.binary("helm"), *access, *arguments)

    def kubeconfig(self) -> Path:
        """A file with the credentials of this cluster alone; written anew where the cluster is a person's own."""
        if self.is_local:
            return self._local_kubeconfig
        content = self.kubectl("config", "view", "--raw", "--minify", "--flatten")
        BUILD.mkdir(exist_ok=True)
        file = BUILD / f"kubeconfig-{self.kind}"
        file.touch(mode=0o600)
        file.write_text(content)
        return file

    def make(self, goal: str) -> str:
        """What a person types for another target of the Makefile on this cluster."""
        match self.kind:
            case "local":
                return f"make {goal}" if self.name == "demo" else f"make {goal} CLUSTER_NAME={self.name}"
            case "current":
                return f"make {goal} CLUSTER=current CONTEXT={shlex.quote(self.context)}"
            case _:
                return f"make {goal} CLUSTER={self.kind}"

    @property
    def _local_kubeconfig(self) -> Path:
        return Cluster.named(self.name).kubeconfig

    def _check_values(self) -> None:
        if self.values is None:
            push = "`make images`, push the three to a registry that the cluster pulls from"
            again = f"{self.make('demo')} VALUES=<file>"
            raise ClusterError(
                f"CLUSTER=current pulls its images from a registry, and VALUES does not say which. Next: {push},"
                f" and {again} with {WANTED_VALUES}"
            )
        if not self.values.is_file():
            raise ClusterError(f"VALUES={self.values} is no file. Next: give the path of {WANTED_VALUES}")

    def _check_that_it_runs(self) -> None:
        if not shutil.which(self.kind):
            raise ClusterError(
                f"CLUSTER={self.kind}, but {self.kind} is not installed. Next: install it, or use CLUSTER=local"
            )
        if self.kind == "kind":
            name = self.context.removeprefix("kind-")
            runs, start = name in run("kind", "get", "clusters").split(), f"kind create cluster --name {name}"
        else:
            runs, start = succeeds("minikube", "status", "-p", self.context), f"minikube start -p {self.context}"
        if not runs:
            raise ClusterError(f"CLUSTER={self.kind}, but {self.context} does not run. Next: {start}")


def chosen() -> Target:
    """The cluster that CLUSTER names; a person's own cluster is touched only when its context is named."""
    kind, name = _given("CLUSTER") or "local", _given("CLUSTER_NAME") or "demo"
    match kind:
        case "local":
            target = Target(kind, name)
        case "kind":
            target = Target(kind, name, f"kind-{_given('KIND_CLUSTER_NAME') or 'kind'}")
        case "minikube":
            target = Target(kind, name, _given("MINIKUBE_PROFILE") or "minikube")
        case "current":
            values = _given("VALUES")
            target = Target(kind, name, _given("CONTEXT"), Path(values) if values else None)
            if not target.context:
                again = "the same with CONTEXT=<name>; `kubectl config get-contexts` lists them"
                raise ClusterError(f"CLUSTER=current changes a cluster of yours, so name it. Next: {again}")
        case _:
            raise ClusterError(f"CLUSTER={kind} is unknown. Next: use one of {', '.join(KINDS)}")
    return target


def _given(variable: str) -> str:
    """Its value; empty where it is not set."""
    return os.environ.get(variable, "")

"""The cluster that the demo runs on, chosen by CLUSTER: how it is brought up, takes images, and is spoken to."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local_cluster import Cluster, preflight, toolchain
from local_cluster.commands import run
from local_cluster.console import ClusterError, step

KINDS = ("local", "kind", "minikube", "current")


@dataclass(frozen=True, slots=True)
class Target:
    """One cluster, spoken to through kubectl and helm."""

    kind: str
    name: str
    context: str = ""

    def prepare(self) -> None:
        """Bring it up, or make sure that it is there."""
        match self.kind:
            case "local":
                Cluster.named(self.name).up()
            case "kind" | "minikube":
                if not shutil.which(self.kind):
                    raise ClusterError(
                        f"CLUSTER={self.kind}, but {self.kind} is not installed. Next: install it, or use CLUSTER=local"
                    )
                toolchain.build(only="kube")
            case _:
                toolchain.build(only="kube")
        self.kubectl("get", "--raw", "/readyz")

    def load(self, archives: Sequence[Path]) -> None:
        """Bring the images to the nodes."""
        match self.kind:
            case "local":
                for archive in archives:
                    Cluster.named(self.name).load_image(archive)
            case "kind":
                for archive in archives:
                    with step(f"kind load {archive.name}"):
                        run(
                            "kind",
                            "load",
                            "image-archive",
                            archive,
                            "--name",
                            os.environ.get("KIND_CLUSTER_NAME", "kind"),
                        )
            case "minikube":
                for archive in archives:
                    with step(f"minikube image load {archive.name}"):
                        run("minikube", "image", "load", archive)
            case _:
                raise ClusterError(
                    "CLUSTER=current: this cluster takes its images from a registry. Next: push them there, and install the chart"
                    " with image.operator.repository, image.server.repository and image.trainer.repository set"
                )

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Standard output of kubectl."""
        return run(toolchain.binary("kubectl"), *self.access, *arguments, stdin=stdin)

    def stream(self, file: Path, *arguments: str) -> None:
        """kubectl with the file as its standard input."""
        with file.open("rb") as content:
            done = subprocess.run(
                [toolchain.binary("kubectl"), *self.access, *arguments], stdin=content, capture_output=True, check=False
            )
        if done.returncode:
            raise ClusterError(
                f"kubectl {' '.join(arguments)[:200]} failed: {done.stderr.decode(errors='replace')[-2000:]}"
            )

    def helm(self, *arguments: str | Path) -> str:
        """Standard output of helm."""
        access = ["--kubeconfig", str(Cluster.named(self.name).kubeconfig)] if self.kind == "local" else []
        context = ["--kube-context", self.context] if self.context else []
        return run(toolchain.binary("helm"), *access, *context, *arguments)

    @property
    def access(self) -> list[str]:
        """What kubectl is told so that it speaks to this cluster and no other."""
        if self.kind == "local":
            return ["--kubeconfig", str(Cluster.named(self.name).kubeconfig)]
        return ["--context", self.context]


def chosen() -> Target:
    """The cluster that CLUSTER names; a person's own cluster is touched only when its context is named."""
    kind, name = os.environ.get("CLUSTER") or "local", os.environ.get("CLUSTER_NAME") or "demo"
    match kind:
        case "local":
            preflight.check()
            return Target(kind, name)
        case "kind":
            return Target(kind, name, f"kind-{os.environ.get('KIND_CLUSTER_NAME', 'kind')}")
        case "minikube":
            return Target(kind, name, os.environ.get("MINIKUBE_PROFILE", "minikube"))
        case "current":
            context = os.environ.get("CONTEXT")
            if not context:
                raise ClusterError(
                    "CLUSTER=current changes a cluster of yours, so name it. Next: CLUSTER=current CONTEXT=<context> make demo"
                )
            return Target(kind, name, context)
        case _:
            raise ClusterError(f"CLUSTER={kind} is unknown. Next: use one of {', '.join(KINDS)}")

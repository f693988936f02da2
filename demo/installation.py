"""Images, cluster and chart: everything that has to stand before a model can be applied. Repeatable at any point."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from demo.target import Target
from local_cluster import preflight, toolchain
from local_cluster.console import ClusterError, step

ROOT = Path(__file__).parent.parent
CHART = ROOT / "charts" / "sentiment-operator"
RELEASE = "sentiment-operator"
NAMESPACE = "sentiment-system"
RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


@dataclass(frozen=True, slots=True)
class Images:
    """What was built."""

    archives: tuple[Path, ...]
    values: str
    """Helm values that name the images, as JSON."""


def install(target: Target) -> None:
    """Bring everything up to the point where a SentimentModel can be applied."""
    if target.kind == "local":
        preflight.install()
    images = _build(target)
    with step("load images into the cluster"):
        target.load(images.archives)
    with step("install the chart"):
        _install_chart(target, images)


def _build(target: Target) -> Images:
    """Programs and images are built beside each other: one waits for the network while the other computes."""
    with ThreadPoolExecutor(2) as pool:
        images = pool.submit(build_images)
        toolchain.build(only="" if target.kind == "local" else "kube")
        target.prepare()
        return images.result()


def build_images() -> Images:
    """Build what is not there for the present sources."""
    archives = [Path(line) for line in _images("archives").split()]
    return Images(tuple(archives), _images("values"))


def _images(output: str) -> str:
    command = [sys.executable, "-m", "images", "build", "--output", output]
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise ClusterError(
            "the images could not be built; the reason stands above. Next: mend it and repeat the same command"
        )
    return done.stdout


def _install_chart(target: Target, images: Images) -> None:
    target.kubectl("apply", "-f", "-", stdin=restricted_namespace(NAMESPACE))
    values = ROOT / "build" / f"values-{target.name}.json"
    values.parent.mkdir(exist_ok=True)
    values.write_text(images.values)
    try:
        target.helm("upgrade", "--install", RELEASE, CHART, "-n", NAMESPACE, "-f", values, "--wait", "--timeout", "4m")
    except ClusterError as error:
        pods = target.kubectl("-n", NAMESPACE, "get", "pods", "-o", "wide")
        events = target.kubectl("-n", NAMESPACE, "get", "events", "--sort-by=.lastTimestamp")
        raise ClusterError(
            f"{error}\n{pods}\n{events[-1500:]}Next: look at the pods above, then repeat the same command"
        ) from None


def restricted_namespace(name: str) -> str:
    """A namespace in which only restricted pods may run, as a manifest."""
    label, value = RESTRICTED.split("=")
    modes = "\n".join(f"    {label.replace('enforce', mode)}: {value}" for mode in ("enforce", "warn", "audit"))
    return f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels:\n{modes}\n"

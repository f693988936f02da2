"""Images, cluster and chart: everything that has to stand before a model can be applied. Repeatable at any point."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from demo.target import BUILD, ROOT, Target
from images.engine import packages
from local_cluster import preflight
from local_cluster.console import ClusterError, step

CHART = ROOT / "charts" / "sentiment-operator"
RELEASE = "sentiment-operator"
NAMESPACE = "sentiment-system"
RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"
MARK = "rottenpotatoes.com/made-by"
MARKED = f"{MARK}=demo"
IMPATIENT = ("--set", "operator.lookUpSeconds=5,operator.lookUpJobSeconds=20")
"""Whoever tries a push watches it: the operator looks more often than it would for many models."""


@dataclass(frozen=True, slots=True)
class Images:
    """What was built."""

    archives: tuple[Path, ...]
    values: str
    """Helm values that name the images, as JSON."""


def install(target: Target) -> None:
    """Bring everything up to the point where a SentimentModel can be applied."""
    if target.values is None:
        values = _build_and_load(target)
    else:
        target.prepare()
        values = target.values
    make_namespace(target, NAMESPACE)
    with step("install the chart"):
        _install_chart(target, values)


def _build_and_load(target: Target) -> Path:
    """Programs and images are built beside each other: one waits for the network while the other computes."""
    if target.is_local:
        preflight.install(packages())
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(build_images)
        target.prepare()
        images = building.result()
    with step("load images into the cluster"):
        for archive in images.archives:
            target.load(archive)
    BUILD.mkdir(exist_ok=True)
    values = BUILD / f"values-{target.name}.json"
    values.write_text(images.values)
    return values


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


def _install_chart(target: Target, values: Path) -> None:
    try:
        chart = (RELEASE, CHART, "-n", NAMESPACE, "-f", values, *IMPATIENT)
        target.helm("upgrade", "--install", *chart, "--wait", "--timeout", "4m")
    except ClusterError as error:
        pods = target.kubectl("-n", NAMESPACE, "get", "pods", "-o", "wide")
        events = target.kubectl("-n", NAMESPACE, "get", "events", "--sort-by=.lastTimestamp")
        raise ClusterError(
            f"{error}\n{pods}\n{events[-1500:]}Next: look at the pods above, then repeat the same command"
        ) from None


def make_namespace(target: Target, name: str) -> None:
    """Make it. On a cluster of a person's own, one that is theirs already is left alone: `make down` would remove it."""
    taken = not target.is_local and name in namespaces(target) and name not in namespaces(target, "-l", MARKED)
    if taken:
        raise ClusterError(
            f"namespace {name} of {target.context} is there and was not made by the demo, so it is left as it is."
            " Next: use another cluster, or rename or remove that namespace"
        )
    target.kubectl("apply", "-f", "-", stdin=restricted_namespace(name))


def namespaces(target: Target, *selector: str) -> list[str]:
    """Names of the cluster's namespaces."""
    found = target.kubectl("get", "namespaces", "-o", "name", *selector)
    return [line.removeprefix("namespace/") for line in found.split()]


def restricted_namespace(name: str) -> str:
    """A namespace in which only restricted pods may run, as a manifest."""
    label, value = RESTRICTED.split("=")
    modes = "\n".join(f"    {label.replace('enforce', mode)}: {value}" for mode in ("enforce", "warn", "audit"))
    mark = f"    {MARKED.replace('=', ': ')}"
    return f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels:\n{mark}\n{modes}\n"

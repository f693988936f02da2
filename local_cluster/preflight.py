"""Says before anything is begun whether this machine can run a cluster, and installs what Debian has."""

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from local_cluster import compiler
from local_cluster.commands import administrator, run
from local_cluster.console import ClusterError, say, step
from local_cluster.locks import lock
from local_cluster.settings import CLUSTERS, cache_directory

GIB = 1024**3
MEMORY_GIB = 8
DISK_GIB = 20
ALLOW_SMALL = "CLUSTER_ALLOW_SMALL"
LONGEST_SOCKET_PATH = 107
PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "conntrack": "conntrack",
    "iptables": "iptables",
    "ip": "iproute2",
    "openssl": "openssl",
    "nsenter": "util-linux",
    "sysctl": "procps",
    "mount": "mount",
}
NOTHING_ELSE: Mapping[str, str] = {}
Kind = Literal["system", "python", "root", "packages", "memory", "disk", "path"]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why no cluster can run here, for a program and for a person."""

    kind: Kind
    text: str


def obstacles() -> list[str]:
    """Why no cluster can run here; empty if one can."""
    return [obstacle.text for obstacle in examine()]


def examine() -> list[Obstacle]:
    """Everything that is in the way of a cluster with a node."""
    if platform.system() != "Linux":
        return [Obstacle("system", "this is not Linux: use CLUSTER=kind, CLUSTER=minikube or CLUSTER=current")]
    found = _obstacles_of_set_up()
    return found if _small_is_allowed() else [*found, *_obstacles_of_size()]


def missing_packages(others: Mapping[str, str] = NOTHING_ELSE) -> list[str]:
    """Debian packages that a cluster needs and this machine lacks; `others` has what else is needed, by program or file."""
    missing = {package for program, package in {**PACKAGES, **others}.items() if not _has(program)}
    if compiler.is_missing() and importlib.util.find_spec("ensurepip") is None:
        missing.add("python3-venv")
    return sorted(missing)


def check() -> None:
    """ClusterError naming every obstacle at once."""
    if found := obstacles():
        lines = "\n".join(f"  - {obstacle}" for obstacle in found)
        raise ClusterError(f"This machine cannot run a local cluster:\n{lines}")


def install(others: Mapping[str, str] = NOTHING_ELSE) -> None:
    """Install the missing Debian packages."""
    if not missing_packages(others):
        return
    with lock("packages"):
        packages = missing_packages(others)
        if not packages:
            return
        say(f"  Debian packages to install: {' '.join(packages)}")
        quietly = administrator(DEBIAN_FRONTEND="noninteractive")
        patiently = ("-q", "-o", "DPkg::Lock::Timeout=300")
        with step("apt-get update"):
            run("apt-get", "update", *patiently, env=quietly)
        with step("apt-get install"):
            run("apt-get", "install", "-y", *patiently, "--no-install-recommends", *packages, env=quietly)


def _obstacles_of_set_up() -> list[Obstacle]:
    found: list[Obstacle] = []
    if sys.version_info < (3, 11):  # noqa: UP036  this package runs before anything could refuse an older one
        found.append(Obstacle("python", f"Python {platform.python_version()} is too old: 3.11 is needed"))
    if os.geteuid() != 0:
        why = "root is needed for network namespaces, mounts and containers: run it as root or with sudo"
        found.append(Obstacle("root", why))
    missing = missing_packages()
    if missing and not shutil.which("apt-get"):
        why = f"apt-get is not there to install {', '.join(missing)}: install them by hand"
        found.append(Obstacle("packages", why))
    socket = max((f"{settings.containerd_socket}.ttrpc" for settings in CLUSTERS.values()), key=len)
    if len(socket) > LONGEST_SOCKET_PATH:
        why = f"{cache_directory()} is too long a path for sockets: set ROTTEN_CACHE to a shorter one"
        found.append(Obstacle("path", why))
    return found


def _obstacles_of_size() -> list[Obstacle]:
    found: list[Obstacle] = []
    anyway = f"; {ALLOW_SMALL}=1 tries all the same"
    # A machine sold with 8 GB shows a little less.
    if os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") < (MEMORY_GIB - 1) * GIB:
        found.append(Obstacle("memory", f"less than {MEMORY_GIB} GiB of memory{anyway}"))
    is_first_time = not (cache_directory() / "clusters").exists()
    if is_first_time and _free_disk() < DISK_GIB * GIB:
        why = f"less than {DISK_GIB} GB free below {cache_directory()}: free some or set ROTTEN_CACHE{anyway}"
        found.append(Obstacle("disk", why))
    return found


def _free_disk() -> int:
    """Free bytes where the cache is or will be."""
    place = cache_directory()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def _small_is_allowed() -> bool:
    return os.environ.get(ALLOW_SMALL, "") not in ("", "0")


def _has(program: str) -> bool:
    if program.startswith("/"):
        return Path(program).exists()
    return shutil.which(program, path=administrator()["PATH"]) is not None

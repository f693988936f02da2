"""Says before anything is begun whether this machine can run a cluster, in one message, and installs what Debian has."""

import os
import platform
import shutil
import sys
from pathlib import Path

from local_cluster.commands import run
from local_cluster.console import ClusterError, say, step
from local_cluster.settings import cache_directory

GIB = 1024**3
MEMORY_GIB = 8
DISK_GIB = 20
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


def obstacles() -> list[str]:
    """Why no cluster can run here; empty if one can."""
    found: list[str] = []
    if platform.system() != "Linux":
        return ["this is not Linux: use CLUSTER=kind, CLUSTER=minikube or CLUSTER=current"]
    if sys.version_info < (3, 11):
        found.append(f"Python {platform.python_version()} is too old: 3.11 is needed")
    if os.geteuid() != 0:
        found.append("root is needed for network namespaces, mounts and containers: run it as root or with sudo")
    if missing_packages() and not shutil.which("apt-get"):
        found.append(f"apt-get is not there to install {', '.join(missing_packages())}: install them by hand")
    if not enough_memory():
        found.append(f"less than {MEMORY_GIB} GiB of memory")
    if free_disk() < DISK_GIB * GIB and not (cache_directory() / "clusters").exists():
        found.append(f"less than {DISK_GIB} GB free below {cache_directory()}: free some or set ROTTEN_CACHE")
    return found


def enough_memory() -> bool:
    """A machine sold with 8 GB shows a little less."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >= (MEMORY_GIB - 1) * GIB


def free_disk() -> int:
    """Free bytes where the cache is or will be."""
    place = cache_directory()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def missing_packages() -> list[str]:
    """Debian packages that a cluster needs and this machine lacks."""
    return sorted({package for program, package in PACKAGES.items() if not _has(program)})


def check() -> None:
    """ClusterError naming every obstacle at once."""
    if found := obstacles():
        raise ClusterError("This machine cannot run a local cluster:\n" + "\n".join(f"  - {line}" for line in found))


def install() -> None:
    """Install the missing Debian packages."""
    packages = missing_packages()
    if not packages:
        return
    say(f"  Debian packages to install: {' '.join(packages)}")
    with step("apt-get install"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run("apt-get", "update", "-q", env=environment)
        run("apt-get", "install", "-y", "-q", "--no-install-recommends", *packages, env=environment)


def _has(program: str) -> bool:
    if program.startswith("/"):
        return Path(program).exists()
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None

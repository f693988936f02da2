"""What only the machine that is the node can do: end the process in a container, and touch the files of a volume."""

import os
import signal
from pathlib import Path

from local_cluster import Cluster
from tests.e2e.shop import CLUSTER, Manifest


def kill(pod: Manifest, program: str) -> int:
    """SIGKILL to the first process of the pod whose command line names the program; gives its pid."""
    uid = pod["metadata"]["uid"]
    for process in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        if _is_of(process, uid, program):
            os.kill(int(process.name), signal.SIGKILL)
            return int(process.name)
    raise AssertionError(f"pod {pod['metadata']['name']} runs no process named {program}")


def _is_of(process: Path, uid: str, program: str) -> bool:
    try:
        return uid in (process / "cgroup").read_text() and program in (process / "cmdline").read_text()
    except OSError:
        return False


def volume(claim: Manifest) -> Path:
    """The folder on the node that a bound claim stands for."""
    return Cluster.named(CLUSTER.name).settings.state / "volumes" / claim["spec"]["volumeName"]

"""What only the machine that is the node can do: end the process in a container, and touch the files of a volume."""

import os
import signal
from pathlib import Path

from local_cluster import Cluster
from tests.e2e.shop import CLUSTER, Manifest

CONTROL_GROUPS = Path("/sys/fs/cgroup")


def kill(pod: Manifest, program: str) -> int:
    """SIGKILL to the first process of the pod whose command line names the program; gives its pid."""
    process = _process(pod, program)
    os.kill(int(process.name), signal.SIGKILL)
    return int(process.name)


def slow_down(pod: Manifest, program: str, percent: int) -> None:
    """Leave the container so much of one core, in portions so small that no request is answered within one."""
    for line in (_process(pod, program) / "cgroup").read_text().splitlines():
        _, controllers, group = line.split(":", 2)
        folder = CONTROL_GROUPS / ("cpu" if controllers else "") / group.strip("/")
        if "cpu" in controllers.split(","):
            (folder / "cpu.cfs_period_us").write_text("100000")
            (folder / "cpu.cfs_quota_us").write_text(str(percent * 1000))
        elif (limit := folder / "cpu.max").exists():
            limit.write_text(f"{percent * 1000} 100000")


def _process(pod: Manifest, program: str) -> Path:
    uid = pod["metadata"]["uid"]
    processes = sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name))
    found = next((process for process in processes if _is_of(process, uid, program)), None)
    assert found is not None, f"pod {pod['metadata']['name']} runs no process named {program}"
    return found


def _is_of(process: Path, uid: str, program: str) -> bool:
    try:
        return uid in (process / "cgroup").read_text() and program in (process / "cmdline").read_text()
    except OSError:
        return False


def volume(claim: Manifest) -> Path:
    """The folder on the node that a bound claim stands for."""
    return Cluster.named(CLUSTER.name).settings.state / "volumes" / claim["spec"]["volumeName"]

"""How many processes this container has room for, read from the limits that its cgroup sets."""

from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_BYTES_EACH = 128 * 2**20
"""Half of it is a model of 440,000 terms with everything around it; a rollout's baseline and bodies need the rest."""


def workers_that_fit(cgroup: Path = _CGROUP) -> int:
    """One for each whole core of the limit, as far as the memory limit has room for them; 1 where no core limit is set.

    Without a limit a pod has no right to all cores of its node, and more pods are the way to use them.
    """
    quota, _, period = _read(cgroup / "cpu.max").partition(" ")
    if not (quota.isdecimal() and period.isdecimal()):
        return 1
    memory = _read(cgroup / "memory.max")
    room = int(memory) // _BYTES_EACH if memory.isdecimal() else int(quota)
    return max(1, min(int(quota) // int(period), room))


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""

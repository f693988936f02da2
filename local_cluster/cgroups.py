"""The control groups below which a cluster's pods run, so that two kubelets never see each other's.

cgroup v1 has a tree for each controller, v2 has one.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from local_cluster.settings import Settings

MOUNT = Path("/sys/fs/cgroup")


def create(settings: Settings) -> None:
    """Make the cluster's group in every tree; the kubelet wants it to exist."""
    for tree in _trees():
        group = tree / _name(settings)
        group.mkdir(exist_ok=True)
        _inherit_processors(tree, group)
    if _is_v2():
        controllers = (MOUNT / "cgroup.controllers").read_text().split()
        for group in (MOUNT, MOUNT / _name(settings)):
            (group / "cgroup.subtree_control").write_text(" ".join(f"+{controller}" for controller in controllers))


def kill_all(settings: Settings) -> bool:
    """SIGKILL whatever runs below the group. True if anything did."""
    pids = set(_pids(settings))
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return bool(pids)


def remove(settings: Settings) -> None:
    """Remove the emptied groups, the deepest first."""
    for group in _groups(settings):
        for folder, _, _ in os.walk(group, topdown=False):
            try:
                Path(folder).rmdir()
            except OSError:
                continue


def exists(settings: Settings) -> bool:
    """Whether any group of the cluster is left."""
    return any(True for _ in _groups(settings))


def _name(settings: Settings) -> str:
    return f"rotten-{settings.name}"


def _groups(settings: Settings) -> Iterator[Path]:
    return (tree / _name(settings) for tree in _trees() if (tree / _name(settings)).is_dir())


def _pids(settings: Settings) -> Iterator[int]:
    for group in _groups(settings):
        for processes in group.rglob("cgroup.procs"):
            yield from map(int, processes.read_text().split())


def _trees() -> list[Path]:
    if _is_v2():
        return [MOUNT]
    return [tree for tree in MOUNT.iterdir() if tree.is_dir() and not tree.is_symlink()]


def _is_v2() -> bool:
    return (MOUNT / "cgroup.controllers").exists()


def _inherit_processors(tree: Path, group: Path) -> None:
    """A new group of the v1 cpuset tree has no processors and no memory nodes until it is given some."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        if (group / name).exists() and not _is_v2() and not (group / name).read_text().strip():
            (group / name).write_text((tree / name).read_text())

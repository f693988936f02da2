"""The control groups below which a cluster's pods run, so that two kubelets never see each other's.

cgroup v1 has a tree for each controller, v2 has one.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from local_cluster.console import ClusterError, holds_within
from local_cluster.settings import Settings

MOUNT = Path("/sys/fs/cgroup")
PATIENCE_SECONDS = 5.0
NEEDED = ("cpuset", "cpu", "memory", "pids")
WELCOME = ("io", "hugetlb")


def create(settings: Settings) -> None:
    """Make the cluster's group in every tree; the kubelet wants it to exist."""
    for tree in _trees():
        group = tree / _name(settings)
        group.mkdir(exist_ok=True)
        _inherit_processors(tree, group)
    if _is_v2():
        for group in (MOUNT, MOUNT / _name(settings)):
            _hand_down(group)


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
    """Remove the emptied groups. The kernel frees a group a moment after its last process ended."""
    holds_within(PATIENCE_SECONDS, lambda: _removed(settings))


def _removed(settings: Settings) -> bool:
    """Remove what can be removed, the deepest first. True if nothing is left."""
    for group in _groups(settings):
        for folder, _, _ in os.walk(group, topdown=False):
            try:
                Path(folder).rmdir()
            except OSError:
                continue
    return not exists(settings)


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
            try:
                yield from map(int, processes.read_text().split())
            except FileNotFoundError:
                continue


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


def _hand_down(group: Path) -> None:
    """Let the groups below this one of the v2 tree limit what the kubelet limits."""
    switch = group / "cgroup.subtree_control"
    missing = {*NEEDED, *WELCOME} - set(switch.read_text().split())
    for controller in sorted(missing):
        try:
            switch.write_text(f"+{controller}")
        except OSError as error:
            if controller in NEEDED:
                raise ClusterError(
                    f"{group} does not hand down the {controller} controller: {error}. "
                    "Next: run it on the machine itself, or in a container that owns its control groups"
                ) from None

"""What a node leaves behind when its programs end: pods, their shims, and mounts.

It ends only what carries the cluster's own marks: its control group or the path of its containerd's socket.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from local_cluster import cgroups
from local_cluster.commands import succeeds
from local_cluster.console import ClusterError, wait_until
from local_cluster.settings import Settings

PATIENCE_SECONDS = 20


def end_pods(settings: Settings) -> None:
    """End every process of every pod, and the shims above them."""

    def nothing_is_left() -> bool:
        running = cgroups.kill_all(settings)
        shims = list(_shims(settings))
        for pid in shims:
            _kill(pid)
        return not running and not shims

    wait_until("the end of all pods", nothing_is_left, PATIENCE_SECONDS, lambda: "Next: python3 -m local_cluster status")


def unmount(settings: Settings) -> None:
    """Unmount everything below the state folder, the deepest first."""
    for mount in sorted(_mounts(settings), key=len, reverse=True):
        if not succeeds("umount", mount) and not succeeds("umount", "--lazy", mount):
            raise ClusterError(f"{mount} cannot be unmounted. Next: see who uses it with `fuser -vm {mount}`, then down again")


def _mounts(settings: Settings) -> Iterator[str]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place = line.split()[4].replace("\\040", " ")
        if place.startswith(f"{settings.state}/"):
            yield place


def _shims(settings: Settings) -> Iterator[int]:
    mark = str(settings.containerd_socket).encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if b"containerd-shim" in words[0] and any(mark in word for word in words):
            yield int(folder.name)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return

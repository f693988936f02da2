"""What a node leaves behind when its programs end: pods, their shims, mounts, sockets and links.

It ends and removes only what carries the cluster's own marks: its control group, its state folder's path on a command
line, or a name that its own records hold.
"""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

from local_cluster import cgroups
from local_cluster.commands import succeeds
from local_cluster.components import ORDER
from local_cluster.console import ClusterError, wait_until
from local_cluster.processes import end
from local_cluster.settings import Settings

PATIENCE_SECONDS = 20
NETWORK_RESULTS = Path("/var/lib/cni/results")
BUNDLES = "containerd/state/io.containerd.runtime.v2.task/k8s.io"


def end_pods(settings: Settings) -> None:
    """End every process of every pod, and the shims above them."""
    sockets = _shim_sockets(settings)

    def nothing_is_left() -> bool:
        running = cgroups.kill_all(settings)
        shims = list(_shims(settings))
        for pid in shims:
            _kill(pid)
        return not running and not shims

    wait_until("the end of all pods", nothing_is_left, PATIENCE_SECONDS, lambda: "Next: the same command once more")
    for socket in sockets:
        socket.unlink(missing_ok=True)


def end_strangers(settings: Settings, known: set[int]) -> None:
    """End components of the cluster that no record names: their starter was killed before it could write one."""
    mark = f"{settings.state}/".encode()
    strangers = [
        (Path(os.fsdecode(words[0])).name, pid)
        for pid, words in _command_lines()
        if pid not in known and any(mark in word for word in words[1:])
    ]
    for name in reversed(ORDER):
        for pid in (pid for program, pid in strangers if program == name):
            end(pid)


def unmount(settings: Settings) -> None:
    """Unmount everything below the state folder, the deepest first."""
    for mount in sorted(_mounts(settings), key=len, reverse=True):
        if not succeeds("umount", mount) and not succeeds("umount", "--lazy", mount):
            raise ClusterError(
                f"{mount} cannot be unmounted. Next: `fuser -vm {mount}` says who uses it; then down again"
            )


def remove_files(settings: Settings) -> None:
    """Remove the state folder and what stands outside it: results of network plugins and links to logs."""
    for result in NETWORK_RESULTS.glob(f"{settings.namespace}-*-eth0"):
        sandbox = result.name.removeprefix(f"{settings.namespace}-").removesuffix("-eth0")
        result.with_name(f"cni-loopback-{sandbox}-lo").unlink(missing_ok=True)
        result.unlink()
    for link in Path("/var/log/containers").glob("*.log"):
        if link.is_symlink() and str(link.readlink()).startswith(f"{settings.state}/"):
            link.unlink()
    if settings.state.exists():
        shutil.rmtree(settings.state, onerror=_explain)


def _explain(_function: object, path: str, reason: tuple[type, BaseException, object]) -> None:
    if not isinstance(reason[1], FileNotFoundError):
        raise ClusterError(f"{path} cannot be removed: {reason[1]}. Next: the same command once more")


def _shim_sockets(settings: Settings) -> list[Path]:
    addresses = (settings.state / BUNDLES).glob("*/address")
    return [Path(address.read_text().strip().removeprefix("unix://")) for address in addresses]


def _mounts(settings: Settings) -> Iterator[str]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place = line.split()[4].replace("\\040", " ")
        if place.startswith(f"{settings.state}/"):
            yield place


def _shims(settings: Settings) -> Iterator[int]:
    mark = str(settings.containerd_socket).encode()
    for pid, words in _command_lines():
        if b"containerd-shim" in words[0] and any(mark in word for word in words):
            yield pid


def _command_lines() -> Iterator[tuple[int, list[bytes]]]:
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            yield int(folder.name), (folder / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return

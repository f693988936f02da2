"""A server with all processes that it starts, on one core: what they take together, and their end.

It must not know what is asked of the server.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

CORES = sorted(os.sched_getaffinity(0))
_TICK = os.sysconf("SC_CLK_TCK")


class Tree:
    """The process that was started, and whatever comes from it. Its last words stand in `log`."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> None:
        self.log = log
        own = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {CORES[0]})  # children take it over, and theirs
        try:
            with log.open("wb") as said:
                self._process = subprocess.Popen(
                    command,
                    env={**os.environ, **environment},
                    cwd=folder,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        finally:
            os.sched_setaffinity(0, own)

    @property
    def exit_code(self) -> int | None:
        """None as long as it runs."""
        return self._process.poll()

    def cpu_seconds(self) -> float:
        """User and system time of all threads of all processes, and of those that have ended and were waited for."""
        return sum(_cpu_seconds(pid) for pid in self._pids())

    def private_mib(self) -> float:
        """Mebibytes that no other process shares: USS, added up."""
        return sum(_private(pid) for pid in self._pids())

    def end(self) -> None:
        """All of them, at once."""
        left = [psutil.Process(pid) for pid in self._pids() if psutil.pid_exists(pid)]
        for process in left:
            try:
                process.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
        self._process.kill()
        self._process.wait()
        psutil.wait_procs(left, timeout=10)

    def _pids(self) -> list[int]:
        try:
            return [self._process.pid, *(one.pid for one in psutil.Process(self._process.pid).children(recursive=True))]
        except psutil.NoSuchProcess:
            return []


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICK


def _private(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024

"""Starts and ends long-running programs, and recognises its own: a process id alone may be somebody else's by now.

It knows nothing of Kubernetes.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_cluster.commands import administrator, last_lines

LARGEST_LOG = 50_000_000
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Process:
    """One program of a cluster, known by its name below the cluster's state folder."""

    state: Path
    name: str

    @property
    def log(self) -> Path:
        """Everything it printed."""
        return self.state / "logs" / f"{self.name}.log"

    @property
    def _record(self) -> Path:
        return self.state / "pids" / self.name

    def pid(self) -> int | None:
        """Its process id while it runs: the number must still belong to the process that was started then."""
        try:
            number, _, started = self._record.read_text().partition(" ")
        except FileNotFoundError:
            return None
        return int(number) if number.isdigit() and started and started_at(int(number)) == started else None

    def start(self, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> bool:
        """Start it unless it runs. True if it was started."""
        if self.pid() is not None:
            return False
        for folder in (self.log.parent, self._record.parent):
            folder.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.rename(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**administrator(), **(env or {})},
            )
        partial = self._record.with_suffix(".partial")
        partial.write_text(f"{process.pid} {started_at(process.pid)}")
        partial.rename(self._record)
        return True

    def stop(self) -> None:
        """Ask it to end, wait, and end it if it does not. Nothing happens where it does not run."""
        pid = self.pid()
        if pid is not None:
            end(pid)
        self._record.unlink(missing_ok=True)

    def last_words(self) -> str:
        """The end of its log."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, self.log.stat().st_size - 20_000))
                return last_lines(log.read().decode(errors="replace"))
        except FileNotFoundError:
            return "    (no log)"


def end(pid: int) -> None:
    """SIGTERM, a while of patience, SIGKILL."""
    started = started_at(pid)
    for number, patience in ((signal.SIGTERM, PATIENCE_SECONDS), (signal.SIGKILL, PATIENCE_SECONDS)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            _reap(pid)
            if not started or started_at(pid) != started:
                return
            time.sleep(0.05)


def started_at(pid: int) -> str:
    """When the process began, in clock ticks since boot, together with the boot's id; empty if it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    fields = text[text.rindex(")") + 2 :].split()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return "" if fields[0] == "Z" else f"{fields[19]}@{boot}"


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass

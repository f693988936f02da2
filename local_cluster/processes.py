"""Starts and ends long-running programs, and recognises its own: a process id alone may be somebody else's by now.

It knows nothing of Kubernetes.
"""

import hashlib
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local_cluster.commands import administrator, last_lines
from local_cluster.console import holds_within

LARGEST_LOG = 50_000_000
PATIENCE_SECONDS = 10.0
BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Process:
    """One program of a cluster, known by its name below the cluster's state folder."""

    state: Path
    name: str

    @property
    def log(self) -> Path:
        """Everything it printed."""
        return self.state / "logs" / f"{self.name}.log"

    def pid(self) -> int | None:
        """Its process id while it runs: the number must still belong to the process that was started then."""
        number, started, _ = self._recorded()
        return number if started and started_at(number) == started else None

    def start(self, command: Sequence[str | Path], *, configuration: str = "") -> bool:
        """Start it, or start it anew if it runs with another command or configuration. False if it runs as wanted."""
        words = [str(word) for word in command]
        wanted = _fingerprint(words, configuration)
        if self.pid() is not None:
            if self._recorded()[2] == wanted:
                return False
            self.stop()
        pid = self._launch(words)
        partial = self._record.with_suffix(".partial")
        partial.write_text(f"{pid} {started_at(pid)} {wanted}")
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

    @property
    def _record(self) -> Path:
        return self.state / "pids" / self.name

    def _recorded(self) -> tuple[int, str, str]:
        """Process id, start and fingerprint; empty words where no whole record is."""
        try:
            words = self._record.read_text().split()
        except FileNotFoundError:
            return 0, "", ""
        if len(words) < 2 or not words[0].isdigit():
            return 0, "", ""
        return int(words[0]), words[1], "".join(words[2:])

    def _launch(self, words: list[str]) -> int:
        for folder in (self.log.parent, self._record.parent):
            folder.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.rename(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=administrator(),
            )
        return process.pid


def end(pid: int) -> None:
    """SIGTERM, a while of patience, SIGKILL."""
    started = started_at(pid)

    def is_gone() -> bool:
        _reap(pid)
        return not started or started_at(pid) != started

    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if holds_within(PATIENCE_SECONDS, is_gone):
            return


def started_at(pid: int) -> str:
    """When it began, in clock ticks since boot, and the boot's id; empty if it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    fields = text[text.rindex(")") + 2 :].split()
    return "" if fields[0] == "Z" else f"{fields[19]}@{BOOT.read_text().strip()}"


def _fingerprint(words: Sequence[str], configuration: str) -> str:
    return hashlib.sha256("\0".join([*words, configuration]).encode()).hexdigest()[:16]


def _reap(pid: int) -> None:
    """A child that ended stays as a zombie until its parent has looked."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return

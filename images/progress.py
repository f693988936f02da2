"""Runs the long commands of one image: all output in a log file, a line now and then for the person who waits."""

import subprocess
import sys
import time
from pathlib import Path
from threading import Lock

from images.problem import Problem

HEARTBEAT_SECONDS = 10.0
LINES_SHOWN = 25
_screen = Lock()


def say(message: str) -> None:
    """One line for the person who waits."""
    with _screen:
        print(f"images: {message}", file=sys.stderr, flush=True)


class LoggedRun:
    """Runs commands one after the other; the newest line stands for how far they are."""

    def __init__(self, name: str, log: Path) -> None:
        self._name = name
        self._log = log
        self._started = time.monotonic()
        self._spoke = self._started
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("", encoding="utf-8")

    @property
    def seconds(self) -> float:
        """Time since the first command could start."""
        return time.monotonic() - self._started

    def __call__(self, command: list[str]) -> None:
        """Run to the end; a failure is a Problem that shows the last lines."""
        with self._log.open("a", encoding="utf-8") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            assert process.stdout is not None
            with process:
                for line in process.stdout:
                    log.write(line)
                    self._tell(line.strip())
        if process.returncode != 0:
            tail = self._log.read_text(encoding="utf-8").splitlines()[-LINES_SHOWN:]
            raise Problem(
                f"{self._name}: `{command[0]}` ended with {process.returncode}; its last lines:\n    "
                + "\n    ".join(tail),
                f"read {self._log}; run the same command again when the cause is gone, finished steps are kept",
            )

    def _tell(self, line: str) -> None:
        now = time.monotonic()
        if line and now - self._spoke >= HEARTBEAT_SECONDS:
            self._spoke = now
            say(f"{self._name}: {self.seconds:.0f} s, {line[:100]}")

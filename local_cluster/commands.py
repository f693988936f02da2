"""Runs other programs to their end; a failure names the program and shows its last lines."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local_cluster.console import ClusterError

LAST_LINES = 15


def run(*command: str | Path, env: Mapping[str, str] | None = None, stdin: str | None = None) -> str:
    """Standard output. ClusterError where the program is missing or fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, text=True, capture_output=True, env=env or administrator(), input=stdin, check=False)
    except FileNotFoundError:
        raise ClusterError(f"{words[0]} is not installed. Next: python3 -m local_cluster build") from None
    if done.returncode:
        raise ClusterError(f"`{' '.join(words)[:300]}` failed with {done.returncode}:\n{last_lines(done.stderr or done.stdout)}")
    return done.stdout


def succeeds(*command: str | Path) -> bool:
    """Whether the program ends well."""
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, env=administrator(), check=False).returncode == 0


def last_lines(text: str, count: int = LAST_LINES) -> str:
    """The end of a log, indented."""
    return "\n".join(f"    {line}" for line in text.splitlines()[-count:]) or "    (it said nothing)"


def administrator() -> dict[str, str]:
    """The environment with the folders of system programs on the path."""
    return {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/local/sbin"}

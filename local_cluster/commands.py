"""Runs other programs to their end; a failure names the program and shows its last lines."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local_cluster.console import ClusterError
from local_cluster.settings import CLUSTERS

LAST_LINES = 15
SYSTEM_PROGRAMS = "/usr/local/sbin:/usr/sbin:/sbin"
OWN_ADDRESSES = ",".join(
    ["localhost", "127.0.0.1", *(each for settings in CLUSTERS.values() for each in settings.ranges)]
)


def run(*command: str | Path, env: Mapping[str, str] | None = None, stdin: str | None = None) -> str:
    """Standard output. ClusterError where the program is missing or fails."""
    words = [str(word) for word in command]
    try:
        surroundings = env or administrator()
        done = subprocess.run(words, text=True, capture_output=True, env=surroundings, input=stdin, check=False)
    except FileNotFoundError:
        raise ClusterError(f"{words[0]} is not installed. Next: python3 -m local_cluster build") from None
    if done.returncode:
        said = last_lines(done.stderr or done.stdout)
        raise ClusterError(f"`{' '.join(words)[:300]}` failed with {done.returncode}:\n{said}")
    return done.stdout


def succeeds(*command: str | Path) -> bool:
    """Whether the program is there and ends well."""
    words = [str(word) for word in command]
    try:
        return subprocess.run(words, capture_output=True, env=administrator(), check=False).returncode == 0
    except FileNotFoundError:
        return False


def last_lines(text: str, count: int = LAST_LINES) -> str:
    """The end of a log, indented."""
    return "\n".join(f"    {line}" for line in text.splitlines()[-count:]) or "    (it said nothing)"


def administrator(**added: str) -> dict[str, str]:
    """The environment with system programs on the path, and no proxy between this machine and its own clusters."""
    direct = {name: ",".join(filter(None, (os.environ.get(name), OWN_ADDRESSES))) for name in ("NO_PROXY", "no_proxy")}
    return {**os.environ, **direct, "PATH": f"{os.environ.get('PATH', '')}:{SYSTEM_PROGRAMS}", **added}

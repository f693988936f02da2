"""An environment for each peer, made from PyPI with pinned versions, once for each set of them.

It must not know what is done with one. Everything else is as young as the day on which it was made; `versions` says what it holds.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from local_cluster.settings import cache_directory
from local_cluster.toolchain import lock

_SHARED = ("scikit-learn", "numpy", "scipy", "joblib")
"""In the versions that trained the model: a pickle is for these alone."""


class Unavailable(Exception):
    """Why an environment cannot be made."""


def environment(pins: Sequence[str]) -> Path:
    """The folder of its programs. Raises Unavailable."""
    wanted = [*pins, *(f"{name}=={version(name)}" for name in _SHARED)]
    content = hashlib.sha256("\n".join((*wanted, sys.version)).encode()).hexdigest()[:16]
    folder = cache_directory() / "peers" / content
    with lock("peers"):
        if not (folder / "complete").exists():
            _make(folder, wanted)
    return folder / "bin"


def _make(folder: Path, wanted: Sequence[str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    uv = Path(sys.executable).with_name("uv")
    _run(str(uv), "venv", "--quiet", "--python", sys.executable, str(folder))
    _run(
        str(uv), "pip", "install", "--quiet", "--compile-bytecode", "--python", str(folder / "bin" / "python"), *wanted
    )
    (folder / "complete").touch()


def versions(programs: Path, names: Sequence[str]) -> dict[str, str]:
    """Of the packages that it has."""
    ask = (
        "import importlib.metadata as m, json, sys\n"
        "have = {d.metadata['Name'].lower(): d.version for d in m.distributions()}\n"
        "print(json.dumps({name: have[name] for name in sys.argv[1:] if name in have}))"
    )
    return json.loads(_run(str(programs / "python"), "-c", ask, *names))


def _run(*command: str) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except FileNotFoundError as error:
        raise Unavailable(f"{command[0]} is not there") from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip()[-300:]
        raise Unavailable(f"`{' '.join(command)[:80]} …` failed: {said}") from error

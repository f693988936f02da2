"""Makes the Python environment that tests and checks run in, once for each content of its lock file."""

import hashlib
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from local_cluster.commands import run, succeeds
from local_cluster.console import ClusterError, say, step
from local_cluster.settings import cache_directory
from local_cluster.toolchain import lock

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements" / "dev.txt"


def environment() -> Path:
    """The environment's python, made with the native code if it is not there. Safe to cut off, and to call twice at once."""
    python = _python()
    _compile_native(python)
    return python


def _python() -> Path:
    content = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = cache_directory() / "venv" / content
    if (folder / "complete").exists():
        return folder / "bin" / "python"
    with lock("venv"):
        if not (folder / "complete").exists():
            _make(folder)
    return folder / "bin" / "python"


def _make(folder: Path) -> None:
    if not succeeds(sys.executable, "-c", "import ensurepip, venv"):
        _install_venv()
    shutil.rmtree(folder, ignore_errors=True)
    with step(f"Python {platform.python_version()} environment for the tests (a few minutes the first time)"):
        run(sys.executable, "-m", "venv", folder)
        pip = (folder / "bin" / "pip", "--disable-pip-version-check", "--quiet")
        run(*pip, "install", "--require-hashes", "-r", LOCK)
    (folder / "complete").touch()


def _compile_native(python: Path) -> None:
    """From the C of this working copy, in a fraction of a second, if it is not there. Without it Python scores."""
    build = ROOT / "artifact" / "sentiment_artifact" / "native" / "build.py"
    ended = subprocess.run([python, build], capture_output=True, text=True, check=False)
    if ended.returncode:
        say(ended.stderr.strip())


def _install_venv() -> None:
    if not shutil.which("apt-get"):
        raise ClusterError(
            "Python's venv module is missing. Next: install the package that your system calls python3-venv"
        )
    say("  python3-venv is missing and is installed")
    run("apt-get", "update", "-q")
    run("apt-get", "install", "-y", "-q", "--no-install-recommends", "python3-venv")

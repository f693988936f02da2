"""Writes the locked, hashed requirements from the components' pyproject.toml, with uv.

dev.txt is the one resolution; every image's file is a part of it, so that no two environments differ in a version.
"""

import shutil
import subprocess
import tomllib

from images.catalogue import IMAGES, ROOT
from images.problem import Problem

FOLDER = ROOT / "requirements"
COMPONENTS = ("contract", "artifact", "operator", "model_server", "trainer")


def write_locks(*, upgrade: bool = False) -> None:
    """Rewrite every requirements/*.txt; without `upgrade`, versions that still fit stay."""
    _compile("dev", "constraints.in", ["--upgrade"] if upgrade else [])
    for name in ("images", "compiler", *(image.name for image in IMAGES)):
        (FOLDER / f"{name}.txt").unlink(missing_ok=True)
        _compile(name, "dev.txt", [])


def _compile(name: str, constraints: str, options: list[str]) -> None:
    uv = shutil.which("uv")
    if uv is None:
        raise Problem("the locks cannot be written: uv is not installed", "pip install uv")
    command = [
        *(uv, "pip", "compile", f"requirements/{name}.in", "--quiet"),
        *("--universal", "--python-version=3.11", "--generate-hashes", "--no-emit-index-url", "--no-annotate"),
        *(f"--constraints=requirements/{constraints}", "--custom-compile-command=make lock"),
        *(f"--no-emit-package={_distribution(component)}" for component in COMPONENTS),
        *(f"--output-file=requirements/{name}.txt", *options),
    ]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise Problem(
            f"requirements/{name}.txt cannot be written: {answer.stderr.strip()}", f"look at requirements/{name}.in"
        )


def _distribution(component: str) -> str:
    return str(tomllib.loads((ROOT / component / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"])

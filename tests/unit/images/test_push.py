"""The lines of the README that push the images: run as they stand, with a docker that only remembers what it was asked."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from images.base import base_reference
from images.build import Built, named
from images.catalogue import IMAGES, ROOT

SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REGISTRY = "registry.example.org"


def pushing() -> str:
    """The block of the README."""
    (block,) = (one for one in SHELL.findall((ROOT / "README.md").read_text(encoding="utf-8")) if "docker push" in one)
    return block


def run_in(folder: Path) -> list[str]:
    """What docker was asked, while the lines ran in this folder."""
    tools = folder / "bin"
    tools.mkdir()
    (tools / "python3").symlink_to(sys.executable)
    for tool in ("docker", "make"):
        (tools / tool).write_text(f'#!/bin/sh\necho "{tool} $*" >> "$ASKED"\n', encoding="utf-8")
        (tools / tool).chmod(0o755)
    asked = folder / "asked"
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "ASKED": str(asked)}
    subprocess.run(["bash", "-euo", "pipefail", "-c", pushing()], cwd=folder, env=os.environ | environment, check=True)
    return asked.read_text(encoding="utf-8").splitlines()


def there(one: Built) -> str:
    """What the image is called in the registry."""
    return one.reference.replace("localhost", REGISTRY)


def test_each_image_is_loaded_named_for_the_registry_and_pushed(tmp_path: Path) -> None:
    expected = ["make images"]
    for one in named(IMAGES, base_reference()):
        pushed = there(one)
        expected += [
            f"docker load --input {one.archive}",
            f"docker tag {one.reference} {pushed}",
            f"docker push {pushed}",
        ]
    assert run_in(tmp_path) == expected


def test_the_values_name_what_was_pushed(tmp_path: Path) -> None:
    run_in(tmp_path)
    values = json.loads((tmp_path / "values.yaml").read_text(encoding="utf-8"))
    told = {name: f"{image['repository']}:{image['tag']}" for name, image in values["image"].items()}
    assert told == {one.image.name: there(one) for one in named(IMAGES, base_reference())}

"""The two tools that can build an image, behind one small interface."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from images.problem import Problem

Run = Callable[[list[str]], None]
"""Runs a command, with its output in the log of the image."""


@dataclass(frozen=True)
class Order:
    """One image to build."""

    reference: str
    context: Path
    dockerfile: Path
    target: str
    build_args: Mapping[str, str]
    secrets: Mapping[str, Path]


class Engine(Protocol):
    """A tool that builds images and keeps them."""

    name: str

    def has(self, reference: str) -> bool: ...
    def build(self, order: Order, run: Run) -> None: ...
    def export(self, reference: str, archive: Path, run: Run) -> None:
        """Write a docker archive, layers not compressed: every container runtime loads it, and none waits for gzip."""
        ...

    def forget(self, reference: str) -> None:
        """Drop the name; what other images share stays. One that is gone or in use is no error."""
        ...


class Buildah:
    """buildah: needs no service."""

    name = "buildah"

    def has(self, reference: str) -> bool:
        return _succeeds(["buildah", "inspect", "--type=image", "--format={{.FromImageID}}", reference])

    def build(self, order: Order, run: Run) -> None:
        run(["buildah", "build", "--layers", "--format=oci", *_arguments(order)])

    def export(self, reference: str, archive: Path, run: Run) -> None:
        run(["buildah", "push", "--quiet", reference, f"docker-archive:{archive}:{reference}"])

    def forget(self, reference: str) -> None:
        _succeeds(["buildah", "rmi", reference])


class Docker:
    """docker with BuildKit."""

    name = "docker"

    def has(self, reference: str) -> bool:
        return _succeeds(["docker", "image", "inspect", reference])

    def build(self, order: Order, run: Run) -> None:
        run(["env", "DOCKER_BUILDKIT=1", "docker", "build", "--progress=plain", *_arguments(order)])

    def export(self, reference: str, archive: Path, run: Run) -> None:
        run(["docker", "save", f"--output={archive}", reference])

    def forget(self, reference: str) -> None:
        _succeeds(["docker", "image", "rm", reference])


def packages() -> dict[str, str]:
    """Debian packages that building takes here, each by a program or file of it. Where docker answers, it need not be buildah."""
    base = {"debootstrap": "debootstrap", "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring"}
    return base if _docker_answers() else {"buildah": "buildah", **base}


def _docker_answers() -> bool:
    return shutil.which("docker") is not None and _succeeds(["docker", "info"])


def engine_of_this_machine(wanted: str = "auto") -> Engine:
    """buildah where it can be used, else docker; or the one that is asked for by name."""
    usable: dict[str, Engine] = {}
    if shutil.which("buildah") and os.geteuid() == 0:
        usable["buildah"] = Buildah()
    if wanted != "buildah" and _docker_answers():
        usable["docker"] = Docker()
    if not usable or (wanted != "auto" and wanted not in usable):
        raise Problem(
            "no tool to build images: neither buildah (as root) nor a docker engine that answers was found"
            if wanted == "auto"
            else f"{wanted} cannot be used: it is not installed, does not answer, or needs root",
            "apt-get install buildah debootstrap and run this with sudo, or start docker",
        )
    return usable[wanted] if wanted != "auto" else next(iter(usable.values()))


def _arguments(order: Order) -> list[str]:
    arguments = [f"--file={order.dockerfile}", f"--tag={order.reference}"]
    if order.target:
        arguments.append(f"--target={order.target}")
    arguments += [f"--build-arg={name}={value}" for name, value in order.build_args.items()]
    arguments += [f"--secret=id={name},src={file}" for name, file in order.secrets.items()]
    return [*arguments, str(order.context)]


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0

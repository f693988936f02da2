"""The base of all images where none is named: a small Debian with Python, made by debootstrap.

It exists so that a machine without a container registry can build; any other base with Python 3.11 or newer does too.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from images.package_client import PackageClient
from images.problem import Problem

SUITE = "trixie"
PACKAGES = ("python3", "python3-venv", "ca-certificates")
WITHOUT = (
    "usr/share/doc",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
    "var/cache/apt",
    "var/cache/debconf",
    "var/lib/apt/lists",
    "var/log",
)
"""Folders that are emptied: nobody reads a manual in a container."""
DOCKERFILE = "FROM scratch\nADD rootfs.tar /\n"

Run = Callable[[list[str]], None]
"""Runs a command, with its output in the log of the image."""


def base_reference() -> str:
    """Name of the base image; it changes with what it is made of."""
    content = hashlib.sha256(repr((SUITE, PACKAGES, WITHOUT, DOCKERFILE)).encode()).hexdigest()
    return f"localhost/sentiment-base:{SUITE}-{content[:8]}"


def make_root_archive(folder: Path, client: PackageClient, run: Run) -> None:
    """Leave `rootfs.tar` and a Dockerfile in `folder`. Needs root."""
    _check_can_bootstrap()
    root = folder / "rootfs"
    remove_root(root)
    folder.mkdir(parents=True, exist_ok=True)
    mirror = [client.debian_mirror] if client.debian_mirror else []
    run(["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(root), *mirror])
    if mirror:
        (root / "etc/apt/sources.list").unlink(missing_ok=True)
    for path in WITHOUT:
        _empty(root / path)
    # Nobody becomes another user inside a container.
    run(["find", str(root), "-xdev", "-type", "f", "-perm", "/6000", "-exec", "chmod", "a-s", "{}", "+"])
    run(
        [
            "tar",
            "--create",
            "--one-file-system",
            "--numeric-owner",
            f"--file={folder / 'rootfs.tar'}",
            f"--directory={root}",
            ".",
        ]
    )
    (folder / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    remove_root(root)


def remove_root(root: Path) -> None:
    """Remove a root folder, first letting go of what an interrupted debootstrap left mounted in it."""
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    for place in sorted((place for place in mounted if Path(place).is_relative_to(root)), reverse=True):
        subprocess.run(["umount", place], check=True)
    shutil.rmtree(root, ignore_errors=True)
    if root.exists():
        raise Problem(
            f"{root} is left from an interrupted build and cannot be removed", f"remove it by hand: rm -rf {root}"
        )


def _check_can_bootstrap() -> None:
    if shutil.which("debootstrap") is None:
        raise Problem(
            "the base image cannot be made: debootstrap is not installed",
            "apt-get install debootstrap debian-archive-keyring, or name a base with --base python:3.13-slim",
        )
    if os.geteuid() != 0:
        raise Problem(
            "the base image cannot be made: debootstrap needs root",
            "run this with sudo, or name a base with --base python:3.13-slim",
        )


def _empty(folder: Path) -> None:
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()

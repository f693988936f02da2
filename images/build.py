"""Builds what is not there yet and leaves one archive per image, ready to be loaded into a cluster."""

import fcntl
import os
import re
import subprocess
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from images.base import SUITE, base_reference, make_root_archive
from images.catalogue import ROOT, Image
from images.engine import Engine, Order, engine_of_this_machine
from images.package_client import PackageClient, package_client_of_this_machine
from images.progress import LoggedRun, say

KEPT_ARCHIVES = 2
"""Builds of one image that stay on disk: the newest ones."""


@dataclass(frozen=True)
class Built:
    """An image that is there."""

    image: Image
    reference: str
    archive: Path


def cache_folder() -> Path:
    """Where archives, logs and the lock are kept: below $ROTTEN_CACHE, else below the user's cache folder."""
    chosen = os.environ.get("ROTTEN_CACHE")
    return (
        Path(chosen or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rottenpotatoes") / "images"
    )


def named(images: Sequence[Image], base: str) -> list[Built]:
    """The images as they are called when built from the present tree, whether they are there or not."""
    return [Built(image, image.reference(base), _archive(image, base)) for image in images]


def build(images: Sequence[Image], base: str = "", engine_name: str = "auto") -> list[Built]:
    """Build the images on `base` (empty: our own) and export them; what is there already is left as it is."""
    wanted = named(images, base or base_reference())
    if all(one.archive.is_file() for one in wanted):
        return wanted
    with _only_one_at_a_time():
        _build_missing([one for one in wanted if not one.archive.is_file()], base, engine_of_this_machine(engine_name))
    return wanted


def build_base(engine_name: str = "auto") -> str:
    """Build our own base image if it is not there; answers its name."""
    with _only_one_at_a_time():
        _ensure_base(engine_of_this_machine(engine_name), package_client_of_this_machine())
    return base_reference()


def _build_missing(missing: Sequence[Built], base: str, engine: Engine) -> None:
    client = package_client_of_this_machine()
    if not base:
        _ensure_base(engine, client)
    secrets = client.write_secrets(cache_folder() / "secrets", SUITE)
    # Targets of one Dockerfile share stages, so they are built one after the other; two Dockerfiles side by side.
    queues: dict[str, list[Built]] = {}
    for one in missing:
        queues.setdefault(one.image.dockerfile, []).append(one)

    def work(queue: list[Built]) -> None:
        for one in queue:
            _build_one(one, base or base_reference(), engine, secrets)

    with ThreadPoolExecutor(max_workers=len(queues) or 1) as pool:
        list(pool.map(work, queues.values()))


def _build_one(one: Built, base: str, engine: Engine, secrets: dict[str, Path]) -> None:
    run = LoggedRun(one.image.name, cache_folder() / "logs" / f"{one.image.name}.log")
    if not engine.has(one.reference):
        say(f"{one.image.name}: building {one.reference} with {engine.name}")
        arguments = {"BASE_IMAGE": base, "VERSION": one.image.version, "REVISION": _revision(), "SOURCE": _source()}
        engine.build(Order(one.reference, ROOT, ROOT / one.image.dockerfile, one.image.target, arguments, secrets), run)
    built_after = run.seconds
    _export(one, engine, run)
    say(
        f"{one.image.name}: there after {run.seconds:.0f} s (built {built_after:.0f} s, exported {run.seconds - built_after:.0f} s)"
    )


def _export(one: Built, engine: Engine, run: LoggedRun) -> None:
    one.archive.parent.mkdir(parents=True, exist_ok=True)
    unfinished = one.archive.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    engine.export(one.reference, unfinished, run)
    unfinished.rename(one.archive)
    older = sorted(
        one.archive.parent.glob(f"{one.image.name}-*.tar"), key=lambda file: file.stat().st_mtime, reverse=True
    )
    for archive in older[KEPT_ARCHIVES:]:
        archive.unlink()
        engine.forget(f"{one.image.repository}:{archive.stem.removeprefix(f'{one.image.name}-')}")


def _ensure_base(engine: Engine, client: PackageClient) -> None:
    reference = base_reference()
    if engine.has(reference):
        return
    say(f"base: making {reference}")
    run = LoggedRun("base", cache_folder() / "logs" / "base.log")
    folder = cache_folder() / "base"
    make_root_archive(folder, client, run)
    engine.build(Order(reference, folder, folder / "Dockerfile", "", {}, {}), run)
    (folder / "rootfs.tar").unlink()
    say(f"base: there after {run.seconds:.0f} s")


def _archive(image: Image, base: str) -> Path:
    return cache_folder() / "archives" / f"{image.name}-{image.tag(base)}.tar"


@contextmanager
def _only_one_at_a_time() -> Generator[None, None, None]:
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / "lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another build is running; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _revision() -> str:
    """The git commit that the image was first built from; marked where the tree held more than that commit."""
    commit = _git("rev-parse", "HEAD")
    return f"{commit}-modified" if commit and _git("status", "--porcelain") else commit or "unknown"


def _source() -> str:
    """Address of the repository without anything secret in it; empty where it is no web address."""
    found = re.fullmatch(r"(https?://)(?:[^/@]*@)?([^@]+)", _git("config", "--get", "remote.origin.url"))
    return found[1] + found[2] if found else ""


def _git(*arguments: str) -> str:
    try:
        answer = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""

"""Brings images into the node's containerd, each content once. It knows no registry."""

import hashlib
import io
import json
import platform
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_cluster.commands import run, succeeds
from local_cluster.console import ClusterError, step
from local_cluster.settings import Settings
from local_cluster.toolchain import binary

PAUSE = "localhost/pause:1"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def load(settings: Settings, image: str) -> None:
    """Import an OCI or docker archive, or an image that buildah or docker has by that name.

    A content that is in the node already under the same name is left alone.
    """
    if Path(image).is_file():
        _load_archive(settings, Path(image), _content(Path(image)))
        return
    engine, identity = _engine_that_has(image)
    if _is_there(settings, identity):
        return
    with tempfile.TemporaryDirectory(dir=settings.state, prefix="image-") as folder:
        archive = Path(folder) / "image.tar"
        with step(f"save {image} out of {engine}"):
            _save(engine, image, archive)
        _load_archive(settings, archive, identity)


def load_pause(settings: Settings) -> None:
    """The image that holds a pod's namespaces: one static program that waits."""
    if PAUSE in _present(settings):
        return
    archive = settings.state / "pause.tar"
    archive.write_bytes(pause_archive(binary("pause").read_bytes()))
    run(*_ctr(settings), "images", "import", archive)
    archive.unlink()


def answers(settings: Settings) -> bool:
    """Whether containerd takes calls."""
    return succeeds(*_ctr(settings), "version")


def _load_archive(settings: Settings, archive: Path, identity: str) -> None:
    if _is_there(settings, identity):
        return
    names = names_in(archive)
    with step(f"import {', '.join(names) or archive.name}"):
        run(*_ctr(settings), "images", "import", "--all-platforms", archive)
    present = _present(settings)
    full_names = {full for name in names for full in (name, f"docker.io/library/{name}")}
    imported = {name: digest for name, digest in present.items() if name in full_names}
    if not imported:
        raise ClusterError(f"{archive} names no image. Next: save it with its full name, such as localhost/name:tag")
    mark = _mark(settings, identity)
    mark.parent.mkdir(exist_ok=True)
    mark.write_text(json.dumps(imported))


def _is_there(settings: Settings, identity: str) -> bool:
    """Its names may have been given to other images since, or taken away."""
    mark = _mark(settings, identity)
    return mark.exists() and json.loads(mark.read_text()).items() <= _present(settings).items()


def _mark(settings: Settings, identity: str) -> Path:
    return settings.state / "images" / identity


def _present(settings: Settings) -> dict[str, str]:
    """Name → digest of every image in the node."""
    lines = run(*_ctr(settings), "images", "ls").splitlines()[1:]
    return {words[0]: words[2] for words in map(str.split, lines)}


def _ctr(settings: Settings) -> tuple[str, ...]:
    return ("ctr", "--address", str(settings.containerd_socket), "--namespace", "k8s.io")


def _content(archive: Path) -> str:
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def names_in(archive: Path) -> list[str]:
    """Names of the images in an archive as docker or as OCI writes it."""
    try:
        with tarfile.open(archive) as files:
            if "manifest.json" in files.getnames():
                return [tag for image in _read(files, "manifest.json") for tag in image.get("RepoTags") or ()]
            notes = [image.get("annotations", {}) for image in _read(files, "index.json")["manifests"]]
    except (tarfile.TarError, KeyError, ValueError) as error:
        what = f"{archive} is no image archive: {error}. Next: save the image as oci-archive or docker-archive"
        raise ClusterError(what) from None
    keys = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
    return [next((note[key] for key in keys if key in note), "") for note in notes]


def _read(archive: tarfile.TarFile, name: str) -> Any:
    file = archive.extractfile(name)
    return json.load(file) if file else {}


def _engine_that_has(image: str) -> tuple[str, str]:
    """The program that built it, and the image's id."""
    questions: Mapping[str, tuple[str, ...]] = {
        "buildah": ("inspect", "--type", "image", "--format", "{{.FromImageID}}", image),
        "docker": ("image", "inspect", "--format", "{{.Id}}", image),
    }
    for engine, question in questions.items():
        if shutil.which(engine) and succeeds(engine, *question):
            return engine, run(engine, *question).strip().removeprefix("sha256:")
    engines = " or ".join(questions)
    raise ClusterError(f"{image} is neither a file nor an image of {engines}. Next: build it, or name an archive")


def _save(engine: str, image: str, archive: Path) -> None:
    if engine == "buildah":
        run("buildah", "push", "--quiet", image, f"docker-archive:{archive}:{image}")
    else:
        run("docker", "save", "--output", archive, image)


def pause_archive(program: bytes) -> bytes:
    """An image as `docker save` writes it, with a single file in a single layer."""
    layer = _tar({"pause": (program, 0o755)})
    config = {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [PAUSE], "Layers": ["layer.tar"]}]
    texts = {"config.json": json.dumps(config).encode(), "manifest.json": json.dumps(manifest).encode()}
    return _tar({name: (content, 0o644) for name, content in {**texts, "layer.tar": layer}.items()})


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()

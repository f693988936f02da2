"""Brings images into the node's containerd, each content once. It knows no registry."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

from local_cluster.commands import run, succeeds
from local_cluster.console import ClusterError, step
from local_cluster.settings import Settings
from local_cluster.toolchain import binary

PAUSE = "localhost/pause:1"


def load(settings: Settings, archive: Path) -> None:
    """Import an OCI or docker archive. A content that was imported before is left alone."""
    if not archive.is_file():
        raise ClusterError(f"{archive} is no file. Next: build the image and save it as an oci-archive or docker-archive")
    mark = settings.state / "images" / _content(archive)
    if mark.exists():
        return
    with step(f"import {archive.name}"):
        run(*_ctr(settings), "images", "import", "--all-platforms", archive)
    mark.parent.mkdir(exist_ok=True)
    mark.touch()


def load_pause(settings: Settings) -> None:
    """The image that holds a pod's namespaces: one static program that waits."""
    if PAUSE in run(*_ctr(settings), "images", "ls", "-q"):
        return
    archive = settings.state / "pause.tar"
    archive.write_bytes(_pause_archive(binary("pause").read_bytes()))
    run(*_ctr(settings), "images", "import", archive)
    archive.unlink()


def answers(settings: Settings) -> bool:
    """Whether containerd takes calls."""
    return succeeds(*_ctr(settings), "version")


def _ctr(settings: Settings) -> tuple[str, ...]:
    return ("ctr", "--address", str(settings.containerd_socket), "--namespace", "k8s.io")


def _content(archive: Path) -> str:
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def _pause_archive(program: bytes) -> bytes:
    """An image as `docker save` writes it, with a single file in a single layer."""
    layer = _tar({"pause": (program, 0o755)})
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [PAUSE], "Layers": ["layer.tar"]}]
    files = {"config.json": json.dumps(config).encode(), "layer.tar": layer, "manifest.json": json.dumps(manifest).encode()}
    return _tar({name: (content, 0o644) for name, content in files.items()})


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()

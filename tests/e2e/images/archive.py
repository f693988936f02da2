"""An image archive as `docker save` and buildah write it, read without running anything."""

import json
import tarfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ImageArchive:
    """One exported image."""

    path: Path

    @cached_property
    def _manifest(self) -> dict[str, Any]:
        return self._json("manifest.json")[0]

    @cached_property
    def config(self) -> dict[str, Any]:
        """User, Env, Entrypoint, Labels …"""
        return self._json(self._manifest["Config"])["config"]

    @cached_property
    def layers(self) -> list[dict[str, tarfile.TarInfo]]:
        """From the lowest up: path → what stands there."""
        with tarfile.open(self.path) as archive:
            return [self._entries(archive, name) for name in self._manifest["Layers"]]

    @cached_property
    def files(self) -> dict[str, tarfile.TarInfo]:
        """Everything that a container sees, whiteouts applied."""
        seen: dict[str, tarfile.TarInfo] = {}
        for layer in self.layers:
            for path, entry in layer.items():
                folder, _, name = path.rpartition("/")
                if name.startswith(".wh."):
                    gone = f"{folder}/{name.removeprefix('.wh.')}".removeprefix("/")
                    seen = {one: found for one, found in seen.items() if one != gone and not one.startswith(f"{gone}/")}
                else:
                    seen[path] = entry
        return seen

    def read(self, path: str) -> str:
        """Text of one file."""
        with tarfile.open(self.path) as archive:
            for name in reversed(self._manifest["Layers"]):
                with tarfile.open(fileobj=archive.extractfile(name)) as layer:
                    for member in (path, f"./{path}"):
                        if member in layer.getnames() and (content := layer.extractfile(member)):
                            return content.read().decode()
        raise FileNotFoundError(path)

    def _entries(self, archive: tarfile.TarFile, name: str) -> dict[str, tarfile.TarInfo]:
        with tarfile.open(fileobj=archive.extractfile(name)) as layer:
            return {entry.name.removeprefix("./"): entry for entry in layer}

    def _json(self, name: str) -> Any:
        with tarfile.open(self.path) as archive:
            content = archive.extractfile(name)
            assert content is not None
            return json.load(content)

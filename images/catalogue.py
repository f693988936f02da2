"""Which images there are, what each is made of, and the name that follows from it.

A name carries a hash of everything that goes in, so an image of that name never has to be built twice and a pod that
asks for it never gets another. This module knows no build tool.
"""

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REGISTRY = "localhost"
"""Where no registry is meant: container runtimes take this prefix literally."""
TAG_LENGTH = 12


@dataclass(frozen=True)
class Image:
    """One image: a target of a Dockerfile, its locked requirements and the components inside."""

    name: str
    dockerfile: str
    target: str
    components: tuple[str, ...]

    @property
    def repository(self) -> str:
        """Name of the image without a tag."""
        return f"{REGISTRY}/sentiment-{self.name}"

    @property
    def main_component(self) -> str:
        """The component that the image is named after; its version is the image's."""
        return self.components[-1]

    @cached_property
    def version(self) -> str:
        """Version of the main component, as its pyproject.toml gives it."""
        text = (ROOT / self.main_component / "pyproject.toml").read_text(encoding="utf-8")
        return str(tomllib.loads(text)["project"]["version"])

    def tag(self, base: str) -> str:
        """Tag of the image on this base: the first hex digits of the hash of its content."""
        content = hashlib.sha256(base.encode())
        for file in sorted(self._files()):
            content.update(f"{file.relative_to(ROOT)}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
        return content.hexdigest()[:TAG_LENGTH]

    def reference(self, base: str) -> str:
        """Full name of the image on this base."""
        return f"{self.repository}:{self.tag(base)}"

    def _files(self) -> Iterator[Path]:
        yield ROOT / self.dockerfile
        yield ROOT / ".dockerignore"
        yield ROOT / "requirements" / "images.txt"
        yield ROOT / "requirements" / f"{self.name}.txt"
        if "artifact" in self.components:
            yield ROOT / "requirements" / "compiler.txt"
        for component in self.components:
            yield ROOT / component / "pyproject.toml"
            yield from _sources(ROOT / component)


def _sources(component: Path) -> Iterator[Path]:
    """Files of the packages in a component folder, without what Python compiles beside them."""
    for package in component.glob("sentiment_*"):
        for file in package.rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file


OPERATOR = Image("operator", "Dockerfile.operator", "operator", ("contract", "operator"))
SERVER = Image("server", "Dockerfile.server", "server", ("contract", "artifact", "model_server"))
TRAINER = Image("trainer", "Dockerfile.server", "trainer", ("contract", "artifact", "trainer"))

IMAGES = (OPERATOR, SERVER, TRAINER)

"""Where the compiled model comes from: a local file, or the registry with a copy kept in a cache folder."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

from sentiment_artifact import digest_of
from sentiment_contract.names import ARTIFACT_PATH
from sentiment_server.model.download import Limits, ask, download, mismatch
from sentiment_server.model.state import LoadFault, Reason

STORED = re.compile(r"mlflow-artifacts:/((?:\w[\w.-]*/)*\w[\w.-]*)", re.ASCII)
"""A place in the MLflow that is asked; one with a host in it is another's."""


class Source(Protocol):
    """Something that can put the file on the disk."""

    def obtain(self) -> Path:
        """Blocks until the file is there. Raises LoadFault."""
        ...


@dataclass(frozen=True)
class LocalFile:
    """A file that somebody else put here; `digest` None takes it as it is."""

    path: Path
    digest: str | None

    def obtain(self) -> Path:
        """The file, if it is the right one."""
        if not self.path.is_file():
            raise LoadFault(Reason.ARTIFACT_MISSING, f"There is no file {self.path}. Next: check the path.")
        if self.digest is not None:
            require_digest(self.path, self.digest)
        return self.path


@dataclass(frozen=True)
class Registry:
    """A version of a registered model in MLflow. Only a file with the pinned digest is accepted, or kept."""

    tracking_url: str
    registered_model: str
    version: str
    digest: str
    cache: Path
    limits: Limits

    def obtain(self) -> Path:
        """The cached file, which needs no registry, or a fresh download."""
        cached = self.cache / f"{self.digest}.rpm1"
        try:
            if cached.is_file() and digest_of(cached) == self.digest:
                return cached
            self.cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable_cache(self.cache, error) from error
        download(self._stored() or self._any(), cached, self.digest, self.limits)
        return cached

    def _stored(self) -> str:
        """Where MLflow gives out what it stores itself, five times as fast as by its other route; empty if others store it."""
        query = urlencode({"name": self.registered_model, "version": self.version})
        asked = f"{self.tracking_url}/api/2.0/mlflow/model-versions/get-download-uri?{query}"
        folder = STORED.fullmatch(str(ask(asked, self.limits).get("artifact_uri", "")))
        return f"{self.tracking_url}/api/2.0/mlflow-artifacts/artifacts/{folder[1]}/{ARTIFACT_PATH}" if folder else ""

    def _any(self) -> str:
        query = urlencode({"name": self.registered_model, "version": self.version, "path": ARTIFACT_PATH})
        return f"{self.tracking_url}/model-versions/get-artifact?{query}"


def require_digest(path: Path, digest: str) -> None:
    """Raises LoadFault unless the file has this digest."""
    found = digest_of(path)
    if found != digest:
        raise LoadFault(Reason.DIGEST_MISMATCH, mismatch(digest, found))


def _unusable_cache(folder: Path, error: OSError) -> LoadFault:
    return LoadFault(
        Reason.ARTIFACT_MISSING,
        f"The folder {folder} for the compiled model cannot be used: {error.strerror}."
        " Next: mount a writable volume there.",
    )

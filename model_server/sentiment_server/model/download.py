"""Streams the compiled model from the registry to disk, counting and hashing on the way.

A file appears under its final name only when every byte is there and the digest is the pinned one.
"""

import hashlib
import http.client
import json
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from sentiment_server.model.state import LoadFault, Reason

_CHUNK = 256 * 1024
_WHOLE_DOWNLOAD_FACTOR = 10


@dataclass(frozen=True)
class Limits:
    """A download ends after `timeout_seconds` without a byte, ten times as long in all, or `size_bytes`."""

    timeout_seconds: float
    size_bytes: int


def download(url: str, target: Path, digest: str, limits: Limits) -> None:
    """Fetches `url` into `target`. Raises LoadFault; then `target` is left as it was."""
    # Nobody waits any more for a download that was given up, but its thread may still write.
    partial = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}.partial")
    try:
        found = _save(_chunks(url, limits), partial)
        if found != digest:
            raise LoadFault(Reason.DIGEST_MISMATCH, mismatch(digest, found))
        partial.replace(target)
    except OSError as error:
        raise LoadFault(
            Reason.ARTIFACT_MISSING,
            f"The compiled model cannot be written to {target.parent}: {error.strerror}. Next: make room.",
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def ask(url: str, limits: Limits) -> Mapping[str, object]:
    """The JSON object that the registry answers; empty where it answers otherwise. Raises LoadFault where it is away."""
    try:
        with _open(url, limits.timeout_seconds) as reply:
            answer: object = json.loads(reply.read(_CHUNK))
    except ValueError:
        return {}
    except LoadFault as fault:
        if fault.reason is Reason.REGISTRY_UNREACHABLE:
            raise
        return {}
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(url, f"broke off: {type(error).__name__}") from error
    return cast("Mapping[str, object]", answer) if isinstance(answer, dict) else {}


def mismatch(wanted: str, found: str) -> str:
    """The message for a file that is not the one asked for."""
    return (
        f"The compiled model has the digest {found}, but {wanted} is pinned, so it is not served."
        " Next: compare the artifact_digest tag of the model version in MLflow with the digest of the revision."
    )


def _save(chunks: Iterator[bytes], path: Path) -> str:
    sha256 = hashlib.sha256()
    with path.open("wb") as file:
        for chunk in chunks:
            sha256.update(chunk)
            file.write(chunk)
    return sha256.hexdigest()


def _chunks(url: str, limits: Limits) -> Iterator[bytes]:
    """The reply's body, piece by piece. Every fault of the network becomes a LoadFault."""
    deadline = time.monotonic() + _WHOLE_DOWNLOAD_FACTOR * limits.timeout_seconds
    received = 0
    with _open(url, limits.timeout_seconds) as reply:
        while chunk := _read(reply, url):
            received += len(chunk)
            if received > limits.size_bytes:
                raise LoadFault(Reason.ARTIFACT_REFUSED, f"The compiled model has more than {limits.size_bytes} bytes.")
            if time.monotonic() > deadline:
                raise _unreachable(url, f"sent only {received} bytes in time")
            yield chunk
        if reply.length:
            raise _unreachable(url, f"broke off {reply.length} bytes before the end")


def _open(url: str, timeout: float) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers={"Accept": "application/octet-stream"})
    try:
        return urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        raise _refused(url, error.code) from error
    except urllib.error.URLError as error:
        raise _unreachable(url, f"cannot be reached: {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(url, f"cannot be reached: {type(error).__name__}") from error


def _read(reply: http.client.HTTPResponse, url: str) -> bytes:
    try:
        return reply.read(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(url, f"broke off: {type(error).__name__}") from error


def _refused(url: str, status: int) -> LoadFault:
    """MLflow answers 500 rather than 404 when the version is known but its file is gone."""
    if status in (400, 404, 500):
        return LoadFault(
            Reason.ARTIFACT_MISSING,
            f"MLflow at {_origin(url)} has no such file ({status})."
            " Next: look at the artifacts of the model version there.",
        )
    return _unreachable(url, f"answered {status}")


def _unreachable(url: str, what: str) -> LoadFault:
    return LoadFault(
        Reason.REGISTRY_UNREACHABLE,
        f"MLflow at {_origin(url)} {what}. It is tried again."
        " Next: check that MLflow runs and may be reached from here.",
    )


def _origin(url: str) -> str:
    """Scheme, host and port: an address may carry a password, which no message repeats."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")

"""The name of a compiled model: the SHA-256 of its bytes. It is kept outside the file."""

import hashlib
from pathlib import Path


def digest_of(path: Path | str) -> str:
    """64 lower-case hex digits. OSError when the file cannot be read."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

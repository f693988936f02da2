"""A fetched file and what identifies it. Every source ends here, so that a hash means the same for all of them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sentiment_contract.training import FailureReason
from sentiment_trainer.failures import TrainingError

BLOCK = 1 << 20


@dataclass(frozen=True)
class FetchedFile:
    """A data file on this machine: where it lies, what it is called towards people, and its hashes in hex."""

    path: Path
    called: str
    sha256: str
    md5: str
    size: int
    git_commit: str = ""
    git_author: str = ""
    """E-mail address of who wrote that commit, in lower case; empty where git tells none."""


def identify(path: Path, called: str, git_commit: str = "", git_author: str = "") -> FetchedFile:
    """Hash the file in one pass: SHA-256 is its identity everywhere, MD5 is the name that DVC knows it by."""
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    try:
        with path.open("rb") as stream:
            while block := stream.read(BLOCK):
                sha256.update(block)
                md5.update(block)
                size += len(block)
    except OSError as error:
        raise TrainingError(
            FailureReason.DATA_UNREADABLE,
            f"{called} cannot be read: {error.strerror or error}.",
            "let user and group 65532 read the file, for example with chmod a+r.",
        ) from error
    return FetchedFile(path, called, sha256.hexdigest(), md5.hexdigest(), size, git_commit, git_author)


def require_hash(file: FetchedFile, expected: str | None, field: str) -> FetchedFile:
    """The same file, or DataHashMismatch where the recipe pins another content."""
    if expected is not None and file.sha256 != expected:
        raise TrainingError(
            FailureReason.DATA_HASH_MISMATCH,
            f"{file.called} has sha256 {file.sha256}, {field} asks for {expected}:"
            " the file is not the one that was meant.",
            f"put the right file back, or set {field} to the hash of the new one.",
        )
    return file


def path_inside(root: Path, relative: str, called: str) -> Path:
    """The file at `relative` below `root`. Links and dots that lead out of `root` are refused."""
    resolved_root = root.resolve()
    path = (resolved_root / relative).resolve()
    if not path.is_relative_to(resolved_root):
        raise TrainingError(
            FailureReason.DATA_NOT_FOUND,
            f"{called} leads out of its volume or repository.",
            "name a path inside of it.",
        )
    return path

"""Reads the data file from a mounted volume. The volume is read-only: the file is used where it lies."""

from pathlib import Path

from sentiment_contract.data import VolumeSource
from sentiment_contract.training import FailureReason
from sentiment_trainer.data.files import FetchedFile, identify, path_inside, require_hash
from sentiment_trainer.failures import TrainingError


def fetch_volume(source: VolumeSource, data_root: Path) -> FetchedFile:
    """The file that the source names. Raises DataNotFound, DataUnreadable or DataHashMismatch."""
    called = f"File {source.path} on volume claim {source.claim_name}"
    path = path_inside(data_root, source.path, called)
    if not path.is_file():
        raise TrainingError(
            FailureReason.DATA_NOT_FOUND,
            f"{called} does not exist. {_what_is_there(path, data_root)}",
            "correct spec.data.volume.path or put the file there.",
        )
    return require_hash(identify(path, called), source.sha256, "spec.data.volume.sha256")


def _what_is_there(path: Path, data_root: Path) -> str:
    folder = path.parent if path.parent.is_dir() else data_root
    names = sorted(entry.name for entry in folder.iterdir())[:8] if folder.is_dir() else []
    return f"Beside it: {', '.join(names)}." if names else "The folder is empty or missing."

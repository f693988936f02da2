"""Says by which hash git or DVC names a file in a checkout, without fetching the file.

Two commits that name the file by the same hash hold the same data. It knows neither remotes nor what the data is for.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any, cast

import yaml

from sentiment_contract.training import FailureReason
from sentiment_trainer.data.files import identify, path_inside
from sentiment_trainer.failures import TrainingError

_HASHES = ("md5", "etag", "checksum")
"""How DVC names what it tracks: by its own hash, or by that of a remote it was imported from."""


def content_of(folder: Path, path: str, called: str) -> str:
    """`<kind>:<hash>` of the file at `path`. Raises DataNotFound where neither git nor DVC knows it."""
    inside = path_inside(folder, path, called)
    if inside.is_file():
        return f"git:{identify(inside, called).sha256}"
    found = next(chain(_in_pointers(folder, path, called), _in_locks(folder, path, called)), None)
    if found is None:
        raise TrainingError(
            FailureReason.DATA_NOT_FOUND,
            f"{called} is not tracked there: there is no {path}.dvc, and no dvc.lock names it.",
            "correct spec.data.dvc.path, or `dvc add` the file and push the .dvc file.",
        )
    return found


def _in_pointers(folder: Path, path: str, called: str) -> Iterator[str]:
    """From the .dvc file of the file itself, or of a folder that it lies in."""
    whole = PurePosixPath(path)
    for tracked in (whole, *(parent for parent in whole.parents if parent.name)):
        pointer = folder / f"{tracked}.dvc"
        if pointer.is_file():
            outputs = _entries(_document(pointer, called), "outs")
            yield from _hashes(outputs, tracked.name, called)


def _in_locks(folder: Path, path: str, called: str) -> Iterator[str]:
    """From a dvc.lock beside the file or above it, which names what a pipeline made."""
    whole = PurePosixPath(path)
    for parent in whole.parents:
        lock = folder / parent / "dvc.lock"
        if lock.is_file():
            stages = _mapping(_document(lock, called).get("stages"))
            outputs = [output for stage in stages.values() for output in _entries(_mapping(stage), "outs")]
            relative = whole.relative_to(parent)
            for wanted in (relative, *(above for above in relative.parents if above.name)):
                yield from _hashes(outputs, str(wanted), called)


def _hashes(outputs: list[dict[str, Any]], wanted: str, called: str) -> Iterator[str]:
    for output in outputs:
        if str(output.get("path", "")).removeprefix("./") != wanted:
            continue
        kind = next((name for name in _HASHES if output.get(name)), None)
        if kind is None:
            raise TrainingError(
                FailureReason.DATA_NOT_FOUND,
                f"{called} is declared there, and DVC has no hash of it yet.",
                "run `dvc add` or `dvc repro`, and push what it writes.",
            )
        text = "".join(letter for letter in str(output[kind]) if letter.isalnum() or letter == ".")
        yield f"{kind}:{text}"


def _document(file: Path, called: str) -> dict[str, Any]:
    try:
        return _mapping(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrainingError(
            FailureReason.DATA_NOT_FOUND,
            f"{called} cannot be looked up: {file.name} is no YAML: {' '.join(str(error).split())[:200]}.",
            "write it again with `dvc add`, and push it.",
        ) from error


def _entries(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    listed = document.get(name)
    entries = cast("list[Any]", listed) if isinstance(listed, list) else []
    return [_mapping(entry) for entry in entries]


def _mapping(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}

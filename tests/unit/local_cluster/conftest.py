"""Keeps every test of this folder away from the person's own cache and clusters."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder of the test's own. Its path is short, since sockets below it have to fit into 108 bytes."""
    with tempfile.TemporaryDirectory(prefix="rotten-") as folder:
        monkeypatch.setenv("ROTTEN_CACHE", f"{folder}/cache")
        yield Path(folder) / "cache"

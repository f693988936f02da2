"""A training uses the processors that it has, not those of the machine."""

import os
from pathlib import Path

import pytest

from sentiment_trainer.learn.processors import processors


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        ("max 100000", 8),
        ("200000 100000", 2),
        ("150000 100000", 1),
        ("25000 100000", 1),
        ("9900000 100000", 8),
        ("", 8),
    ],
)
def test_the_smallest_of_what_is_bound_and_granted_counts(
    granted: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    (tmp_path / "cpu.max").write_text(granted)
    assert processors(tmp_path / "cpu.max") == expected


def test_without_control_groups_it_is_what_the_process_is_bound_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(3)), raising=False)
    assert processors(tmp_path / "absent") == 3
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert processors(tmp_path / "absent") == 16

"""How many processes there are follows from the limits of the container."""

from pathlib import Path

import pytest

from sentiment_server.room import workers_that_fit


@pytest.mark.parametrize(
    ("cpu", "memory", "workers"),
    [
        ("max 100000", "max", 1),
        ("max 100000", "8589934592", 1),
        ("50000 100000", "max", 1),
        ("100000 100000", "max", 1),
        ("199999 100000", "max", 1),
        ("200000 100000", "max", 2),
        ("800000 100000", "max", 8),
        ("800000 100000", "536870912", 4),
        ("800000 100000", "1000", 1),
        ("200000 50000", "8589934592", 4),
        ("nonsense", "max", 1),
        (None, None, 1),
    ],
)
def test_whole_cores_count_as_far_as_memory_goes(tmp_path: Path, cpu: str | None, memory: str | None, workers) -> None:
    for name, content in (("cpu.max", cpu), ("memory.max", memory)):
        if content is not None:
            (tmp_path / name).write_text(f"{content}\n")
    assert workers_that_fit(tmp_path) == workers

"""Waits for something to become true, or watches that it never does; no wait longer than it has to be."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PERIOD_SECONDS = 0.1


def eventually(what: str, look: Callable[[], T | None], seconds: float = 60) -> T:
    """Look again until what is seen is true, and give it; fails with `what` and what was seen last."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}; seen last: {seen!r}")
        time.sleep(PERIOD_SECONDS)


def never(what: str, look: Callable[[], object], seconds: float) -> None:
    """Look again and again for so long, and fail as soon as something is seen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen = look()
        assert not seen, f"{what}: {seen!r}"
        time.sleep(0.5)

"""Waits for something to become true; never for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(what: str, look: Callable[[], T], seconds: float = 60) -> T:
    """Look again until what is seen is true, and give it; fails with `what` and what was seen last."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}; seen last: {seen!r}")
        time.sleep(0.1)

"""What a person sees: progress with times on stderr, and failures as what, where and what to do next."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager


class ClusterError(Exception):
    """Something a person can act on; its text says what, where and what to do next."""


def say(text: str) -> None:
    """One line on stderr."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Generator[None]:
    """Announce a step and say how long it took."""
    began = time.monotonic()
    say(f"  … {title}")
    yield
    say(f"  ✓ {title} ({time.monotonic() - began:.1f} s)")


def holds_within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Ask again and again until it holds. False once the time is over."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def wait_until(what: str, holds: Callable[[], bool], seconds: float, explain: Callable[[], str]) -> None:
    """The same, but ClusterError with the explanation once the time is over."""
    if not holds_within(seconds, holds):
        raise ClusterError(f"{what}: not after {seconds:.0f} s.\n{explain()}")

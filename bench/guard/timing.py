"""Times two pieces of work in turn, in seconds of the processor. It must not know what they do."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Clock = Callable[[], float]
Work = Callable[[], object]


@dataclass(frozen=True)
class Pair:
    """A path of ours, and other code that does the like kind of work and does not change when ours does."""

    name: str
    ours: Work
    reference: Work
    rounds: int = 30
    clock: Clock = time.process_time
    """Seconds of the processor so far: of this process, with all its threads, where nothing else is said."""


@dataclass(frozen=True)
class Seconds:
    """The least that each of the two ever took: what others do on this machine can only add to it."""

    ours: float
    reference: float

    @property
    def ratio(self) -> float:
        """How much of the reference's time ours takes."""
        return self.ours / self.reference

    def or_less(self, other: "Seconds") -> "Seconds":
        """The least of both measurements."""
        return Seconds(min(self.ours, other.ours), min(self.reference, other.reference))


def time_in_turn(pair: Pair, rounds: int | None = None) -> Seconds:
    """Both works, so many times each. What is read or built on first use does not show in the least time."""
    with _without_collector():
        ours, reference = zip(*(_round(pair) for _ in range(rounds or pair.rounds)), strict=True)
    return Seconds(min(ours), min(reference))


def _round(pair: Pair) -> tuple[float, float]:
    return _seconds(pair.ours, pair.clock), _seconds(pair.reference, pair.clock)


def _seconds(work: Work, clock: Clock) -> float:
    began = clock()
    work()
    return clock() - began


@contextmanager
def _without_collector() -> Iterator[None]:
    """The garbage of others is no part of it either."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

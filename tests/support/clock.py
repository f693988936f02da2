"""A clock that the test turns."""

from dataclasses import dataclass


@dataclass(slots=True)
class Clock:
    """Seconds that pass only when the test says so."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now

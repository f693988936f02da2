"""The two kinds of advice: there is nothing to do, or there is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Calm:
    """Nothing is wrong."""

    next: str


@dataclass(frozen=True, slots=True)
class Act:
    """Something is in the way."""

    look: str
    """Where the cause shows."""
    meaning: str = ""
    """Empty: the operator's message says it."""
    next: str = ""
    """Empty: the operator's message says it."""


NOTHING = Calm("Nothing.")
WAIT = Calm("Wait.")

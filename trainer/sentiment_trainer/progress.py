"""How far a training is: a log line per step with its time, and a percentage for whoever listens."""

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

Announce = Callable[[int, str], None]
"""Takes the percentage that lies behind, and what was just learnt or begins."""


def silent(_percent: int, _message: str) -> None:
    """For whoever has nobody to tell."""


class Progress:
    """Announces steps. A listener may be attached later, when there is a run to report to."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._percent = 0
        self._listener: Callable[[int], None] | None = None

    @property
    def elapsed_seconds(self) -> float:
        """Seconds since the training began."""
        return time.monotonic() - self._started

    def attach(self, listener: Callable[[int], None]) -> None:
        """Tell this listener every percentage from now on, starting with the present one."""
        self._listener = listener
        listener(self._percent)

    def at(self, percent: int, message: str) -> None:
        """A step is reached: `percent` of the work lies behind, `message` says what was just learnt or begins."""
        self._percent = percent
        log.info("%3d %% %6.1f s  %s", percent, self.elapsed_seconds, message)
        if self._listener is not None:
            self._listener(percent)

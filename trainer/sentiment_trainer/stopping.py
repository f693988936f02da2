"""Ends a training at once when it is asked to.

The first process of a container does not hear SIGTERM unless it listens: a training that nobody wants any more would go
on until the kubelet loses patience, and its run in MLflow would look alive for ever.
"""

import signal
from types import FrameType

EXIT_CODE = 128 + signal.SIGTERM


class Stopped(SystemExit):
    """The training was asked to end; another one may take up its run."""


def end_when_asked() -> None:
    """Let SIGTERM raise Stopped wherever the main thread is; asked again, nothing more happens."""
    signal.signal(signal.SIGTERM, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise Stopped(EXIT_CODE)

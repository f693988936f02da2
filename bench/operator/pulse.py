"""Asks a health port five times a second, in a process of its own, how long its answer takes: a stalled event loop is late.

`python -m bench.operator.pulse <port>` prints the seconds of every answer once it is told to end.
"""

import signal
import sys
import time
from http.client import HTTPConnection, HTTPException
from types import FrameType

_PERIOD_SECONDS = 0.2
_TIMEOUT_SECONDS = 60


class _Told(Exception):
    """It is over."""


def _stop(_: int, __: FrameType | None) -> None:
    raise _Told


def main(port: int) -> None:
    """Until SIGTERM."""
    signal.signal(signal.SIGTERM, _stop)
    taken: list[float] = []
    try:
        while True:
            time.sleep(_PERIOD_SECONDS)
            began = time.monotonic()
            connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
            try:
                connection.request("GET", "/healthz")
                connection.getresponse().read()
            except (OSError, HTTPException):
                continue  # It does not listen yet, or no longer.
            finally:
                connection.close()
            taken.append(time.monotonic() - began)
    except _Told:
        print(" ".join(f"{seconds:.4f}" for seconds in taken))


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""Several processes that answer on one port, and the one that started them, which answers nothing itself.

Every worker listens on a socket of its own at the same port, so that the kernel deals connections out evenly: of workers
that share one socket, some get nearly all. A worker that ends unasked takes the others with it, in order, and whoever
started the server starts all of it anew: there is no state in between in which a part of it is missing.
"""

import logging
import os
import random
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from sentiment_server.logs import log_event

_logger = logging.getLogger(__name__)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)

Work = Callable[[int, socket.socket, socket.socket], int]
"""What a worker does, given its number, where it listens and where it tells its figures. Returns the exit code."""


def listeners(host: str, port: int, count: int) -> list[socket.socket]:
    """So many sockets at one port, none of which listens yet. Raises OSError when somebody else has the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as alone:  # sockets that may share a port would share it with strangers, too
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        alone.bind((host, port))
        port = alone.getsockname()[1]
    sockets = [socket.socket(family) for _ in range(count)]
    for one in sockets:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one.bind((host, port))
    return sockets


class Workers:
    """The processes, from the first one's start to the last one's end."""

    def __init__(self, sockets: Sequence[socket.socket], work: Work) -> None:
        """Starts them. Only where this process has one thread."""
        pairs = [socket.socketpair() for _ in sockets]
        self.figures = [asking for asking, _ in pairs]
        self._alive: set[int] = set()
        self._ending = False
        for number, (listening, (_, asked)) in enumerate(zip(sockets, pairs, strict=True)):
            pid = os.fork()
            if pid == 0:
                _only({listening, asked}, [*sockets, *(end for pair in pairs for end in pair)])
                _end_with(lambda number=number, pair=(listening, asked): work(number, *pair))
            self._alive.add(pid)
        # What this process kept open, the kernel would go on to deal connections to.
        _only(set(self.figures), [*sockets, *(end for pair in pairs for end in pair)])

    def wait(self) -> int:
        """Passes signals on until all have ended. Returns the exit code: 0 when they were asked to end."""
        for number in _SIGNALS:
            signal.signal(number, self._pass_on)
        failed = False
        while self._alive:
            pid, status = os.waitpid(-1, 0)
            if pid not in self._alive:
                continue  # process 1 of a container inherits whatever was left behind
            self._alive.discard(pid)
            code = os.waitstatus_to_exitcode(status)
            failed |= not self._ending or code not in (0, -signal.SIGTERM)
            if not self._ending:
                self._tell_of_end(pid, code)
                self._pass_on(signal.SIGTERM, None)
        return int(failed)

    def _pass_on(self, number: int, _: FrameType | None) -> None:
        self._ending = True
        for pid in self._alive:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _tell_of_end(self, pid: int, code: int) -> None:
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        message = (
            f"Worker {pid} ended {how}, so the whole server ends after its last replies."
            " Next: look at the log before this line, and at the memory limit."
        )
        log_event(_logger, logging.ERROR, "worker", message, **{"event.outcome": "failure"})


def _end_with(work: Callable[[], int]) -> NoReturn:
    """A worker never comes back into what its parent was doing."""
    code = 1
    try:
        random.seed()  # else all would choose the same pauses
        code = work()
    except Exception:
        _logger.critical("A worker failed.", exc_info=True)
    finally:
        logging.shutdown()
        os._exit(code)


def _only(kept: set[socket.socket], sockets: Sequence[socket.socket]) -> None:
    for one in sockets:
        if one not in kept:
            one.close()

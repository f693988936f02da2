"""A load whose requests come as a clock says, whether or not the server keeps up, as those of many clients do.

The time of a reply counts from the moment at which its request was due: a server that stands still is charged with all
requests that had to wait meanwhile, not only with those that were on their way. It must not know who is asked.
"""

import itertools
import selectors
import socket
import time
from collections import deque
from collections.abc import Sequence

_CONNECTIONS = 64
_LENGTH = b"content-length: "
_REST_SECONDS = 2e-5
"""Where nothing has come. On a core that never rests the kernel cannot do its own work, and does it on the server's, a few
milliseconds at a time. What is sent late for it counts from when it was due."""


def open_loop(port: int, requests: Sequence[bytes], rate: float, seconds: float) -> list[float]:
    """Milliseconds from when each request was due until its reply was there. Raises OSError for a reply that is no success."""
    turns, milliseconds = itertools.cycle(requests), list[float]()
    count = int(rate * seconds)
    with selectors.DefaultSelector() as selector:
        idle = deque(_Connection(port) for _ in range(_CONNECTIONS))
        for connection in idle:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        began, sent = time.perf_counter(), 0
        while len(milliseconds) < count:
            now = time.perf_counter() - began
            while idle and sent < count and sent / rate <= now:
                idle.popleft().send(next(turns), began + sent / rate)
                sent += 1
            told = selector.select(0 if sent < count else 1.0)
            if not told:
                time.sleep(_REST_SECONDS)
            for key, _ in told:
                connection: _Connection = key.data
                if (took := connection.received()) is not None:
                    milliseconds.append(took)
                    if connection.ended:
                        selector.unregister(connection.socket)
                        connection = _Connection(port)
                        selector.register(connection.socket, selectors.EVENT_READ, connection)
                    idle.append(connection)
        for key in list(selector.get_map().values()):
            key.data.socket.close()
    return milliseconds


class _Connection:
    """One connection, over which one request at a time is on its way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ended = False
        self._due = 0.0
        self._rest = b""

    def send(self, request: bytes, due: float) -> None:
        self._due, self._rest = due, b""
        self.socket.sendall(request)

    def received(self) -> float | None:
        """Milliseconds, once the reply is whole."""
        piece = self.socket.recv(262_144)
        if not piece:
            raise ConnectionError("the server ended a connection before its reply")
        self._rest += piece
        head, mark, body = self._rest.partition(b"\r\n\r\n")
        if not mark or len(body) < int(head.lower().partition(_LENGTH)[2].split(b"\r\n", 1)[0]):
            return None
        if not head.startswith(b"HTTP/1.1 200 "):
            raise OSError(f"{head[:40]!r}")
        if b"connection: close" in head.lower():
            self.socket.close()
            self.ended = True
        return (time.perf_counter() - self._due) * 1000

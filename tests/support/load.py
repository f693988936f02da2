"""A load for an HTTP server that costs its sender little: whole requests, over kept connections, each sent on its reply."""

import itertools
import selectors
import socket
import time
from collections.abc import Iterator, Sequence

_LENGTH = b"content-length: "


def request(path: str, body: bytes) -> bytes:
    """A POST of JSON, as bytes."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def load(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> list[float]:
    """The milliseconds of every reply that came in that time. Raises OSError for one that is no success."""
    turns = itertools.cycle(requests)
    with selectors.DefaultSelector() as selector:
        clients = [_Client(port, turns) for _ in range(connections)]
        for client in clients:
            selector.register(client.connection, selectors.EVENT_READ, client)
        milliseconds: list[float] = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for key, _ in selector.select(0.1):
                milliseconds += key.data.received()
                if key.data.ended:
                    selector.unregister(key.fileobj)
                    key.data.connect()
                    selector.register(key.data.connection, selectors.EVENT_READ, key.data)
    for client in clients:
        client.connection.close()
    return milliseconds


class _Client:
    """One connection, which is opened anew whenever the server ends it."""

    def __init__(self, port: int, turns: Iterator[bytes]) -> None:
        self._port = port
        self._turns = turns
        self.connect()

    def connect(self) -> None:
        """Opens the connection and sends the first request."""
        self.ended = False
        self.connection = socket.create_connection(("127.0.0.1", self._port), timeout=20)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._send()

    def _send(self) -> None:
        self._rest = b""
        self._began = time.perf_counter()
        self.connection.sendall(next(self._turns))

    def received(self) -> list[float]:
        """The time of the reply, once it is whole; then the next request is on its way."""
        piece = self.connection.recv(262_144)
        self._rest += piece
        head, mark, body = self._rest.partition(b"\r\n\r\n")
        if not mark or len(body) < int(head.lower().partition(_LENGTH)[2].split(b"\r\n", 1)[0]):
            if not piece:
                raise ConnectionError("the server ended a connection before its reply")
            return []
        if not head.startswith(b"HTTP/1.1 200 "):
            raise OSError(f"{head[:40]!r}")
        milliseconds = (time.perf_counter() - self._began) * 1000
        if b"connection: close" in head.lower():
            self.connection.close()
            self.ended = True
        else:
            self._send()
        return [milliseconds]

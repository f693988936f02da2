"""One kept connection over which requests are posted to another server, and answers are read and forgotten.

Parsed by httptools, which the server is there with anyway, because a copy must cost next to nothing: it takes 15 µs of the
processor this way, 60 with aiohttp, which adds 12 MB to the image, and 1,000 with httpx. Threads with the standard
library's client fight with the requests for the interpreter lock, at 200 to 500.
"""

import asyncio
import socket
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import httptools

from sentiment_server.model.background import in_background


@dataclass(frozen=True)
class Copy:
    """One request for a prediction."""

    path: str
    headers: dict[str, str]
    body: bytes


class Unanswered(ConnectionError):
    """The other end closed the connection, or sent what is no answer."""


class Delivery(asyncio.Protocol):
    """The connection. It may be used for one copy after the other, as long as it is open."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[None] | None = None

    @classmethod
    async def to(cls, url: str) -> "Delivery":
        """A new connection. Raises OSError."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
        # The loop's own look-up would hold up the end of the process.
        found = await in_background(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        loop = asyncio.get_running_loop()
        _, delivery = await loop.create_connection(lambda: cls(parts.netloc), str(found[0][4][0]), port)
        return delivery

    @property
    def open(self) -> bool:
        """Whether another copy can be posted."""
        return self._transport is not None and not self._transport.is_closing()

    async def post(self, copy: Copy) -> None:
        """Returns when the answer is there, whatever it is. Raises Unanswered. Without an answer the connection ends."""
        assert self._transport is not None
        self._parser = httptools.HttpResponseParser(self)
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(_wire(self._host, copy))
        try:
            await self._answer
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """No more is sent or read."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's have no common base with asyncio's

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self._settle(Unanswered(str(exc) if exc else "it closed the connection"))

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._settle(Unanswered(f"it does not speak HTTP: {error}"))

    def on_message_complete(self) -> None:
        """Called by the parser at the end of an answer."""
        if not self._parser.should_keep_alive():
            self.close()
        self._settle(None)

    def _settle(self, failure: Exception | None) -> None:
        if self._answer is None or self._answer.done():
            return
        if failure:
            self._answer.set_exception(failure)
        else:
            self._answer.set_result(None)


def _wire(host: str, copy: Copy) -> bytes:
    headers = {"host": host, "content-length": str(len(copy.body)), **copy.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {copy.path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + copy.body

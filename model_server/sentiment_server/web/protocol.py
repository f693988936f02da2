"""uvicorn's HTTP protocol with what it lacks: bounds of a request's head and of a connection, and errors that say more.

Without the first a client can hold a connection open by sending nothing, or grow memory by sending headers without end.
Without the second a client that keeps its connections never meets servers that came later.
"""

import asyncio
import json
import random
from dataclasses import dataclass
from typing import Any, cast

from starlette.types import Scope
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from sentiment_server.web.connection import Connection
from sentiment_server.web.corked import Corked
from sentiment_server.web.problems import MEDIA_TYPE, Problem

_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True)
class ConnectionBounds:
    """After so many requests, or at that age, the next reply is a connection's last one. 0: never."""

    requests: int
    seconds: float


class GuardedProtocol(HttpToolsProtocol):
    """One connection. `head_seconds` and `bounds` are set once per process, before the first connection."""

    head_seconds = 10.0
    bounds = ConnectionBounds(0, 0)

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._head_deadline: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_request = False
        self._requests = 0
        self._last_reply_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """The first request's head has to arrive in time."""
        super().connection_made(Corked(transport, self.loop))
        # With a tenth of chance, so that clients which came together do not come back together.
        self._last_reply_at = self.loop.time() + self.bounds.seconds * random.uniform(0.9, 1.1)  # noqa: S311  no secret
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._head_arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts bytes as long as a head is incomplete."""
        if not self._in_request:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_request or self.transport.is_closing():
            return
        # Most heads come whole, so only those that do not are worth a timer.
        if self._head_bytes and self._head_deadline is None:
            self._expect_head()
        if self._head_bytes > _HEAD_BYTES:
            self._refuse(
                Problem(
                    431,
                    "The head is too large",
                    f"A request's head has at most {_HEAD_BYTES} bytes.",
                    "Send fewer headers.",
                )
            )

    def on_headers_complete(self) -> None:
        """The head is whole; the body has a deadline of its own."""
        self._head_arrived()
        self._in_request = True
        self._head_bytes = 0
        self._requests += 1
        super().on_headers_complete()
        cycle, transport = self.cycle, self.transport
        Connection(self._is_spent, lambda: not cycle.more_body, transport.close, transport.abort).left_in(
            cast("Scope", cycle.scope)
        )

    def on_response_complete(self) -> None:
        """Another request may be on its way already, or sent ahead."""
        super().on_response_complete()
        self._in_request = not self.cycle.response_complete

    def send_400_response(self, msg: str) -> None:
        """What cannot be parsed gets the same kind of error as everything else."""
        self._head_arrived()
        self._refuse(Problem(400, "This is not HTTP", "The request cannot be parsed.", "Use an HTTP/1.1 client."))

    def _is_spent(self) -> bool:
        if self.pipeline:
            return False  # a client that sends ahead would lose what stands behind this request
        worn = 0 < self.bounds.requests <= self._requests
        return worn or (self.bounds.seconds > 0 and self._last_reply_at <= self.loop.time())

    def _expect_head(self) -> None:
        self._head_deadline = self.loop.call_later(self.head_seconds, self._head_is_late)

    def _head_arrived(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _head_is_late(self) -> None:
        self._head_deadline = None
        if self._head_bytes:
            what = f"The head has to arrive within {self.head_seconds:g} seconds."
            self._refuse(Problem(408, "The head took too long", what, "Send the request again."))
        else:
            self.transport.close()

    def _refuse(self, problem: Problem) -> None:
        if self.transport.is_closing():
            return
        self._head_arrived()
        body = json.dumps(problem.content()).encode()
        headers = [
            *self.server_state.default_headers,
            *self.app_state.get("identity_headers", []),
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.transport.write(STATUS_LINE[problem.status] + lines + b"\r\n" + body)
        self.transport.close()

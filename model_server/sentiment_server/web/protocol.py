"""uvicorn's HTTP protocol with what it lacks: bounds of a request's head and of a connection, and errors that say more.

Without the first a client can hold a connection open by sending nothing, or grow memory by sending headers without end.
Without the second a client that keeps its connections never meets servers that came later.
"""

import asyncio
import functools
import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

import httptools
from starlette.types import Scope
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from sentiment_server.web.connection import Connection
from sentiment_server.web.cycle import Cycle
from sentiment_server.web.problems import MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True)
class ConnectionBounds:
    """After so many requests or a tenth fewer, or about at that age, a reply is a connection's last one. 0: never."""

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
        self._last_request = 0
        self._last_reply_at = 0.0
        self._idle_since = 0.0
        self._application = cast("ASGI3Application", self.app)  # pyright: ignore[reportUnknownMemberType]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """The first request's head has to arrive in time."""
        super().connection_made(transport)
        connection = Connection(self.is_spent, self._is_whole, transport.close, transport.abort)
        self.app_state = connection.left_in(self.app_state)
        # With a tenth of chance, so that clients which came together do not come back together.
        self._last_request = self.bounds.requests - random.randrange(self.bounds.requests // 10 + 1)  # noqa: S311  no secret
        self._last_reply_at = self.loop.time() + self.bounds.seconds * random.uniform(0.9, 1.1)  # noqa: S311  no secret
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._head_arrived()
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
        super().connection_lost(exc)
        # Else it would hold its last request, and that one it, until the garbage collector comes.
        self.app_state, self.scope, self.cycle = {}, cast("Any", None), cast("Any", None)

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

    def on_message_begin(self) -> None:
        """As uvicorn does it, but for the scope, which only the application needs."""
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        """The head is whole; the body has a deadline of its own."""
        self._head_arrived()
        self._in_request = True
        self._head_bytes = 0
        self._requests += 1
        parser = self.parser
        assert parser is not None
        method, version = parser.get_method(), parser.get_http_version()
        self.begin(method, version, keep_alive=version != "1.0" and parser.should_keep_alive())

    def begin(self, method: bytes, version: str, *, keep_alive: bool) -> None:
        """As uvicorn does it; a request that was sent ahead waits until those before it are answered."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        scope = cast("Scope", self.scope)
        scope["http_version"], scope["method"] = version, method.decode("ascii")
        scope["path"], scope["raw_path"], scope["query_string"] = _parts(url)
        former = cast("Cycle | None", self.cycle)
        self.cycle = Cycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )
        if former is None or former.response_complete:
            self._start_asgi_task(self.cycle, self._application)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self._application))

    def on_response_complete(self) -> None:
        """Another request may be on its way already, or sent ahead."""
        self.server_state.total_requests += 1
        if not self.transport.is_closing():
            self.flow.resume_reading()
            if self.pipeline:
                self._start_asgi_task(*self.pipeline.pop())
            else:
                self._is_idle()
        self._in_request = not self.cycle.response_complete

    def send_whole(self, reply: bytes, *, last: bool) -> None:
        """Answers a request that the application was not asked."""
        self._in_request = False
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.transport.write(reply)
        if last:
            self.transport.close()
        else:
            self._is_idle()

    def _is_idle(self) -> None:
        """One timer for a connection rather than one for each request: most never come to their end."""
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._watch_idleness(self.timeout_keep_alive)

    def _watch_idleness(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Ends a connection that nobody used for so long."""
        self.timeout_keep_alive_task = None
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._watch_idleness(left)
        elif not (self._in_request or self._head_bytes):
            self.transport.close()

    def _unset_keepalive_if_required(self) -> None:
        """Called by uvicorn for each request: the timer looks for itself whether its time has come."""

    def send_400_response(self, msg: str) -> None:
        """What cannot be parsed gets the same kind of error as everything else."""
        self._head_arrived()
        self._refuse(Problem(400, "This is not HTTP", "The request cannot be parsed.", "Use an HTTP/1.1 client."))

    def is_spent(self) -> bool:
        """Whether the next reply has to be this connection's last one."""
        if self.pipeline:
            return False  # a client that sends ahead would lose what stands behind this request
        worn = 0 < self._last_request <= self._requests
        return worn or (self.bounds.seconds > 0 and self._last_reply_at <= self.loop.time())

    def _is_whole(self, scope: Scope) -> bool:
        return scope is not self.scope or not self.cycle.more_body  # the next one begins behind the end of this

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


@functools.lru_cache(maxsize=64)
def _parts(url: bytes) -> tuple[str, bytes, bytes]:
    """Path, path as it came, and query: of the few that nearly all requests name."""
    parsed = httptools.parse_url(url)
    path = parsed.path.decode("ascii")
    return unquote(path) if "%" in path else path, parsed.path, parsed.query or b""

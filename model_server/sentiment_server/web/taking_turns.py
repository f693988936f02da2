"""A connection that hands its plain requests to the turn of the loop, and every other one to the application.

Plain is what a head and a body that came in one piece show to be one text for `/predict`, and nothing else to be heeded. It
must not know what is answered.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from sentiment_contract.rollout import PREDICT_ROUTES
from sentiment_server.web.envelope import MIRRORED
from sentiment_server.web.oip_binary import HEADER
from sentiment_server.web.protocol import GuardedProtocol
from sentiment_server.web.reply import JSON
from sentiment_server.web.turn import Headers, Ticket, Turn

_PATH = PREDICT_ROUTES[0].encode()
_JSON = JSON.encode()
_UNUSUAL = frozenset((b"expect", b"transfer-encoding", b"upgrade", MIRRORED, HEADER.encode()))


class TurnTakingProtocol(GuardedProtocol):
    """One connection. No more than one of its requests waits for a turn, and nothing of it comes behind that one."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._turn: Turn | None = app_state.get("turn")
        self._plain: bytes | None = None
        """What has come of the body of a request that may be for a turn."""
        self._ticket: Ticket | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody waits any more."""
        self._give_back()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A request that is not whole by its end is the application's, which bounds the time of a body."""
        super().data_received(data)
        if self._plain is not None:
            self._ask_application(self._plain, whole=False)

    def on_message_begin(self) -> None:
        """Who sends ahead is answered in order by the application."""
        if self._ticket is not None:
            self.ask_application()
        super().on_message_begin()

    def begin(self, method: bytes, version: str, *, keep_alive: bool) -> None:
        """The application hears only of what is not plain."""
        if keep_alive and self._turn and self._is_free() and _is_plain(method, self.url, self.headers):
            self._plain = b""
        else:
            super().begin(method, version, keep_alive=keep_alive)

    def on_body(self, body: bytes) -> None:
        """A piece of it."""
        if self._plain is not None:
            self._plain += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Nothing is missing of the request."""
        if self._plain is None:
            super().on_message_complete()
            return
        body, self._plain = self._plain, None
        try:
            self._ticket = self._turn.take(self, body) if self._turn else None
        except Exception as defect:  # noqa: BLE001  the parser would make a client's error of it: it goes where the turn's go
            self.loop.call_exception_handler({"message": "A request was not taken for a turn.", "exception": defect})
        if self._ticket is None:
            self._ask_application(body, whole=True)

    @property
    def default_headers(self) -> Headers:
        """For the turn."""
        return self.server_state.default_headers

    def answer(self, reply: bytes, *, last: bool) -> None:
        """For the turn: as a cycle does it whose reply is whole."""
        self.send_whole(reply, last=last)
        self._give_back()

    def ask_application(self) -> None:
        """For the turn: what it was given is answered otherwise."""
        assert self._ticket is not None
        body = self._ticket.body
        self._give_back()
        self._ask_application(body, whole=True)

    def shutdown(self) -> None:
        """Called by the server: what is answered next is the last reply."""
        if self._ticket is not None:
            self.ask_application()
        super().shutdown()

    def _give_back(self) -> None:
        if self._ticket is not None:
            self._ticket.asker = None
            self._ticket = None

    def _is_free(self) -> bool:
        answers = self.cycle and not self.cycle.response_complete  # none before the first one
        return not (answers or self.flow.write_paused)

    def _ask_application(self, body: bytes, *, whole: bool) -> None:
        """With as much of the body as there is of a request whose head was plain."""
        self._plain = None
        super().begin(b"POST", "1.1", keep_alive=True)
        super().on_body(body)
        if whole:
            super().on_message_complete()


def _is_plain(method: bytes, url: bytes, headers: Headers) -> bool:
    if url != _PATH or method != b"POST":
        return False
    by_name = dict(headers)
    once = len(by_name) == len(headers)
    return once and by_name.get(b"content-type") == _JSON and _UNUSUAL.isdisjoint(by_name)

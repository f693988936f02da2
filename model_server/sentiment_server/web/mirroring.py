"""Copies some of the requests for predictions once they are answered, so that another version gets the same traffic."""

import re
from collections.abc import Awaitable
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sentiment_contract.rollout import MIRRORED_HEADER
from sentiment_server.web.copies import Copies
from sentiment_server.web.delivery import Copy
from sentiment_server.web.envelope import is_copy, predicted_of
from sentiment_server.web.oip_binary import HEADER as BINARY_HEADER
from sentiment_server.web.reply import STREAM_ROUTE, header

_COPIED_HEADERS = ("content-type", BINARY_HEADER)
_VERSIONED = re.compile(r"^(/v2/models/[^/]+)/versions/[^/]+(/infer)$")


class Mirroring:
    """ASGI middleware behind the one that takes bodies in. What was not answered with a prediction is not copied, nor a stream."""

    def __init__(self, app: ASGIApp, copies: Copies) -> None:
        self._app = app
        self._copies = copies

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Runs the application; the copy is handed over after the reply."""
        if not self._copies.wanted() or is_copy(scope) or scope["path"] == STREAM_ROUTE:
            return self._app(scope, receive, send)
        return self._copy(scope, receive, send)

    async def _copy(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""

        async def overhear() -> Message:
            nonlocal body
            message = await receive()
            body += message.get("body", b"")
            return message

        await self._app(scope, overhear, send)
        if predicted_of(scope) is not None:
            self._copies.offer(_copy(scope, body))


def unversioned(path: str) -> str:
    """The path without a version: whoever gets the copy has another one, and would refuse the request."""
    return _VERSIONED.sub(r"\1\2", path)


def _copy(scope: Scope, body: bytes) -> Copy:
    found = {name: header(scope, name.encode()) for name in _COPIED_HEADERS}
    copied = {name: value.decode("latin-1") for name, value in found.items() if value is not None}
    return Copy(quote(unversioned(scope["path"])), {**copied, MIRRORED_HEADER: "1"}, body)

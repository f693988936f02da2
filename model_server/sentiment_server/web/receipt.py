"""Takes a request's body in before anything else runs, within limits of size, time and memory.

Bytes are counted as they arrive: a Content-Length may be missing or wrong. uvicorn itself has no deadline for a body.
"""

import asyncio
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sentiment_server.web.connection import connection_of
from sentiment_server.web.problems import Problem
from sentiment_server.web.reply import STREAM_ROUTE, header

CLOSE = {"Connection": "close"}
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 32 * 2**20


@dataclass(frozen=True)
class BodyLimits:
    """`single` bounds a body in bytes, `batch` one on the paths that take many texts."""

    single: int
    batch: int
    seconds: float

    def of(self, path: str) -> int:
        """The limit for a request to this path."""
        return self.batch if path.endswith(("/batch", "/infer")) else self.single


class Held:
    """Bytes of the bodies that a process holds at present, all requests together. Belongs to one event loop."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0

    def has_room(self, size: int) -> bool:
        """Whether so many more may be taken."""
        return self._bytes + size <= self._limit

    def take(self, size: int) -> None:
        """So many more, or fewer."""
        self._bytes += size


class Disconnected(Exception):
    """The client went away before its request was complete."""


class Receipt:
    """ASGI middleware: the application behind it sees whole bodies only, but for streams, which bound themselves."""

    def __init__(self, app: ASGIApp, limits: BodyLimits, held: Held) -> None:
        self._app = app
        self._limits = limits
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers what is too large, too slow or too much; passes the rest on."""
        if scope["method"] in ("GET", "HEAD", "OPTIONS") or scope["path"] == STREAM_ROUTE:
            await self._app(scope, receive, send)
            return
        body = bytearray()
        try:
            if connection_of(scope).is_whole(scope):  # a deadline would cost more than all else here
                limit = self._limit(scope)
                self._take(await receive(), body, limit)
            else:
                await self._collect(scope, receive, body)
            await self._app(scope, _replay(bytes(body), receive), send)
        except Disconnected:
            return
        except _Refusal as refusal:
            await answer_and_linger(refusal.problem, receive, send)
        finally:
            self._held.take(-len(body))

    async def _collect(self, scope: Scope, receive: Receive, body: bytearray) -> None:
        limit = self._limit(scope)
        try:
            async with asyncio.timeout(self._limits.seconds):
                while self._take(await receive(), body, limit):
                    pass
        except TimeoutError as error:
            raise _Refusal(_too_slow(self._limits.seconds)) from error

    def _limit(self, scope: Scope) -> int:
        """Raises _Refusal where the head already tells of more."""
        limit = self._limits.of(scope["path"])
        declared = header(scope, b"content-length") or b""
        if declared.isdigit() and int(declared[:20]) > limit:
            raise _Refusal(_too_large(limit))
        return limit

    def _take(self, message: Message, body: bytearray, limit: int) -> bool:
        """Adds the next piece; tells whether more will come."""
        if message["type"] == "http.disconnect":
            raise Disconnected
        piece: bytes = message.get("body", b"")
        if len(body) + len(piece) > limit:
            raise _Refusal(_too_large(limit))
        if not self._held.has_room(len(piece)):
            raise _Refusal(_too_much())
        self._held.take(len(piece))
        body += piece
        return bool(message.get("more_body", False))


class _Refusal(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay


async def answer_and_linger(problem: Problem, receive: Receive, send: Send) -> None:
    """Sends the whole reply, then reads what is still on its way for a moment before the connection is closed.

    Closing with unread bytes would reset the connection, and the client might never see the reply.
    """

    async def keep_open(message: Message) -> None:
        if message["type"] == "http.response.body":
            message["more_body"] = True
        await send(message)

    await problem.send(keep_open)
    remaining = _LINGER_BYTES
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            while remaining > 0:
                message = await receive()
                remaining -= len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    break
    except TimeoutError:
        pass
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _too_large(limit: int) -> Problem:
    return Problem(
        413, "The body is too large", f"At most {limit} bytes are taken on this path.",
        "Send less at once: split a batch, or cut a text.", headers=CLOSE,
    )  # fmt: skip


def _too_slow(seconds: float) -> Problem:
    return Problem(
        408, "The body took too long", f"The whole body has to arrive within {seconds:g} seconds.",
        "Send it again over a faster connection.", headers=CLOSE,
    )  # fmt: skip


def _too_much() -> Problem:
    return Problem(
        503, "The server is overloaded", "Other requests hold all the memory that is set aside for bodies.",
        "Try again after the time in Retry-After.", headers=CLOSE | {"Retry-After": "1"},
    )  # fmt: skip

"""NDJSON in, NDJSON out: a line is answered as `POST /predict` answers it, while later lines are still on their way.

Whatever its length, a stream holds no more than one line, what the connection last brought, and what was not sent yet: a
client that does not take its answers is not read from. One that neither sends nor takes anything is given up.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from starlette.types import Receive, Scope, Send

from sentiment_artifact import Score
from sentiment_server.model.serving import Serving
from sentiment_server.web import problems
from sentiment_server.web.connection import connection_of
from sentiment_server.web.envelope import Count, Streamed, name_route, remember_stream
from sentiment_server.web.problems import Problem
from sentiment_server.web.receipt import CLOSE, Disconnected, answer_and_linger
from sentiment_server.web.reply import STREAM_ROUTE, header
from sentiment_server.web.schemas import Prediction, Review
from sentiment_server.web.strict_json import NDJSON, media_type, read_as

_TYPES = {NDJSON, "application/ndjson", "application/jsonl", "application/jsonlines"}
_LINES = 64
"""So many are answered together; then others get a turn."""


@dataclass(frozen=True)
class StreamLimits:
    """`line` bounds a line in bytes, `streams` how many there are at once; after `idle_seconds` one is given up."""

    line: int
    streams: int
    idle_seconds: float


class Streams:
    """All streams of one process. Belongs to one event loop."""

    def __init__(self, serving: Serving, limits: StreamLimits, count: Count) -> None:
        self._serving = serving
        self._limits = limits
        self._count = count
        self._open = 0

    async def exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application: the whole of one request and its reply."""
        name_route(scope, STREAM_ROUTE)
        try:
            self._admit(scope)
        except Problem as problem:
            await answer_and_linger(problem, receive, send)
            return
        self._open += 1
        try:
            await self._answer_all(scope, _Exchange(scope, receive, send, self._limits))
        finally:
            self._open -= 1

    def _admit(self, scope: Scope) -> None:
        if media_type((header(scope, b"content-type") or b"").decode("latin-1")) not in _TYPES:
            raise Problem(
                415, "The body is not declared as NDJSON", "The Content-Type header is missing or names another type.",
                f"Send the header Content-Type: {NDJSON}.", headers=CLOSE | {"Accept-Post": NDJSON},
            )  # fmt: skip
        if not self._serving.compiled:
            raise problems.of_not_ready(self._serving.state, CLOSE)
        if self._open >= self._limits.streams:
            raise Problem(
                503, "The server is overloaded", f"{self._open} streams are open already.",
                "Try again after the time in Retry-After.", headers=CLOSE | {"Retry-After": "1"},
            )  # fmt: skip

    async def _answer_all(self, scope: Scope, exchange: "_Exchange") -> None:
        streamed = Streamed()
        remember_stream(scope, streamed)
        lines = _Lines(self._limits.line)
        try:
            while (piece := await exchange.piece()) is not None:
                await self._answer(lines.of(piece), exchange, streamed)
            await self._answer(lines.rest(), exchange, streamed)
            await exchange.end()
        except Problem as problem:
            await exchange.break_off(problem, lines.number + 1)
        except Disconnected:
            return

    async def _answer(self, lines: "Iterator[_Line]", exchange: "_Exchange", streamed: Streamed) -> None:
        while some := list(islice(lines, _LINES)):
            texts = [line.asked for line in some if isinstance(line.asked, str)]
            scores = await self._serving.score(texts)
            self._count(texts, scores)
            streamed.add(scores, len(some) - len(texts))
            await exchange.send(b"".join(self._told(some, iter(scores))))
            await asyncio.sleep(0)

    def _told(self, lines: "Sequence[_Line]", scores: Iterator[Score]) -> Iterator[bytes]:
        version = self._serving.identity.version
        for line in lines:
            if isinstance(line.asked, Problem):
                yield _told(line.asked, line.number)
            else:
                score = next(scores)
                answer = Prediction(sentiment=score.sentiment, probability=score.probability, version=version)
                yield answer.model_dump_json().encode() + b"\n"


@dataclass(frozen=True)
class _Line:
    """What stands in a line: a text, or why there is none."""

    number: int
    asked: str | Problem


class _Lines:
    """Cuts pieces into lines. Empty ones are counted and passed over; of one that is too long no more is kept."""

    def __init__(self, limit: int) -> None:
        self.number = 0
        self._limit = limit
        self._begun = b""
        self._skipping = False

    def of(self, piece: bytes) -> Iterator[_Line]:
        """The lines that end in this piece."""
        *ends, begun = piece.split(b"\n")
        for end in ends:
            whole, self._begun = self._begun + end, b""
            yield from self._line(whole)
        self._begun += begun
        if len(self._begun) > self._limit:
            yield from self._too_long()

    def rest(self) -> Iterator[_Line]:
        """The last line, where no line break stands behind it."""
        whole, self._begun = self._begun, b""
        yield from self._line(whole)

    def _line(self, whole: bytes) -> Iterator[_Line]:
        if self._skipping:
            self._skipping = False
        elif len(whole) > self._limit:
            yield from self._too_long()
            self._skipping = False
        else:
            self.number += 1
            if whole.strip():
                yield _Line(self.number, _asked(whole))

    def _too_long(self) -> Iterator[_Line]:
        self._begun = b""
        if not self._skipping:
            self._skipping = True
            self.number += 1
            detail = f"A line has at most {self._limit} bytes."
            yield _Line(self.number, Problem(413, "The line is too large", detail, "Cut the text."))


def _asked(line: bytes) -> str | Problem:
    try:
        return read_as(Review, line).text
    except Problem as problem:
        return problem


def _told(problem: Problem, number: int) -> bytes:
    return json.dumps({**problem.content(), "line": number}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class _Exchange:
    """Both directions of one request, with a deadline for each step."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, limits: StreamLimits) -> None:
        self._connection = connection_of(scope)
        self._receive = receive
        self._send = send
        self._seconds = limits.idle_seconds
        self._whole = False
        self._started = False

    async def piece(self) -> bytes | None:
        """What came next; None behind the last. Raises Disconnected, and Problem 408 when nothing comes."""
        if self._whole:
            return None
        try:
            async with asyncio.timeout(self._seconds):
                message = await self._receive()
        except TimeoutError as error:
            detail = f"Nothing came for {self._seconds:g} seconds."
            raise Problem(408, "The stream stood still", detail, "Send the rest again.", headers=CLOSE) from error
        if message["type"] == "http.disconnect":
            raise Disconnected
        self._whole = not message.get("more_body", False)
        return message.get("body", b"")

    async def send(self, body: bytes, *, more: bool = True) -> None:
        """Returns once the connection has room for more. Raises Disconnected for a client that takes nothing."""
        try:
            async with asyncio.timeout(self._seconds):
                if not self._started:
                    self._started = True
                    # Not before the first piece came: whoever waits for leave to send would take this for a refusal.
                    headers = [(b"content-type", NDJSON.encode())]
                    await self._send({"type": "http.response.start", "status": 200, "headers": headers})
                await self._send({"type": "http.response.body", "body": body, "more_body": more})
        except TimeoutError as error:
            self._connection.abort()
            while (await self._receive())["type"] != "http.disconnect":
                pass
            raise Disconnected from error

    async def end(self) -> None:
        """All is answered."""
        await self.send(b"", more=False)

    async def break_off(self, problem: Problem, number: int) -> None:
        """Says why no more is answered, in a line of its own where answers went before it, and ends the connection."""
        if self._started:
            await self.send(_told(problem, number))
            await self.end()
        else:
            await problem.send(self._send)
        self._connection.close()

"""Requests for one review each that came whole in one turn of the loop: scored together, answered at once.

Such a request, `POST /predict` of one text with a plain head, is what nearly all requests are. A task, an ASGI scope and
messages of its own cost it twice what its text costs the scorer, and alone a text is scored a fifth slower than among others.
Whatever is anything else, or finds no room, is not taken here and goes the way of all requests, which stays the reference:
nothing here writes an error. It must not know how a connection reads, or when it ends.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sentiment_artifact import Score
from sentiment_contract.rollout import MIRRORED_HEADER, PREDICT_ROUTES
from sentiment_server.logs import RequestPattern, log_requests
from sentiment_server.metrics import Metrics
from sentiment_server.model.serving import SLICE_CHARACTERS, Serving
from sentiment_server.web import writing
from sentiment_server.web.admission import Admission
from sentiment_server.web.copies import Copies
from sentiment_server.web.delivery import Copy
from sentiment_server.web.envelope import Count, identity_headers
from sentiment_server.web.receipt import Held
from sentiment_server.web.reply import JSON
from sentiment_server.web.strict_json import read_text

_ROUTE = PREDICT_ROUTES[0]
_JSON = JSON.encode()
_CHARACTERS_EACH = 1_000
"""To reply and to tell of it takes about as long as native code takes for so many: else short texts would make a slice a pause."""
_COPIED_HEADERS = {"content-type": JSON, MIRRORED_HEADER: "1"}
Headers = Sequence[tuple[bytes, bytes]]


class Asker(Protocol):
    """A connection that waits for the answer to one request."""

    @property
    def default_headers(self) -> Headers:
        """What stands in every reply of this process at present."""
        ...

    def is_spent(self) -> bool:
        """Whether this answer has to be its last one."""
        ...

    def answer(self, reply: bytes, *, last: bool) -> None:
        """Sends the reply, which is whole."""
        ...

    def ask_application(self) -> None:
        """Has the request answered in the way of all others."""
        ...


@dataclass(frozen=True)
class Limits:
    """Most bytes of one body; of all bodies, `held` keeps count."""

    body: int
    held: Held


@dataclass(slots=True)
class Ticket:
    """A request that waits; `began`: when it was there (nanoseconds).

    Whoever no longer wants the answer sets `asker` to None.
    """

    asker: Asker | None
    text: str
    body: bytes
    began: int


class Turn:
    """Those that wait. Belongs to one event loop."""

    def __init__(
        self, serving: Serving, admission: Admission, limits: Limits, copies: Copies, metrics: Metrics, count: Count
    ) -> None:
        self._serving = serving
        self._admission = admission
        self._limits = limits
        self._copies = copies
        self._metrics = metrics
        self._count = count
        self._waiting: list[Ticket] = []
        self._heads: tuple[Headers, Headers, _Heads] | None = None

    def take(self, asker: Asker, body: bytes) -> Ticket | None:
        """For a plain request; all are answered in the order in which they came. None: it is not answered from here."""
        size, held = len(body), self._limits.held
        if self._admission.full or size > self._limits.body or not held.has_room(size) or not self._serving.compiled:
            return None
        if (text := read_text(body)) is None:
            return None
        ticket = Ticket(asker, text, body, time.perf_counter_ns())
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._answer_some)
        self._waiting.append(ticket)
        self._admission.enter()  # from here on nothing fails: what is counted is what waits
        held.take(size)
        return ticket

    def _answer_some(self) -> None:
        asked = [ticket for ticket in self._next() if ticket.asker is not None]
        if self._waiting:  # others get a turn, too
            asyncio.get_running_loop().call_soon(self._answer_some)
        if not asked:
            return
        texts, scores = [ticket.text for ticket in asked], list[Score]()
        try:
            scores = self._serving.score_now(texts)
            self._reply(asked, scores)
        finally:
            left = [ticket for ticket in asked if ticket.asker is not None]
            for (
                ticket
            ) in left:  # a defect: each is answered for where all defects are, alone, as its own may be the next one
                asyncio.get_running_loop().call_soon(_hand_over, ticket)
            if answered := len(asked) - len(left):
                self._tell(asked[:answered], texts[:answered], scores[:answered])

    def _next(self) -> list[Ticket]:
        """Those that have waited longest, as many as are scored without a pause; they wait no longer."""
        assert self._serving.compiled is not None
        room, waiting, count, size = SLICE_CHARACTERS[self._serving.compiled.engine], self._waiting, 0, 0
        for ticket in waiting:
            count += 1
            size += len(ticket.body)
            room -= len(ticket.text) + _CHARACTERS_EACH
            if room <= 0:
                break
        self._admission.leave(count)
        self._limits.held.take(-size)
        self._waiting = waiting[count:]
        return waiting[:count]

    def _reply(self, asked: Sequence[Ticket], scores: Sequence[Score]) -> None:
        version, draining = self._serving.identity.version, self._serving.draining
        heads: _Heads | None = None
        for ticket, score in zip(asked, scores, strict=True):
            asker = ticket.asker
            assert asker is not None
            heads = heads or self._heads_of(asker.default_headers)
            body, last = writing.prediction(score, version), draining or asker.is_spent()
            asker.answer(b"%b%d%b%b" % (heads.begin, len(body), heads.last if last else heads.end, body), last=last)

    def _heads_of(self, default: Headers) -> "_Heads":
        name_tag = identity_headers(self._serving)
        if self._heads is None or self._heads[0] is not default or self._heads[1] is not name_tag:
            self._heads = default, name_tag, _Heads.of(default, name_tag)
        return self._heads[2]

    def _tell(self, asked: Sequence[Ticket], texts: Sequence[str], scores: Sequence[Score]) -> None:
        now = time.perf_counter_ns()
        took = [now - ticket.began for ticket in asked]
        self._metrics.answered(_ROUTE, "POST", 200, [nanoseconds / 1e9 for nanoseconds in took])
        self._count(texts, scores)
        for ticket in asked:
            if self._copies.wanted():
                self._copies.offer(Copy(_ROUTE, _COPIED_HEADERS, ticket.body))
        log_requests(
            [
                (_POSITIVE if score.positive else _NEGATIVE, (nanoseconds, score.probability))
                for nanoseconds, score in zip(took, scores, strict=True)
            ]
        )


def _hand_over(ticket: Ticket) -> None:
    if ticket.asker is not None:
        ticket.asker.ask_application()


@dataclass(frozen=True)
class _Heads:
    """The head of a reply up to the body's length; and from there, also for the last reply of a connection."""

    begin: bytes
    end: bytes
    last: bytes

    @classmethod
    def of(cls, default: Headers, name_tag: Headers) -> "_Heads":
        end = b"\r\n" + _lines([(b"content-type", _JSON), *name_tag])
        begin = b"HTTP/1.1 200 OK\r\n" + _lines(default) + b"content-length: "
        return cls(begin, end + b"\r\n", end + b"connection: close\r\n\r\n")


def _lines(headers: Headers) -> bytes:
    return b"".join(name + b": " + value + b"\r\n" for name, value in headers)


def _pattern(*, positive: bool) -> RequestPattern:
    """The line that the envelope logs of such a request."""
    fields: dict[str, object] = {
        "event.action": "predict",
        "event.duration": 0,
        "labels.route": _ROUTE,
        "http.response.status_code": 200,
        "texts": 1,
        "positive": int(positive),
        "sentiment": "positive" if positive else "negative",
        "score": 0.0,
    }
    logger = logging.getLogger("sentiment_server.predict")
    return RequestPattern(logger, "1 texts scored.", fields, ("event.duration", "score"))


_POSITIVE, _NEGATIVE = _pattern(positive=True), _pattern(positive=False)

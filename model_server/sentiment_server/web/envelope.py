"""What every request and reply has in common: the model's name tag, the figures, and one log line per prediction.

What was predicted is counted and goes on to the comparison from here, because here the reply has been sent.
"""

import functools
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sentiment_artifact import Score
from sentiment_contract.rollout import MIRRORED_HEADER
from sentiment_server.logs import log_request
from sentiment_server.metrics import Metrics
from sentiment_server.model.serving import Serving
from sentiment_server.web.connection import connection_of
from sentiment_server.web.reply import header

_logger = logging.getLogger("sentiment_server.predict")
MIRRORED = MIRRORED_HEADER.lower().encode()
Count = Callable[[Sequence[str], Sequence[Score]], None]
"""Takes texts and their scores, once these have been sent."""
_DEFECT = 500
_METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH")


@dataclass(frozen=True)
class Predicted:
    """What a route answered; it leaves this on the request for the log line."""

    texts: list[str]
    scores: list[Score]

    @property
    def positive(self) -> int:
        """How many texts were found positive."""
        return sum([score.positive for score in self.scores])


@dataclass
class Streamed:
    """What was answered to a stream so far: texts, how many of them positive, and lines that were refused."""

    texts: int = 0
    positive: int = 0
    refused: int = 0

    def add(self, scores: Sequence[Score], refused: int) -> None:
        """Some more."""
        self.texts += len(scores)
        self.positive += sum([score.positive for score in scores])
        self.refused += refused


def remember_stream(scope: Scope, streamed: Streamed) -> None:
    """As `remember`. Figures and comparison get the texts of a stream as they come, the log line its sums."""
    scope["state"]["streamed"] = streamed


def remember(scope: Scope, predicted: Predicted) -> None:
    """Leaves the answer for the envelope."""
    # In the state, since a route may have rewritten the request and then holds a scope of its own.
    scope["state"]["predicted"] = predicted


def name_route(scope: Scope, route: str) -> None:
    """Leaves for the envelope what the request counts as; FastAPI leaves its own routes itself."""
    scope["state"]["route"] = route


def predicted_of(scope: Scope) -> Predicted | None:
    """What was answered, where a prediction was."""
    return scope["state"].get("predicted")


def is_copy(scope: Scope) -> bool:
    """Whether another server sent this request, and nobody waits for the answer."""
    return header(scope, MIRRORED) is not None


def identity_headers(serving: Serving) -> list[tuple[bytes, bytes]]:
    """The name tag of every reply."""
    return _name_tag(serving.identity.version, serving.digest)


@functools.lru_cache(maxsize=2)  # what shall answer, and what answers
def _name_tag(version: str, digest: str) -> list[tuple[bytes, bytes]]:
    return [(b"x-model-version", version.encode("ascii")), (b"x-model-digest", digest.encode("ascii"))]


class Envelope:
    """ASGI middleware, the outermost one, so that errors carry the headers too."""

    def __init__(self, app: ASGIApp, serving: Serving, metrics: Metrics, count: Count, *, log_text: bool) -> None:
        self._app = app
        self._serving = serving
        self._metrics = metrics
        self._count = count
        self._log_text = log_text

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the application and tells what happened."""
        started = time.perf_counter_ns()
        status = 0

        async def stamp(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *self._stamps(scope)]
            await send(message)

        failed = True
        try:
            await self._app(scope, receive, stamp)
            failed = False
        finally:
            if status or failed:  # whoever holds the connection answers for a defect
                self._report(scope, status or _DEFECT, time.perf_counter_ns() - started)

    def _stamps(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        ends = self._serving.draining or connection_of(scope).is_spent()
        name_tag = identity_headers(self._serving)
        return [*name_tag, (b"connection", b"close")] if ends else name_tag

    def _report(self, scope: Scope, status: int, nanoseconds: int) -> None:
        route = scope["state"].get("route") or getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.answered(route, method, status, [nanoseconds / 1e9])
        fields: dict[str, Any] = {
            "event.action": "predict",
            "event.duration": nanoseconds,
            "labels.route": route,
            "http.response.status_code": status,
        }
        if is_copy(scope):
            fields["labels.mirrored"] = "true"
        if (predicted := predicted_of(scope)) is not None:
            self._count(predicted.texts, predicted.scores)
            self._add_answers(fields, predicted)
        elif (streamed := scope["state"].get("streamed")) is not None:
            fields |= asdict(streamed)
        else:
            return
        log_request(_logger, f"{fields['texts']} texts scored.", fields)

    def _add_answers(self, fields: dict[str, Any], predicted: Predicted) -> None:
        fields["texts"], fields["positive"] = len(predicted.scores), predicted.positive
        if len(predicted.scores) == 1:
            (score,) = predicted.scores
            fields["sentiment"], fields["score"] = score.sentiment, score.probability
        if self._log_text:
            fields["text"] = predicted.texts

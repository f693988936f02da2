"""The direct way: requests for predictions, and the probes of the kubelet, without a framework in between.

FastAPI's routes answer the same, byte for byte, and stay the reference; a request that is none of these goes on to them.
Routing, dependency injection and response models cost FastAPI four times what is left here.
"""

import functools
import re
from collections.abc import Awaitable, Callable

from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from sentiment_contract.rollout import PREDICT_ROUTES
from sentiment_server.model.serving import NotReady
from sentiment_server.web import problems, writing
from sentiment_server.web.answering import Answering
from sentiment_server.web.envelope import name_route
from sentiment_server.web.oip_binary import HEADER, plain_json
from sentiment_server.web.oip_types import InferRequest
from sentiment_server.web.problems import Problem
from sentiment_server.web.reply import STREAM_ROUTE, header, reply
from sentiment_server.web.schemas import Alive, Review, Reviews
from sentiment_server.web.stream import Streams
from sentiment_server.web.strict_json import read_as, read_text, require_type

_PREDICT, _BATCH, _INFER, _INFER_VERSION = PREDICT_ROUTES
_INFERENCES = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?/infer")
_BINARY_HEADER = HEADER.encode()
_Answer = Callable[[Scope, bytes], Awaitable[bytes]]
_Probe = Callable[[Scope], Awaitable[tuple[int, BaseModel]]]


class Direct:
    """ASGI application behind the one that takes bodies in."""

    def __init__(self, rest: ASGIApp, answering: Answering, streams: Streams) -> None:
        self._rest = rest
        self._streams = streams
        self._answering = answering
        self._predictions: dict[str, _Answer] = {_PREDICT: self._review, _BATCH: self._reviews}
        self._probes: dict[str, _Probe] = {
            "/healthz": _alive,
            "/readyz": answering.readiness,
        }

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answers, or passes on."""
        method, path = scope["method"], scope["path"]
        if method == "POST" and (answer := self._predictions.get(path)):
            return self._predict(path, answer, scope, receive, send)
        if method == "POST" and (found := _INFERENCES.fullmatch(path)):
            model, version = found.groups()
            infer = functools.partial(self._infer, model=model, version=version)
            return self._predict(_INFER_VERSION if version else _INFER, infer, scope, receive, send)
        if method == "POST" and path == STREAM_ROUTE:
            return self._streams.exchange(scope, receive, send)
        if method == "GET" and (probe := self._probes.get(path)):
            return _probe(probe, scope, send)
        return self._rest(scope, receive, send)

    async def _predict(self, route: str, answer: _Answer, scope: Scope, receive: Receive, send: Send) -> None:
        name_route(scope, route)
        try:
            body = await answer(scope, (await receive())["body"])
        except Problem as problem:
            await problem.send(send)
        except NotReady as error:
            await problems.of_not_ready(error.state).send(send)
        except Exception:
            await problems.of_defect().send(send)
            raise
        else:
            await reply(send, 200, body)

    async def _review(self, scope: Scope, body: bytes) -> bytes:
        _require_json(scope)
        text = read_text(body)
        scores = await self._answering.scores(scope, [read_as(Review, body).text if text is None else text])
        return writing.prediction(scores[0], self._answering.version)

    async def _reviews(self, scope: Scope, body: bytes) -> bytes:
        _require_json(scope)
        scores = await self._answering.scores(scope, read_as(Reviews, body).texts)
        return writing.predictions(scores, self._answering.version)

    async def _infer(self, scope: Scope, body: bytes, model: str, version: str | None) -> bytes:
        if (length := header(scope, _BINARY_HEADER)) is not None:
            body = plain_json(body, length.decode("latin-1"))
        else:
            _require_json(scope)
        answer = await self._answering.infer(scope, read_as(InferRequest, body), model, version)
        return answer.model_dump_json(exclude_none=True).encode()


async def _probe(probe: _Probe, scope: Scope, send: Send) -> None:
    name_route(scope, scope["path"])
    status, said = await probe(scope)
    await reply(send, status, said.model_dump_json().encode())


async def _alive(_: Scope) -> tuple[int, Alive]:
    return 200, Alive()


def _require_json(scope: Scope) -> None:
    require_type((header(scope, b"content-type") or b"").decode("latin-1"))

"""Requests without a network: to an ASGI application, or to connections that lead nowhere. What is left is our own cost.

The reference is FastAPI with one route that answers at once: no code of the product is in it.
"""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.types import ASGIApp, Message
from uvicorn.server import ServerState

from bench.guard.timing import Work
from sentiment_server.logs import set_up_logs
from sentiment_server.metrics import Metrics
from sentiment_server.model.serving import Identity, Serving
from sentiment_server.model.source import LocalFile
from sentiment_server.settings import Settings
from sentiment_server.web.app import create_app
from sentiment_server.web.connection import Connection
from sentiment_server.web.taking_turns import TurnTakingProtocol
from tests.support.load import request

_HEADERS = [(b"host", b"localhost"), (b"content-type", b"application/json")]
_OK = 200
_TURNS = 4
"""After so many a request is answered even where each has a task of its own."""


class Review(BaseModel):
    text: str


class Prediction(BaseModel):
    sentiment: str
    probability: float


def bodies(texts: Sequence[str]) -> list[bytes]:
    """As they are sent to `/predict`."""
    return [json.dumps({"text": text}).encode() for text in texts]


def ours(artifact: Path) -> ASGIApp:
    """The whole application of the model server, ready, with its log going nowhere."""
    settings = Settings(artifact=artifact)
    serving = Serving(Identity("imdb", "1", None, {}), LocalFile(artifact, None), settings.retry)
    serving.load_now()
    return _Logging(create_app(settings, serving, Metrics("imdb", "1")))


def framework() -> ASGIApp:
    """FastAPI's usual way, with nothing behind it."""
    app = FastAPI()

    @app.post("/predict")
    async def predict(review: Review) -> Prediction:
        return Prediction(sentiment="positive", probability=1 / (1 + len(review.text)))

    return app


def asked(app: ASGIApp, sent: Sequence[bytes]) -> Work:
    """All requests, one after the other. Raises AssertionError for one that is not answered well."""

    async def ask_all() -> None:
        for body in sent:
            assert await _status(app, body) == _OK

    return lambda: asyncio.run(ask_all())


def asked_at_once(app: ASGIApp, sent: Sequence[bytes], connections: int = 16) -> Work:
    """All requests as they come over so many connections, one of each in every turn of the loop. Raises as `asked`."""
    config = uvicorn.Config(app, interface="asgi3", lifespan="off", log_config=None, proxy_headers=False)
    server = ServerState()
    wires = [request("/predict", body) for body in sent]

    async def ask_all() -> None:
        async with _living(app) as state:
            ends = [_End() for _ in range(connections)]
            protocols = [TurnTakingProtocol(config, server, state) for _ in ends]
            for protocol, end in zip(protocols, ends, strict=True):
                protocol.connection_made(end)
            for start in range(0, len(wires), connections):
                for protocol, wire in zip(protocols, wires[start : start + connections], strict=False):
                    protocol.data_received(wire)
                for _ in range(_TURNS):
                    await asyncio.sleep(0)
            assert sum(end.answered for end in ends) == len(wires)

    return lambda: asyncio.run(ask_all())


@asynccontextmanager
async def _living(app: ASGIApp) -> AsyncIterator[dict[str, Any]]:
    """What the application leaves for connections, while it lives."""
    state: dict[str, Any] = {}
    begun, end = asyncio.Event(), asyncio.Event()
    messages = iter(({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}))

    async def receive() -> Message:
        if begun.is_set():
            await end.wait()
        return next(messages)

    async def send(_: Message) -> None:
        begun.set()

    life = asyncio.ensure_future(app({"type": "lifespan", "state": state}, receive, send))
    await begun.wait()
    yield state
    end.set()
    await life


class _End(asyncio.Transport):
    """Counts good replies."""

    answered = 0

    def write(self, data) -> None:
        self.answered += data.startswith(b"HTTP/1.1 200 ")

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def _status(app: ASGIApp, body: bytes) -> int:
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    connection = Connection(lambda: False, lambda _: True, lambda: None, lambda: None)
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http"}
    scope |= {"path": "/predict", "raw_path": b"/predict", "root_path": "", "query_string": b""}
    scope |= {"headers": [*_HEADERS, (b"content-length", b"%d" % len(body))], "state": connection.left_in({})}
    await app(scope, receive, send)
    return status


class _Logging:
    """The application with the server's own logs, which it has to write; others keep theirs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        root = logging.getLogger()
        before = root.handlers[:], root.level
        set_up_logs({}, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  open as long as the application
        self._own = root.handlers[:], root.level
        _use(before)
        self._before = before

    async def __call__(self, scope, receive, send) -> None:
        _use(self._own)
        try:
            await self._app(scope, receive, send)
        finally:
            _use(self._before)


def _use(logs: tuple[list[logging.Handler], int]) -> None:
    root = logging.getLogger()
    root.handlers[:], root.level = logs

"""FastAPI routes that take what the direct way takes: strict JSON, and the binary form of an inference request.

A body is read here, before FastAPI sees it: whatever fails inside FastAPI's own reading would become one vague error.
"""

from typing import Any

from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope

from sentiment_server.web.oip_binary import HEADER, plain_json
from sentiment_server.web.reply import JSON
from sentiment_server.web.strict_json import read_json, require_type


class StrictRequest(Request):
    """A request whose JSON was read strictly."""

    def __init__(self, scope: Scope, receive: Receive, body: bytes) -> None:
        super().__init__(scope, receive)
        self._body = body
        self._value = read_json(body) if body else None

    async def json(self) -> Any:
        """The body's value."""
        return self._value


class StrictRoute(APIRoute):
    """A route that takes JSON only, says so, and reads it strictly."""

    def get_route_handler(self) -> Any:
        """FastAPI's handler behind the two checks."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            require_type(request.headers.get("content-type", ""))
            return await handler(StrictRequest(request.scope, request.receive, await request.body()))

        return strict


class InferRoute(APIRoute):
    """A route that takes an inference request in either form."""

    def get_route_handler(self) -> Any:
        """FastAPI's handler, which sees JSON only."""
        handler = super().get_route_handler()

        async def infer(request: Request) -> Response:
            scope, body = request.scope, await request.body()
            if HEADER in request.headers:
                scope, body = _as_json(scope), plain_json(body, request.headers[HEADER])
            else:
                require_type(request.headers.get("content-type", ""))
            return await handler(StrictRequest(scope, request.receive, body))

        return infer


def _as_json(scope: Scope) -> Scope:
    rewritten = dict(scope)
    rewritten["headers"] = list(scope["headers"])
    MutableHeaders(scope=rewritten)["content-type"] = JSON
    return rewritten

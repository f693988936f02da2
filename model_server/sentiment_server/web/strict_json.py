"""JSON as RFC 8259 has it and nothing more: no NaN, no byte order mark, no name twice, no depth that hurts.

Python's own reader takes the first three silently and fails on the last; here each is one clear 4xx.
"""

import json
from email.message import Message
from typing import Any, NoReturn

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from sentiment_server.web.problems import Problem

_ADVICE = "Send one JSON object in UTF-8; see GET /docs for examples."


def read_json(body: bytes) -> Any:
    """The value that the bytes stand for. Raises Problem 400."""
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant)
    except UnicodeDecodeError as error:
        raise _bad(f"It is not UTF-8: byte {error.start} does not belong there.") from error
    except json.JSONDecodeError as error:
        raise _bad(f"It is not JSON: {error.msg} at character {error.pos}.") from error
    except RecursionError as error:
        raise _bad("It is nested too deeply.") from error
    except ValueError as error:
        raise _bad("It holds a number with more digits than any field takes.") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _bad("An object holds the same name twice.")
    return result


def _constant(_: str) -> NoReturn:
    raise _bad("It holds NaN or Infinity, which JSON does not have.")


def _bad(why: str) -> Problem:
    return Problem(400, "The body cannot be read", why, _ADVICE)


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:
        """The body's value. Raises Problem."""
        return read_json(await self.body())


class StrictRoute(APIRoute):
    """A route that takes JSON only, says so, and reads it strictly."""

    def get_route_handler(self) -> Any:
        """FastAPI's handler behind the two checks."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            require_json(request)
            return await handler(StrictRequest(request.scope, request.receive))

        return strict


def require_json(request: Request) -> None:
    """Raises Problem 415 unless the client says that it sends JSON."""
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    if request.method == "POST" and message.get_content_type() != "application/json":
        raise Problem(
            415, "The body is not declared as JSON", "The Content-Type header is missing or names another type.",
            "Send the header Content-Type: application/json.", headers={"Accept-Post": "application/json"},
        )  # fmt: skip

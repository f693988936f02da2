"""What the generated API description says beside the routes, and the page that shows it without any outside address."""

from typing import Any

from fastapi import FastAPI
from fastapi_swagger import patch_fastapi  # pyright: ignore[reportMissingTypeStubs] - it has none

from sentiment_server.web.strict_json import NDJSON

DESCRIPTION = """
Scores film reviews with one compiled model, exactly as scikit-learn would.

Every reply names the model that answered in the headers `X-Model-Version` and `X-Model-Digest`; `GET /version` tells
where it came from. Errors are `application/problem+json` (RFC 9457) and say what to do next.
"""

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "next"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and why."},
        "next": {"type": "string", "description": "What to do about it."},
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}}},
        },
    },
}


def _reply(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/problem+json": {"schema": _PROBLEM}}}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: _reply("The body is not JSON."),
    408: _reply("The body did not arrive in time."),
    413: _reply("The body is too large."),
    415: _reply("The body is not declared as JSON."),
    422: _reply("The body has the wrong shape."),
    503: _reply("The model is not ready, or the server is overloaded; see Retry-After."),
}


def _lines(of: str) -> dict[str, Any]:
    return {"content": {NDJSON: {"schema": {"type": "string", "description": of}}}}


STREAM: dict[str, Any] = {"requestBody": {"required": True, **_lines("A body of POST /predict in each line.")}}
STREAM_REPLIES: dict[int | str, dict[str, Any]] = {
    200: {"description": "As many lines.", **_lines("A reply of POST /predict, or a problem document, in each line.")},
    **{status: PROBLEMS[status] for status in (408, 415, 503)},
}


def install(app: FastAPI) -> None:
    """`/docs` and its scripts, all from this process; `/` leads there."""
    patch_fastapi(app, docs_url="/docs")

"""Whole replies, and headers of requests, as ASGI has them: without an object of a framework for each."""

from collections.abc import Mapping
from typing import Any

from starlette.types import Scope, Send

JSON = "application/json"
STREAM_ROUTE = "/predict/stream"
"""Its requests are never held whole, and last as long as their client likes."""


async def reply(
    send: Send, status: int, body: bytes, media_type: str = JSON, headers: Mapping[str, str] | None = None
) -> None:
    """Sends all of it."""
    lines = [(b"content-length", b"%d" % len(body)), (b"content-type", media_type.encode())]
    if headers:
        named = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        lines = named + lines
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first one of this name, which is in lower case."""
    lines: list[tuple[bytes, Any]] = scope["headers"]
    for found, value in lines:
        if found == name:
            return value
    return None

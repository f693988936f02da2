"""Watch events about what other replicas act for, taken out of kopf's streams and told at once.

Every replica has to know what the others do, and most of what it hears is that. kopf gives each object a queue, a task
and a cause before it calls a handler, which costs ten times of what reading the line does. It is given a session, as it
lets one do, whose watch streams hold only what this replica acts for. Nothing here decides what is told.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import kopf
from pydantic_core import from_json

from sentiment_operator.facts import Manifest

CHANGES = ("ADDED", "MODIFIED", "DELETED")

Told = Callable[[str, Manifest], bool]
"""Takes event type and object; True where the event is dealt with."""


class _Stream:
    """A response's content without the lines that are dealt with."""

    def __init__(self, content: aiohttp.StreamReader, told: Told) -> None:
        self._content = content
        self._told = told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """The lines that are left, as they come."""
        rest = b""
        async for chunk in self._content.iter_chunked(size):
            *lines, rest = (rest + chunk).split(b"\n")
            left = [line for line in lines if not is_told(line, self._told)]
            if left:
                yield b"\n".join([*left, b""])
        if rest:
            yield rest


def is_told(line: bytes, told: Told) -> bool:
    """Whether the line is an event that is dealt with. Whatever is no change of an object is left to kopf."""
    try:
        event = from_json(line)
        return event["type"] in CHANGES and told(event["type"], event["object"])
    except (ValueError, KeyError, TypeError):
        return False


def session(connection: kopf.ConnectionInfo, told: Told) -> kopf.AiohttpSession:
    """A connection with the same address and credentials whose watch streams lack what is dealt with."""

    class Response(aiohttp.ClientResponse):
        async def start(self, connection: Any) -> aiohttp.ClientResponse:
            await super().start(connection)
            if self.url.query.get("watch") == "true":
                content: Any = _Stream(self.content, told)
                self.content = content
            return self

    return kopf.AiohttpSession(
        server=connection.server,
        default_namespace=connection.default_namespace,
        aiohttp_session=aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=connection.as_ssl_context()),
            headers=connection.as_http_headers(),
            response_class=Response,
        ),
    )

"""Watch events about what other replicas act for, taken out of kopf's streams and told at once.

Every replica has to know what the others do, and most of what it hears is that. kopf gives each object a queue, a task
and a cause before it calls a handler, which costs ten times of what reading the line does. It is given a session, as it
lets one do, whose watch streams hold only what this replica acts for. Nothing here decides what is told.
"""

import re
from collections.abc import AsyncIterator
from enum import Enum, auto
from typing import Any, Protocol

import aiohttp
import kopf
from pydantic_core import from_json

from sentiment_operator.facts import Manifest

CHANGES = ("ADDED", "MODIFIED", "DELETED")
_HEAD = re.compile(
    rb'{"type":"[A-Z]+","object":{"kind":"(\w+)","apiVersion":"([\w./]+)","metadata":{"name":"[^"]*",'
    rb'(?:"generateName":"[^"]*",)?"namespace":"([^"]+)"'
)
"""As the API server writes the kinds of Kubernetes: where it matches, the line need not be read to be left or dropped."""


class Way(Enum):
    """Where an event goes."""

    KOPF = auto()
    PAST_KOPF = auto()
    NOWHERE = auto()


class Listener(Protocol):
    """Whoever wants to know."""

    def way(self, api_version: str, kind: str, namespace: str) -> Way:
        """Where events of that kind in that namespace go."""
        ...

    def hear(self, event: str, body: Manifest) -> None:
        """Of what goes past kopf: type of the event, and the object."""


class _Stream:
    """A response's content without the lines that are dealt with."""

    def __init__(self, content: aiohttp.StreamReader, listener: Listener) -> None:
        self._content = content
        self._listener = listener

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """The lines that are left, as they come."""
        rest = b""
        async for chunk in self._content.iter_chunked(size):
            *lines, rest = (rest + chunk).split(b"\n")
            left = [line for line in lines if not is_told(line, self._listener)]
            if left:
                yield b"\n".join([*left, b""])
        if rest:
            yield rest


def is_told(line: bytes, listener: Listener) -> bool:
    """Whether the line is an event that is dealt with. Whatever is no change of an object is left to kopf."""
    head = _HEAD.match(line)
    way = listener.way(head[2].decode(), head[1].decode(), head[3].decode()) if head is not None else None
    if way not in (None, Way.PAST_KOPF):
        return way is Way.NOWHERE
    try:
        event = from_json(line)
        body = event["object"]
        way = listener.way(body["apiVersion"], body["kind"], body["metadata"]["namespace"])
    except (ValueError, KeyError, TypeError):
        return False
    if way is Way.PAST_KOPF and event["type"] in CHANGES:
        listener.hear(event["type"], body)
    return way is not Way.KOPF and event["type"] in CHANGES


def session(connection: kopf.ConnectionInfo, listener: Listener) -> kopf.AiohttpSession:
    """A connection with the same address and credentials whose watch streams lack what is dealt with."""

    class Response(aiohttp.ClientResponse):
        async def start(self, connection: Any) -> aiohttp.ClientResponse:
            await super().start(connection)
            if self.url.query.get("watch") == "true":
                content: Any = _Stream(self.content, listener)
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

"""One request to the API server, and what its answer means. It knows no kind and no verb."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol, cast

import aiohttp
from pydantic_core import from_json, to_json

from sentiment_operator.cluster.errors import Away, Refused, Stale
from sentiment_operator.facts.observed import Manifest

TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)
STREAM_SECONDS = 300
"""So long the server is asked to keep a stream up."""
SILENT_SECONDS = 75
"""A stream in which nothing comes for so long is dead: bookmarks are asked for, and come once a minute."""
STREAM_TIMEOUT = aiohttp.ClientTimeout(total=STREAM_SECONDS + 30, sock_connect=5, sock_read=SILENT_SECONDS)
LONGEST_WAIT_SECONDS = 60.0
"""The API server asks for a second or so. Whatever stands before it must not put a model off for hours."""

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"

_OF_A_WEBHOOK = "failed calling webhook"
"""The API server is there and answers for somebody who is not: it is this one write that it does not take."""
_AGAIN = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)


class Client(Protocol):
    """A connection to the API server: see api_server.py."""

    async def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes | None,
        content: str,
        limits: aiohttp.ClientTimeout,
        /,
    ) -> aiohttp.ClientResponse: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    code: int
    """HTTP status, 0 where there was no answer."""
    body: bytes
    retry_after: float = 0.0
    """Seconds that the server asked to wait."""


async def stream(client: Client, path: str, query: Mapping[str, str]) -> AsyncGenerator[list[Manifest], None]:
    """The JSON lines of an answer that goes on, as many at a time as came. Raises Stale, Refused or Away."""
    try:
        response = await client.request("GET", path, query, None, JSON, STREAM_TIMEOUT)
        try:
            if response.status != HTTPStatus.OK:
                understood(Answer(response.status, await response.read()), f"watch {path}")
            rest = b""
            async for chunk in response.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                yield [_object(Answer(response.status, line), f"watch {path}") for line in lines if line]
        finally:
            response.close()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Away(f"watch {path}: {error or 'no answer in time'}") from error


async def send(
    client: Client, method: str, path: str, query: Mapping[str, str] | None, body: object, content: str
) -> Answer:
    """Send one request with a timeout. What goes wrong on the way is an answer too."""
    try:
        sent = None if body is None else to_json(body)
        async with await client.request(method, path, query or {}, sent, content, TIMEOUT) as response:
            wait = _seconds(response.headers.get("Retry-After", ""))
            return Answer(response.status, await response.read(), wait)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return Answer(0, str(error or "no answer in time").encode())


def understood(answer: Answer, call: str) -> Manifest:
    """The object that was answered. Raises Stale, Refused or Away."""
    if HTTPStatus.OK <= answer.code < HTTPStatus.MULTIPLE_CHOICES:
        return _object(answer, call)
    reason, message = _status(answer.body)
    if answer.code == HTTPStatus.CONFLICT:
        raise Stale(f"{call}: {message}")
    if reason == "InternalError" and _OF_A_WEBHOOK in message:
        raise Refused(answer.code, reason, message)
    if answer.code in _AGAIN or not HTTPStatus.BAD_REQUEST <= answer.code < HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Away(f"{call}: {answer.code or 'no answer'}: {message}", answer.retry_after)
    raise Refused(answer.code, reason, message)


def _seconds(retry_after: str) -> float:
    """What a server asks to wait, as far as it is heeded. A date is not: the API server sends none."""
    is_number = retry_after.isascii() and retry_after.isdecimal()
    return min(float(retry_after), LONGEST_WAIT_SECONDS) if is_number else 0.0


def _object(answer: Answer, call: str) -> Manifest:
    body = _json_object(answer.body)
    if body is None:
        raise Away(f"{call}: an answer that is no object")
    return body


def _status(body: bytes) -> tuple[str, str]:
    """Reason and message of an error, whoever on the way sent it."""
    status = _json_object(body)
    if status is None:
        return "", body.decode(errors="replace")[:500]
    return str(status.get("reason", "")), str(status.get("message", ""))


def _json_object(text: bytes) -> Manifest | None:
    """None where the text is anything else."""
    try:
        value: Any = from_json(text, cache_strings="keys")
    except ValueError:
        return None
    return cast("Manifest", value) if isinstance(value, dict) else None

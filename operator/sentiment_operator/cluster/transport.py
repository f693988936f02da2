"""One request to the API server over kubernetes.aio, and what its answer means. It knows no kind and no verb."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

import aiohttp
from kubernetes.aio.client import ApiClient
from pydantic import TypeAdapter, ValidationError

from sentiment_operator.cluster.errors import Away, Refused, Stale
from sentiment_operator.facts.observed import Manifest

TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)
STREAM_SECONDS = 300
"""So long the server is asked to keep a stream up; a connection that died silently is noticed a little later."""
STREAM_TIMEOUT = aiohttp.ClientTimeout(total=STREAM_SECONDS + 30, sock_connect=5)

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"

_BODY = TypeAdapter(dict[str, Any])
_AGAIN = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)


class PlainClient(ApiClient):
    """kubernetes.aio's client for those who send plain values: it need not look at each of them for what is no JSON."""

    def sanitize_for_serialization(self, obj: Any) -> Any:
        """The value as it is."""
        return obj


class Response(Protocol):
    """An HTTP answer of kubernetes.aio."""

    @property
    def status(self) -> int: ...
    @property
    def response(self) -> aiohttp.ClientResponse: ...
    async def read(self) -> bytes: ...
    def getheader(self, name: str, default: str, /) -> str: ...


class Client(Protocol):
    """What is used of kubernetes.aio's ApiClient, which carries no types of its own."""

    async def param_serialize(
        self,
        method: str,
        resource_path: str,
        *,
        query_params: Sequence[tuple[str, str]],
        header_params: Mapping[str, str],
        body: object,
        auth_settings: Sequence[str],
    ) -> tuple[str, str, dict[str, str], object, object]: ...

    async def call_api(
        self,
        method: str,
        url: str,
        header_params: dict[str, str],
        body: object,
        post_params: object,
        _request_timeout: aiohttp.ClientTimeout,
    ) -> Response: ...


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
        request = await client.param_serialize(
            "GET",
            path,
            query_params=list(query.items()),
            header_params={"Accept": JSON},
            body=None,
            auth_settings=["BearerToken"],
        )
        response = await client.call_api(*request, STREAM_TIMEOUT)
        try:
            if response.status != HTTPStatus.OK:
                understood(Answer(response.status, await response.read()), f"watch {path}")
            rest = b""
            async for chunk in response.response.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                yield [_object(Answer(response.status, line), f"watch {path}") for line in lines if line]
        finally:
            response.response.close()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Away(f"watch {path}: {error or 'no answer in time'}") from error


async def send(
    client: Client, method: str, path: str, query: Mapping[str, str] | None, body: object, content: str
) -> Answer:
    """Send one request with a timeout. What goes wrong on the way is an answer too."""
    try:
        request = await client.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params={"Accept": JSON, "Content-Type": content},
            body=body,
            auth_settings=["BearerToken"],
        )
        response = await client.call_api(*request, TIMEOUT)
        wait = response.getheader("Retry-After", "0")
        return Answer(response.status, await response.read(), float(wait) if wait.isdigit() else 0.0)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return Answer(0, str(error or "no answer in time").encode())


def understood(answer: Answer, call: str) -> Manifest:
    """The object that was answered. Raises Stale, Refused or Away."""
    if HTTPStatus.OK <= answer.code < HTTPStatus.MULTIPLE_CHOICES:
        return _object(answer, call)
    reason, message = _status(answer.body)
    if answer.code == HTTPStatus.CONFLICT:
        raise Stale(f"{call}: {message}")
    if answer.code in _AGAIN or not HTTPStatus.BAD_REQUEST <= answer.code < HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Away(f"{call}: {answer.code or 'no answer'}: {message}", answer.retry_after)
    raise Refused(answer.code, reason, message)


def _object(answer: Answer, call: str) -> Manifest:
    try:
        return _BODY.validate_json(answer.body)
    except ValidationError as error:
        raise Away(f"{call}: an answer that is no object") from error


def _status(body: bytes) -> tuple[str, str]:
    """Reason and message of an error, whoever on the way sent it."""
    try:
        status = _BODY.validate_json(body)
    except ValidationError:
        return "", body.decode(errors="replace")[:500]
    return str(status.get("reason", "")), str(status.get("message", ""))

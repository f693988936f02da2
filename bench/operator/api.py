"""The measuring side's own way to the API server: one request, or a watch that never ends. It knows no operator."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any

import aiohttp

Manifest = dict[str, Any]
_PAGE = "500"
_PAUSE_SECONDS = 0.2


class ApiError(Exception):
    """The API server refused something that has to succeed."""


class Api:
    """A session as the administrator."""

    def __init__(self, server: str, context: ssl.SSLContext) -> None:
        self._server = server
        connector = aiohttp.TCPConnector(ssl=context, limit=0)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)

    async def __aenter__(self) -> "Api":
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        await self._session.close()

    async def post(self, path: str, body: Manifest) -> Manifest:
        """Create an object."""
        return await self._send("POST", path, body, "application/json")

    async def merge(self, path: str, body: Manifest) -> Manifest:
        """Merge patch."""
        return await self._send("PATCH", path, body, "application/merge-patch+json")

    async def listed(self, path: str) -> tuple[list[Manifest], str]:
        """Every object of the collection, and the resourceVersion of the list."""
        items: list[Manifest] = []
        query = {"limit": _PAGE}
        while True:
            async with self._session.get(self._server + path, params=query) as response:
                body = await response.json()
                if response.status >= 300:
                    raise ApiError(f"GET {path}: {response.status} {body.get('message')}")
            items += body["items"]
            following = body["metadata"].get("continue")
            if not following:
                return items, body["metadata"]["resourceVersion"]
            query["continue"] = following

    async def told(self, path: str) -> AsyncIterator[tuple[str, Manifest]]:
        """Event type and object of everything of the collection, from now until cancelled."""
        while True:
            items, version = await self.listed(path)
            for item in items:
                yield "ADDED", item
            query = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true"}
            async with self._session.get(self._server + path, params=query, read_bufsize=1 << 22) as response:
                async for line in response.content:
                    event = json.loads(line)
                    # A server that is too busy for a watch answers with a Status, which has no type.
                    if event.get("type", "ERROR") == "ERROR":
                        break
                    if event["type"] != "BOOKMARK":
                        yield event["type"], event["object"]
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _send(self, method: str, path: str, body: Manifest, content: str) -> Manifest:
        data, headers = json.dumps(body).encode(), {"Content-Type": content}
        async with self._session.request(method, self._server + path, data=data, headers=headers) as response:
            answer = await response.json()
            if response.status >= 300:
                raise ApiError(f"{method} {path}: {response.status} {answer.get('message')}")
            return answer

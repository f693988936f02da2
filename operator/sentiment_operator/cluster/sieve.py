"""Takes lines out of kopf's watch streams before kopf reads them.

kopf may be given a session to ask with; this one's answers to watches leave out the lines that somebody else takes. It knows
no shard and no kind.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import aiohttp
import kopf

Takes = Callable[[str, bytes], bool]
"""Of the path that is watched and a line of the answer: True where kopf need not see it."""


def sifted(connection: kopf.ConnectionInfo, takes: Takes) -> kopf.AiohttpSession:
    """The same connection, without what is taken. kopf closes the session when it needs it no longer."""

    async def sift(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        response = await handler(request)
        if request.url.query.get("watch") == "true" and response.ok:
            response.content = cast("aiohttp.StreamReader", _Sieve(response.content, request.url.path, takes))
        return response

    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=connection.as_ssl_context()),
        headers=connection.as_http_headers(),
        proxy=connection.proxy_url,
        trust_env=connection.trust_env,
        middlewares=(sift,),
    )
    return kopf.AiohttpSession(
        server=connection.server,
        default_namespace=connection.default_namespace,
        expiration=connection.expiration,
        aiohttp_session=session,
    )


class _Sieve:
    """The content of an answer, to be read in pieces that hold whole lines."""

    def __init__(self, content: aiohttp.StreamReader, path: str, takes: Takes) -> None:
        self._content, self._path, self._takes = content, path, takes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """What is left of the lines that came, as soon as they came."""
        rest = b""
        async for chunk in self._content.iter_chunked(size):
            *lines, rest = (rest + chunk).split(b"\n")
            if left := [line for line in lines if not self._takes(self._path, line)]:
                yield b"\n".join([*left, b""])
        if rest:
            yield rest

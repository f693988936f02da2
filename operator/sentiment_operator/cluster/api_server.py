"""The connection to one API server: a session with the address, the authorities and the token that kubernetes.aio found.

kubernetes.aio's own client looks at each value of each request for what could be no JSON, which costs about as much as
sending it. This one takes bytes and gives the answer as it came. It knows no kind, no verb and no error.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client import Configuration
from kubernetes.aio.client.rest import RESTClientObject
from yarl import URL

JSON = "application/json"
AGENT = "sentiment-operator"
READ_AT_A_TIME = 2**21
"""Bytes that are held before the connection is let wait: several watch events, of which one may be large."""


class ApiServer:
    """A session, open from `async with` to its end. Each watch holds a connection; calls are counted in cluster/kube.py."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration: Any = configuration
        rest: Any = RESTClientObject(configuration)
        # Looking for a proxy in the environment takes a thread for every request, and kopf does not look for one either.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=rest.ssl_context),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept": JSON, "User-Agent": AGENT},
            read_bufsize=READ_AT_A_TIME,
            trust_env=False,
        )
        self._options: dict[str, Any] = {"proxy": rest.proxy, "proxy_headers": rest.proxy_headers}
        if self._configuration.tls_server_name:
            self._options["server_hostname"] = self._configuration.tls_server_name

    async def __aenter__(self) -> "ApiServer":
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        await self._session.close()

    async def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes | None,
        content: str,
        limits: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        """Send, and return when the head of the answer is there. Raises aiohttp.ClientError, TimeoutError or OSError."""
        question = f"?{urlencode(query)}" if query else ""
        headers = {"Content-Type": content} if body is not None else {}
        token: str | None = await self._configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        if token:
            headers["Authorization"] = token
        url = URL(f"{self._configuration.host}{path}{question}", encoded=True)
        return await self._session.request(
            method, url, data=body, headers=headers, timeout=limits, allow_redirects=False, **self._options
        )

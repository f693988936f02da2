"""What lives as long as the server: begins before the first connection, ends after the last one."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from sentiment_server.model.background import start

Work = Callable[[], Coroutine[object, object, None]]


class Living:
    """ASGI application, the outermost one; `state` is handed to every request."""

    def __init__(self, app: ASGIApp, live: Work, state: Callable[[], Mapping[str, object]]) -> None:
        self._app = app
        self._live = live
        self._state = state

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Passes requests on, and keeps the work running between the server's start and its end."""
        if scope["type"] == "lifespan":
            return self._last(scope, receive, send)
        return self._app(scope, receive, send)

    async def _last(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        living = start(self._live())
        scope["state"].update(self._state())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        living.cancel()
        await asyncio.wait([living])
        await send({"type": "lifespan.shutdown.complete"})

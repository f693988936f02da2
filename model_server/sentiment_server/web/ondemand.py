"""The FastAPI application, imported and built when somebody first asks for something that only it answers.

It takes a quarter of a second and a third of the process's memory; a pod that predicts and is probed never needs it.
"""

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from sentiment_server.model.background import in_background


class OnDemand:
    """ASGI application. Built beside the requests, once."""

    def __init__(self, build: Callable[[], ASGIApp]) -> None:
        self._build = build
        self._building: asyncio.Task[ASGIApp] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Waits for the application, and asks it."""
        if self._building is None:
            self._building = asyncio.create_task(in_background(self._build))
        app = await asyncio.shield(self._building)
        await app(scope, receive, send)

"""Which requests are copied, where the copies go, and what became of them.

Nobody waits for a copy: one that finds no room is dropped, one that is not answered in time is given up.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Literal

from sentiment_contract.rollout import Mirror
from sentiment_server.backlog import Backlog
from sentiment_server.logs import log_event
from sentiment_server.model.background import start
from sentiment_server.web.delivery import Copy, Delivery

Result = Literal["sent", "failed", "dropped"]

_logger = logging.getLogger(__name__)
_CONNECTIONS = 4
_TIMEOUT_SECONDS = 2.0
_PAUSE_SECONDS = 0.2
"""After a failure, so that a server which is not there is not looked for anew with each request."""
_COPIES = 64
_BYTES = 8 * 2**20


class Copies:
    """Where copies go at present, if anywhere. All methods belong to one event loop."""

    def __init__(self, count: Callable[[Result], None]) -> None:
        self._count = count
        self._mirror: Mirror | None = None
        self._sender: _Sender | None = None

    def towards(self, mirror: Mirror | None) -> None:
        """From now on copies go there."""
        if (self._mirror and self._mirror.url) != (mirror and mirror.url):
            if self._sender:
                self._sender.close()
            self._sender = _Sender(mirror.url, self._count) if mirror else None
        self._mirror = mirror

    def wanted(self) -> bool:
        """Whether the next request is one of the share to copy. By chance: callers may take turns, too."""
        return self._mirror is not None and random.random() * 100 < self._mirror.percent  # noqa: S311  no secret

    def offer(self, copy: Copy) -> None:
        """Takes the copy or drops it, at once."""
        if self._sender and not self._sender.take(copy):
            self._count("dropped")


class _Sender:
    """A few kept connections to one address."""

    def __init__(self, url: str, count: Callable[[Result], None]) -> None:
        self._url = url
        self._count = count
        self._backlog: Backlog[Copy] = Backlog(_COPIES, _BYTES)
        self._complained = False
        self._tasks = [start(self._send_until_cancelled()) for _ in range(_CONNECTIONS)]

    def take(self, copy: Copy) -> bool:
        """Whether there was room."""
        return self._backlog.put(copy, len(copy.body))

    def close(self) -> None:
        """Drops what waits, and gives up what is on its way."""
        for task in self._tasks:
            task.cancel()

    async def _send_until_cancelled(self) -> None:
        kept: Delivery | None = None
        try:
            while True:
                kept = await self._send(await self._backlog.take(), kept)
        finally:
            if kept:
                kept.close()

    async def _send(self, copy: Copy, kept: Delivery | None) -> Delivery | None:
        """The connection, where it is good for more."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                delivery = kept if kept and kept.open else await Delivery.to(self._url)
                await delivery.post(copy)
        except (OSError, ValueError) as error:  # the second for what can be no host or port
            self._complain_once(error)
            self._count("failed")
            await asyncio.sleep(_PAUSE_SECONDS)
            return None
        self._count("sent")
        return delivery

    def _complain_once(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            message = (
                f"Copies of requests do not all reach {self._url}: {str(error) or type(error).__name__}. No answer depends on"
                " them, and sentiment_mirrored_total counts them. Next: look whether the candidate's pods are ready."
            )
            log_event(_logger, logging.WARNING, "mirror", message, **{"event.outcome": "failure"})

"""Everything of kopf that the operator uses: watch streams, each event handed on as it came.

Only `on.event`, whose handlers return None: with those alone kopf writes no annotation, no finalizer and no status. It
runs in a thread with a loop of its own, as kopf's documentation advises for embedding, since at its end kopf cancels
every task of its loop.
"""

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import kopf

from sentiment_operator.credentials import watch_connection
from sentiment_operator.facts import Manifest
from sentiment_operator.kinds import LABELLED, Kind

Notice = Callable[[Kind, str | None, Manifest], None]
"""Takes kind, event type (None: it was listed) and object."""

SERVER_TIMEOUT_SECONDS = 300
CLIENT_TIMEOUT_SECONDS = 330
CONNECT_TIMEOUT_SECONDS = 10
REQUEST_TIMEOUT_SECONDS = 30
EXIT_SECONDS = 5.0


class _Endless:
    """Backoffs of an API server that stays away: watching is not given up, the process is."""

    def __iter__(self) -> Iterator[float]:
        return itertools.chain((1, 1, 2, 3, 5, 8), itertools.repeat(10))


def registry(notice: Notice, managed_by: str, kinds: Sequence[Kind]) -> kopf.OperatorRegistry:
    """A kopf registry that watches these kinds and hands on what it hears."""
    handlers = kopf.OperatorRegistry()
    kopf.on.login(registry=handlers)(watch_connection)
    kopf.on.startup(registry=handlers)(_configure(managed_by))
    for kind in kinds:
        kopf.on.event(kind.group, kind.version, kind.plural, id=kind.plural, registry=handlers)(_listener(kind, notice))
    return handlers


def _listener(kind: Kind, notice: Notice) -> Callable[..., Any]:
    async def listen(event: kopf.RawEvent, **_: object) -> None:
        notice(kind, event["type"], {"apiVersion": kind.api_version, "kind": kind.name, **event["object"]})

    return listen


def _configure(managed_by: str) -> Callable[..., Any]:
    async def configure(settings: kopf.OperatorSettings, **_: object) -> None:
        for kind in LABELLED:
            settings.watching.label_selectors[kind.group, kind.version, kind.plural] = managed_by
        settings.watching.server_timeout = SERVER_TIMEOUT_SECONDS
        settings.watching.client_timeout = CLIENT_TIMEOUT_SECONDS
        settings.watching.connect_timeout = CONNECT_TIMEOUT_SECONDS
        settings.networking.request_timeout = REQUEST_TIMEOUT_SECONDS
        settings.networking.error_backoffs = _Endless()
        settings.networking.enforce_retry_after = True
        settings.posting.enabled = False
        settings.scanning.disabled = True

    return configure


class WatchThread:
    """kopf in a thread of its own, from start to stop."""

    def __init__(self, notice: Notice, namespaces: tuple[str, ...], managed_by: str, kinds: Sequence[Kind]) -> None:
        loop = asyncio.get_running_loop()
        self._stop = threading.Event()
        self._ended = loop.create_future()
        self._loop = loop
        self._namespaces = namespaces
        self._notice = notice
        self._registry = registry(self._hand_over, managed_by, kinds)
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    async def ended(self) -> None:
        """Return when kopf has ended, whether asked to or not."""
        await asyncio.shield(self._ended)

    async def stop(self) -> None:
        """Ask kopf to end and give it a few seconds; the thread does not outlive the process."""
        self._stop.set()
        await asyncio.wait([self._ended], timeout=EXIT_SECONDS)

    def _hand_over(self, kind: Kind, event: str | None, body: Manifest) -> None:
        self._loop.call_soon_threadsafe(self._notice, kind, event, body)

    def _run(self) -> None:
        try:
            kopf.run(
                registry=self._registry,
                settings=kopf.OperatorSettings(),
                standalone=True,
                clusterwide=not self._namespaces,
                namespaces=self._namespaces,
                stop_flag=self._stop,
            )
        finally:
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

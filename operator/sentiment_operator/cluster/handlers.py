"""What the operator uses of kopf, with credentials.py and sieve.py: streams of what people write, handed on as it came.

Only `on.event`, whose handlers return None: with those alone kopf writes no annotation, no finalizer and no status. It
runs in a thread with a loop of its own, as kopf's documentation advises for embedding, since at its end kopf cancels
every task of its loop. Before each handler kopf would copy the whole object twice to find out what changed since it was
last handled, which is no question here: its places to remember that remember nothing. What is in namespaces of other replicas
is taken out of its streams and handed on at once: for each event kopf does ten times the work of reading it.
"""

import asyncio
import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import kopf
import uvloop
from pydantic_core import from_json

from sentiment_operator.cluster.credentials import watch_connection
from sentiment_operator.cluster.foreign import namespaces_in
from sentiment_operator.cluster.sieve import Takes, sifted
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import Kind

Notice = Callable[[Kind, str | None, Manifest], None]
"""Takes kind, event type (None: it was listed) and object."""

SERVER_TIMEOUT_SECONDS = 300
CLIENT_TIMEOUT_SECONDS = 330
CONNECT_TIMEOUT_SECONDS = 10
REQUEST_TIMEOUT_SECONDS = 30
EXIT_SECONDS = 5.0
PAGE = 100
"""Objects of one answer to a list: kopf holds no more of them at a time."""
IDLE_SECONDS = 1.0
"""kopf keeps a task for each object for so long after its last event: at the start, for thousands at a time."""
HANDOVER_SECONDS = 0.02
NOTICES_AT_A_TIME = 100
"""So many are taken in one turn of the loop, a few milliseconds of it: others have their turn between."""


class _Endless:
    """Backoffs of an API server that stays away: watching is not given up, the process is."""

    def __iter__(self) -> Iterator[float]:
        return itertools.chain((1, 1, 2, 3, 5, 8), itertools.repeat(10))


class _NothingHandled(kopf.DiffBaseStorage):
    """Of no object it is known what it was when it was last handled, and nobody asks."""

    def build(self, **_: object) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, **_: object) -> kopf.BodyEssence | None:
        return None

    def store(self, **_: object) -> None:
        """Write nothing."""


class _NoProgress(kopf.ProgressStorage):
    """No handler has a progress: each is called once and is done."""

    def fetch(self, **_: object) -> kopf.ProgressRecord | None:
        return None

    def store(self, **_: object) -> None:
        """Write nothing."""

    def purge(self, **_: object) -> None:
        """Remove nothing."""

    def touch(self, **_: object) -> None:
        """Touch nothing."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        return essence


def registry(
    notice: Notice, kinds: Sequence[Kind], is_elsewhere: Callable[[str], bool] | None = None
) -> kopf.OperatorRegistry:
    """A kopf registry that watches these kinds and hands on what it hears."""
    handlers = kopf.OperatorRegistry()
    takes = _taker(notice, kinds, is_elsewhere) if is_elsewhere is not None else None
    kopf.on.login(registry=handlers)(login_with(takes) if takes is not None else watch_connection)
    kopf.on.startup(registry=handlers)(_configure)
    for kind in kinds:
        kopf.on.event(kind.group, kind.version, kind.plural, id=kind.plural, registry=handlers)(_listener(kind, notice))
    return handlers


def _listener(kind: Kind, notice: Notice) -> Callable[..., Any]:
    async def listen(event: kopf.RawEvent, **_: object) -> None:
        notice(kind, event["type"], {"apiVersion": kind.api_version, "kind": kind.name, **event["object"]})

    return listen


def login_with(takes: Takes) -> Callable[..., Any]:
    """A session for each connection. kopf gives up where it is given again what the API server has just refused, and it knows a
    session by itself only: an equal connection has to be the same session."""
    sessions = list[tuple[kopf.ConnectionInfo, kopf.AiohttpSession]]()

    async def login(*, settings: kopf.OperatorSettings, **_: object) -> kopf.AiohttpSession | None:
        connection = watch_connection(settings=settings)
        if connection is None:
            return None
        if not sessions or sessions[-1][0] != connection:
            sessions[:] = [(connection, sifted(connection, takes))]
        return sessions[-1][1]

    return login


def _taker(notice: Notice, kinds: Sequence[Kind], is_elsewhere: Callable[[str], bool]) -> Takes:
    by_plural = {kind.plural: kind for kind in kinds}

    def takes(path: str, line: bytes) -> bool:
        """Hand on what is certainly other replicas'. An end is left to kopf, which forgets the object then."""
        kind, namespaces = by_plural.get(path.rpartition("/")[2]), namespaces_in(line)
        if kind is None or not namespaces or not all(map(is_elsewhere, namespaces)):
            return False
        try:
            told = from_json(line)
        except ValueError:
            return False
        if told["type"] == "DELETED":
            return False
        notice(kind, told["type"], told["object"])
        return True

    return takes


async def _configure(settings: kopf.OperatorSettings, **_: object) -> None:
    settings.watching.server_timeout = SERVER_TIMEOUT_SECONDS
    settings.watching.client_timeout = CLIENT_TIMEOUT_SECONDS
    settings.watching.connect_timeout = CONNECT_TIMEOUT_SECONDS
    settings.watching.chunk_size = PAGE
    settings.queueing.idle_timeout = IDLE_SECONDS
    settings.persistence.diffbase_storage = _NothingHandled()
    settings.persistence.progress_storage = _NoProgress()
    settings.networking.request_timeout = REQUEST_TIMEOUT_SECONDS
    settings.networking.error_backoffs = _Endless()
    settings.networking.enforce_retry_after = True
    settings.posting.enabled = False
    settings.scanning.disabled = True


class Handover:
    """Takes notices from one thread to the loop of another, which looks at once and then not for a moment: a wake-up for each
    would let the two threads wait for each other more than work."""

    def __init__(self, loop: asyncio.AbstractEventLoop, notice: Notice) -> None:
        self._loop, self._notice = loop, notice
        self._notices: deque[tuple[Kind, str | None, Manifest]] = deque()
        self._is_woken = False
        self._next_at = 0.0
        """By the clock of the loop."""

    def put(self, kind: Kind, event: str | None, body: Manifest) -> None:
        """Hand a notice over; called in the other thread."""
        self._notices.append((kind, event, body))
        if not self._is_woken:
            self._is_woken = True
            self._loop.call_soon_threadsafe(self._take_in_time)

    def _take_in_time(self) -> None:
        if self._loop.time() < self._next_at:
            self._loop.call_at(self._next_at, self._take)
        else:
            self._take()

    def _take(self) -> None:
        # Before the first one is taken: what comes from now on wakes the loop again.
        self._is_woken = False
        try:
            for _ in range(min(len(self._notices), NOTICES_AT_A_TIME)):
                self._notice(*self._notices.popleft())
        finally:
            self._next_at = self._loop.time() + HANDOVER_SECONDS
            if self._notices and not self._is_woken:
                self._is_woken = True
                self._loop.call_soon(self._take)


class WatchThread:
    """kopf in a thread of its own, from start to stop."""

    def __init__(
        self,
        notice: Notice,
        namespaces: tuple[str, ...],
        kinds: Sequence[Kind],
        is_elsewhere: Callable[[str], bool] | None = None,
    ) -> None:
        """`is_elsewhere`: whether a namespace is another replica's, where there can be others."""
        loop = asyncio.get_running_loop()
        self._stop = threading.Event()
        self._ended = loop.create_future()
        self._loop = loop
        self._namespaces = namespaces
        self._registry = registry(Handover(loop, notice).put, kinds, is_elsewhere)
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

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                kopf.run(
                    loop=runner.get_loop(),
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

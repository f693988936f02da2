"""Watches what controllers write: revisions, children, Jobs and their pods. What people write, kopf watches (handlers.py).

Most events are of these, and for each of them kopf would keep a task, a queue and a memory that nothing here needs. It
lists once and goes on from there, after a lost connection too; where the API server no longer knows that place, it lists
anew. It decides nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sentiment_operator.cluster.errors import Away, Refused, Stale
from sentiment_operator.cluster.kube import Kube, Told
from sentiment_operator.cluster.store import Store
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import Kind
from sentiment_operator.reading.raw import resource_version
from sentiment_operator.replicas.interest import Interest

log = logging.getLogger(__name__)

PAUSES_SECONDS = (0.1, 1, 1, 2, 3, 5, 8, 10)
"""Before the next try; the first also after a stream that the API server ended in its time, the last for ever."""
AT_A_TIME = 100
"""Events heard in one turn of the loop, a few milliseconds of it."""


@dataclass(frozen=True, slots=True)
class ChildWatch:
    """One list and one stream for each kind and namespace."""

    kube: Kube
    store: Store
    namespaces: tuple[str, ...]
    kinds: tuple[Kind, ...]
    interest: Interest
    """What this process needs to know of."""
    hear: Callable[[Kind, str | None, Manifest], None]
    """Told of every event."""
    found: Callable[[Kind, Manifest], None]
    """Told of every object that a list knew better than the store."""

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            for kind in self.kinds:
                for namespace in self.namespaces or ("",):
                    group.create_task(self._follow_anew(kind, namespace))

    async def _follow_anew(self, kind: Kind, namespace: str) -> None:
        """Begin again whenever shards come or go: a stream keeps the selector that it began with."""
        while (extent := self.interest.extent(kind)) is not None:
            async with asyncio.TaskGroup() as group:
                following = group.create_task(self._follow(kind, namespace))
                await self.interest.moved(extent)
                following.cancel()
        await self._follow(kind, namespace)

    async def _follow(self, kind: Kind, namespace: str) -> None:
        version, failures = 0, 0
        while True:
            try:
                version = version or await self._list(kind, namespace)
                async for events in self.kube.watch(kind, namespace, self.interest.selector(kind), version):
                    version, failures = await self._take(kind, events, version), 0
            except Away as error:
                failures += 1
                log.warning("the watch of %s was cut off: %s", kind.plural, error)
            except (Stale, Refused) as error:
                version, failures = 0, failures + 1
                log.info("the watch of %s begins anew: %s", kind.plural, error)
            await asyncio.sleep(PAUSES_SECONDS[min(failures, len(PAUSES_SECONDS) - 1)])

    async def _list(self, kind: Kind, namespace: str) -> int:
        while True:
            extent = self.interest.extent(kind)
            listed, version = await self.kube.all_of(kind, namespace, self.interest.selector(kind), self.store.kept)
            if self.interest.extent(kind) == extent:
                break
        kept = [body for body in listed if self.interest.keeps(kind, body)]
        for body in self.store.sweep(kind, kept, version, namespace):
            self.found(kind, body)
        return version

    async def _take(self, kind: Kind, events: Sequence[Told], version: int) -> int:
        """Hear the events; gives the version up to which everything was heard."""
        for number, (event, body) in enumerate(events, start=1):
            if event != "BOOKMARK":
                self.hear(kind, event, body)
            version = max(version, resource_version(body))
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)
        return version

"""Which replicas are there, and that all of them divide the work into the same number of shards.

Both stand in the one Lease that an undivided operator holds alone. Divided, all replicas hold it together, by a name
that says the number: so an undivided operator, or one with another number, waits until the last of them is gone, and no
namespace is ever in two shards at once. Each replica writes itself into an annotation and is struck off by the others
when its entry stands unchanged for a Lease's duration.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from sentiment_contract.names import GROUP
from sentiment_operator.cluster.errors import Away, Refused, Stale
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.replicas.leader import (
    Leases,
    Terms,
    Watched,
    given_back,
    holder_of,
    is_unrenewed,
    new_lease,
    now_text,
    taken,
)
from sentiment_operator.replicas.sharding import BUCKETS, LEASE_NAME

log = logging.getLogger(__name__)

ANNOTATION = f"{GROUP}/replicas"
_ENTRIES = TypeAdapter(dict[str, str])
TRIES = 5
"""In one call: replicas write the same object, and whoever is late reads again."""


class Roll(Protocol):
    """Who is there."""

    @property
    def counts(self) -> bool:
        """True while this replica may act at all, as far as the division goes."""
        ...

    async def call(self) -> frozenset[str]:
        """Say that this replica is there; gives all that are, none where it could not be said."""
        ...

    async def leave(self) -> None:
        """Say that this replica ends."""


class Alone:
    """Undivided work: the one Lease says who acts, and nobody has to know of the others."""

    counts = True

    def __init__(self, identity: str) -> None:
        self._identity = identity

    async def call(self) -> frozenset[str]:
        """This replica."""
        return frozenset({self._identity})

    async def leave(self) -> None:
        """Nothing was said."""


class SharedRoll:
    """The roll in the Lease that all replicas hold together."""

    def __init__(
        self,
        leases: Leases,
        namespace: str,
        identity: str,
        count: int,
        terms: Terms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leases = leases
        self._namespace = namespace
        self._identity = identity
        self._holder = f"{count}-shards-of-{BUCKETS}-buckets"
        self._terms = terms
        self._monotonic = monotonic
        self._lease = Watched(monotonic)
        self._entries: dict[str, Watched] = {}
        self._said_at: float | None = None
        """The Lease was renewed after this."""
        self._entered_at: float | None = None
        self._looked: tuple[str, float] | None = None
        """The Lease's version at the last look, and when that was begun."""

    @property
    def counts(self) -> bool:
        """True while it was renewed so recently that no operator with another number of shards can have begun."""
        return self._said_at is not None and self._monotonic() - self._said_at < self._terms.renew_deadline

    async def call(self) -> frozenset[str]:
        """Renew the Lease and this replica's entry; gives the replicas that are there."""
        try:
            async with asyncio.timeout(self._terms.renew_deadline / 2):
                return await self._call()
        except (Away, Refused, Stale, TimeoutError) as error:
            log.warning("Lease %s could not be renewed: %s", LEASE_NAME, error or "no answer in time")
            return frozenset()

    async def leave(self) -> None:
        """Strike this replica off; the last one gives the Lease back."""
        if not self.counts:
            return
        self._said_at = None
        try:
            for _ in range(TRIES):
                if await self._left():
                    return
        except (Away, Refused) as error:
            log.warning("Lease %s could not be given back: %s", LEASE_NAME, error)

    async def _call(self) -> frozenset[str]:
        for last in (*(False,) * (TRIES - 1), True):
            try:
                return await self._say()
            except Stale:
                if last:
                    raise
        return frozenset()

    async def _say(self) -> frozenset[str]:
        asked_at = self._monotonic()
        lease = await self._leases.get_lease(self._namespace, LEASE_NAME)
        entries = {} if lease is None else self._living(lease)
        if lease is not None and self._was_renewed(lease, asked_at) and self._is_entered(entries, asked_at):
            return frozenset(entries)
        entries[self._identity] = now_text()
        if lease is None:
            lease = new_lease(self._namespace, LEASE_NAME, self._holder, self._terms)
            await self._leases.create_lease(_with_entries(lease, entries))
        elif holder_of(lease) in ("", self._holder) or is_unrenewed(lease, self._lease, self._terms):
            lease = taken(lease, self._holder, self._terms)
            await self._leases.update_lease(_with_entries(lease, entries))
        else:
            self._said_at = None
            return frozenset()
        self._said_at = self._entered_at = asked_at
        return frozenset(entries)

    def _was_renewed(self, lease: Manifest, asked_at: float) -> bool:
        """Whether another replica renewed the Lease since the last look: that is worth as much as an own renewal then.

        So replicas need not all write, which with a slow API server would be one conflict after the other.
        """
        version: str = lease["metadata"]["resourceVersion"]
        (before, since), self._looked = self._looked or (version, asked_at), (version, asked_at)
        if holder_of(lease) != self._holder or version == before:
            return False
        self._said_at = max(self._said_at or since, since)
        return True

    def _is_entered(self, entries: Mapping[str, str], now: float) -> bool:
        """Whether this replica's own entry stands there and is new enough."""
        entered = self._entered_at is not None and now - self._entered_at < self._terms.duration / 3
        return entered and self._identity in entries

    async def _left(self) -> bool:
        """True when nothing is left to strike off."""
        lease = await self._leases.get_lease(self._namespace, LEASE_NAME)
        if lease is None or holder_of(lease) != self._holder:
            return True
        entries = {replica: said for replica, said in self._living(lease).items() if replica != self._identity}
        try:
            await self._leases.update_lease(_with_entries(lease if entries else given_back(lease), entries))
        except Stale:
            return False
        return True

    def _living(self, lease: Manifest) -> dict[str, str]:
        """The entries that are renewed."""
        entries = _entries(lease)
        self._entries = {replica: self._entries.get(replica) or Watched(self._monotonic) for replica in entries}
        return {
            replica: said
            for replica, said in entries.items()
            if self._entries[replica].unchanged_seconds(said) <= self._terms.duration
        }


def _entries(lease: Manifest) -> dict[str, str]:
    """Replica → when it last said that it is there. What somebody else wrote there counts as nothing."""
    annotations: dict[str, str] = lease["metadata"].get("annotations") or {}
    try:
        return _ENTRIES.validate_json(annotations.get(ANNOTATION, "{}"))
    except ValidationError:
        return {}


def _with_entries(lease: Manifest, entries: dict[str, str]) -> Manifest:
    annotations: dict[str, str] = lease["metadata"].get("annotations") or {}
    told = annotations | {ANNOTATION: json.dumps(dict(sorted(entries.items())))}
    return {**lease, "metadata": {**lease["metadata"], "annotations": told}}

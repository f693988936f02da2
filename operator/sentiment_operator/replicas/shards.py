"""The shards that this process holds: it takes those that fall to it, renews them, and gives back what falls to others.

A process that lost a Lease raises LeaseLost and ends, as one that holds the only one does: whatever it still had under
way ends with it. What is given back on purpose is given back when no pass of that shard is under way any more. It knows
nothing of models but their namespaces.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from sentiment_operator.replicas.leader import DEFAULT_TERMS, Election, Held, LeaseLost, Leases, Terms
from sentiment_operator.replicas.roll import Alone, Roll, SharedRoll
from sentiment_operator.replicas.sharding import dealt, lease_name, shard_of

log = logging.getLogger(__name__)


class Passes(Protocol):
    """What is done for the shards."""

    def is_busy(self, shard: int) -> bool:
        """Whether a pass of that shard is under way."""
        ...

    def given_back(self, shard: int) -> None:
        """Others act for that shard from now on."""


class Shards:
    """One process's part of the shards."""

    def __init__(
        self,
        leases: Leases,
        namespace: str,
        identity: str,
        count: int,
        passes: Passes,
        terms: Terms = DEFAULT_TERMS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._identity = identity
        self._count = count
        self._passes = passes
        self._terms = terms
        self._elections = tuple(
            Election(leases, namespace, lease_name(shard, count), identity, terms, monotonic) for shard in range(count)
        )
        self._roll: Roll = (
            Alone(identity) if count == 1 else SharedRoll(leases, namespace, identity, count, terms, monotonic)
        )
        self._replicas = frozenset[str]()
        """Who is there, as the last renewal found."""
        self._called = asyncio.Event()
        self._held: set[int] = set()
        self._begun: set[int] = set()
        """Held, and all that is there was read since."""
        self._giving: set[int] = set()
        """Begun, and to be given back as soon as no pass is under way."""
        self._moved = asyncio.Event()
        """Set whenever shards were taken, given back, or have to be begun anew."""

    @property
    def held(self) -> frozenset[int]:
        """The shards whose Lease is held for certain."""
        return frozenset(shard for shard in self._held if self._is_held(shard))

    @property
    def taken(self) -> frozenset[int]:
        """The shards that were taken and not given back: those that are not elsewhere."""
        return frozenset(self._held)

    def of(self, namespace: str) -> int:
        """The shard of a namespace."""
        return shard_of(namespace, self._count)

    def may_write(self, namespace: str) -> bool:
        """Whether no other process can act for that namespace now. Asked before every write."""
        shard = self.of(namespace)
        return shard in self._begun and self._is_held(shard)

    def acts_for(self, namespace: str) -> bool:
        """Whether that namespace is this process's to look after; whether it may write is asked when it does."""
        return self.of(namespace) in self._begun - self._giving

    async def moved(self, since: frozenset[int]) -> None:
        """Return as soon as others are taken than were then."""
        while self.taken == since:
            self._moved.clear()
            await self._moved.wait()

    async def gained(self) -> frozenset[int]:
        """Return as soon as there are shards that were not begun yet."""
        while not self._held - self._begun:
            self._moved.clear()
            await self._moved.wait()
        return frozenset(self._held - self._begun)

    def begin(self, shards: Iterable[int]) -> None:
        """From now on this process acts for these shards: it knows what is there."""
        self._begun |= self._held & set(shards)

    async def keep(self) -> None:
        """Renew again and again until a Lease is lost; then raise LeaseLost."""
        while True:
            await self.renew()
            self._called.set()
            await asyncio.sleep(self._terms.retry)

    async def spread(self) -> None:
        """Take and give back again and again. Beside `keep`, since a renewal must wait for nothing else."""
        await self._called.wait()
        while True:
            await self.share()
            await asyncio.sleep(self._terms.retry)

    async def release(self) -> None:
        """Give everything back, so that others need not wait for its end."""
        held, self._begun = self._held, set()
        await asyncio.gather(*(self._elections[shard].release() for shard in sorted(held)))
        await self._roll.leave()

    async def renew(self) -> None:
        """Renew what is held, once. Raises LeaseLost."""
        renewals = asyncio.gather(*(self._elections[shard].renew() for shard in sorted(self._held)))
        self._replicas, _ = await asyncio.gather(self._roll.call(), renewals)
        for shard in self._held:
            if not self._is_held(shard):
                name = lease_name(shard, self._count)
                raise LeaseLost(f"Lease {name} could not be renewed for {self._terms.renew_deadline:g} s")

    async def share(self) -> None:
        """Take what falls to this replica, give back what falls to another one; once."""
        replicas = self._replicas
        if not replicas:
            return
        seen = await asyncio.gather(*(self._look(shard) for shard in range(self._count)))
        known = [held or Held("") for held in seen]
        # Whoever let a Lease run out is gone, whatever the roll says; this replica is not.
        living = replicas - {held.holder for held in known if held.abandoned} | {self._identity}
        ought = dealt([held.holder for held in known], living)
        mine = {shard for shard, replica in enumerate(ought) if replica == self._identity}
        free = {shard for shard, held in enumerate(seen) if held is not None and _is_free(held, self._identity)}
        await asyncio.gather(*(self._take(shard) for shard in sorted((mine & free) - self._held)))
        await self._give(self._begun - mine)

    async def _look(self, shard: int) -> Held | None:
        return Held(self._identity) if shard in self._held else await self._elections[shard].look()

    async def _take(self, shard: int) -> None:
        if await self._elections[shard].take():
            self._held.add(shard)
            self._moved.set()

    async def _give(self, shards: set[int]) -> None:
        # What falls back to this replica while a pass of it was still under way goes on as if nothing had been.
        kept, self._giving = self._giving - shards, set(shards)
        if kept:
            self._begun -= kept
            self._moved.set()
        for shard in sorted(shards):
            if not self._passes.is_busy(shard):
                self._begun.discard(shard)
                self._held.discard(shard)
                self._giving.discard(shard)
                self._moved.set()
                self._passes.given_back(shard)
                await self._elections[shard].release()
                log.info("shard given back", extra={"event.action": "shard-given-back", "shard": shard})

    def _is_held(self, shard: int) -> bool:
        return self._elections[shard].leads and self._roll.counts


def _is_free(held: Held, identity: str) -> bool:
    return held.abandoned or held.holder in ("", identity)

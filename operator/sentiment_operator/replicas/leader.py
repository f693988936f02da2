"""Which one of several operator processes acts: a coordination.k8s.io Lease, renewed, checked and given back.

Times of others are never compared with the own clock: a Lease counts as abandoned when this process has seen it
unchanged for its whole duration. It knows nothing of models, nor of how many Leases there are.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from sentiment_operator.cluster.errors import Away, Refused, Stale
from sentiment_operator.facts.observed import Manifest

log = logging.getLogger(__name__)

DURATION_SECONDS = 15
RELEASE_SECONDS = 5.0
"""Giving a Lease back saves its successor a wait; the end of the process need not wait longer for it."""


class LeaseLost(Exception):
    """Another process may act from now on: this one must end."""


class Leases(Protocol):
    """The three calls that an election needs."""

    async def get_lease(self, namespace: str, name: str) -> Manifest | None: ...
    async def create_lease(self, manifest: Manifest) -> Manifest: ...
    async def update_lease(self, manifest: Manifest) -> Manifest: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a Lease counts, and what follows from it. Seconds."""

    duration: int = DURATION_SECONDS

    @property
    def renew_deadline(self) -> float:
        """A holder that could not renew for so long no longer acts: well before another one may."""
        return self.duration * 2 / 3

    @property
    def retry(self) -> float:
        """Between two tries."""
        return self.duration * 2 / 15


DEFAULT_TERMS = Terms()
SHARED_TERMS = Terms(12)
"""With several shards one Lease more has to be seen before the next holder is known: all within 20 seconds."""


class Held(NamedTuple):
    """Who holds a Lease."""

    holder: str
    """Empty: nobody ever did, or it was given back."""
    abandoned: bool = False
    """Its holder let it run out."""


class Watched:
    """Tells whether something that is renewed has been, by the clock of whoever looks."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._mark: str | None = None
        self._since = 0.0

    def unchanged_seconds(self, mark: str) -> float:
        """For how long the mark has been seen as it is now."""
        now = self._monotonic()
        if mark != self._mark:
            self._mark, self._since = mark, now
        return now - self._since


class Election:
    """One process's part in the election for one Lease."""

    def __init__(
        self,
        leases: Leases,
        namespace: str,
        name: str,
        identity: str,
        terms: Terms = DEFAULT_TERMS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leases = leases
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._terms = terms
        self._monotonic = monotonic
        self._watched = Watched(monotonic)
        self._renewed_at: float | None = None
        self._one_at_a_time = asyncio.Lock()
        self._known: Manifest | None = None
        """The Lease as this process last wrote or read it: what follows needs no read, and is refused if it changed."""

    @property
    def leads(self) -> bool:
        """True while the Lease was renewed recently enough that no other process can have taken it.

        Asked before every write: a process that was frozen finds out here, before it has done harm.
        """
        return self._renewed_at is not None and self._monotonic() - self._renewed_at < self._terms.renew_deadline

    async def look(self) -> Held | None:
        """Who holds the Lease, by a fresh read; None where there was no answer."""
        try:
            async with asyncio.timeout(self._terms.renew_deadline / 2), self._one_at_a_time:
                self._known = await self._leases.get_lease(self._namespace, self._name)
        except (Away, Refused, TimeoutError) as error:
            log.warning("Lease %s could not be read: %s", self._name, error or "no answer in time")
            return None
        if self._known is None:
            return Held("")
        return Held(holder_of(self._known), self._is_abandoned(self._known))

    async def renew(self) -> None:
        """Renew the Lease once, unless it was given back."""
        async with self._one_at_a_time:
            if self._renewed_at is not None:
                await self._attempt()

    async def take(self) -> bool:
        """Take the Lease if nobody holds it; True if it is held now."""
        async with self._one_at_a_time:
            return await self._attempt()

    async def _attempt(self) -> bool:
        asked_at = self._monotonic()
        try:
            async with asyncio.timeout(self._terms.renew_deadline / 2):
                held = await self._take()
        except (Away, Refused, Stale, TimeoutError) as error:
            log.warning("Lease %s could not be renewed: %s", self._name, error or "no answer in time")
            return False
        # Counted from before the request: the server may have written the Lease at any moment since then.
        self._renewed_at = asked_at if held else None
        return held

    async def release(self) -> None:
        """Give the Lease back, so that a successor need not wait for its end. Does nothing for a follower."""
        if not self.leads:
            return
        async with self._one_at_a_time:
            self._renewed_at = self._known = None
            await self._give_back()

    async def _give_back(self) -> None:
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                lease = await self._leases.get_lease(self._namespace, self._name)
                if lease is not None and holder_of(lease) == self._identity:
                    await self._leases.update_lease(given_back(lease))
        except (Away, Refused, Stale, TimeoutError) as error:
            log.warning("Lease %s could not be given back: %s", self._name, error or "no answer in time")

    async def _take(self) -> bool:
        lease, self._known = self._known or await self._leases.get_lease(self._namespace, self._name), None
        if lease is None:
            self._known = await self._leases.create_lease(
                new_lease(self._namespace, self._name, self._identity, self._terms)
            )
            return True
        if holder_of(lease) != self._identity and not self._is_abandoned(lease):
            return False
        self._known = await self._leases.update_lease(taken(lease, self._identity, self._terms))
        return True

    def _is_abandoned(self, lease: Manifest) -> bool:
        return not holder_of(lease) or is_unrenewed(lease, self._watched, self._terms)


def holder_of(lease: Manifest) -> str:
    """Who holds the Lease, empty for nobody."""
    return lease.get("spec", {}).get("holderIdentity") or ""


def is_unrenewed(lease: Manifest, watched: Watched, terms: Terms) -> bool:
    """True once the Lease has been seen unchanged for longer than it says that it counts."""
    duration = float(lease.get("spec", {}).get("leaseDurationSeconds") or terms.duration)
    return watched.unchanged_seconds(lease["metadata"]["resourceVersion"]) > duration


def new_lease(namespace: str, name: str, holder: str, terms: Terms) -> Manifest:
    """A Lease that there was not yet."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": namespace},
        "spec": _spec(holder, terms, transitions=0),
    }


def taken(lease: Manifest, holder: str, terms: Terms) -> Manifest:
    """The Lease, renewed by who holds it or taken by another one."""
    if holder_of(lease) == holder:
        return _with_spec(lease, renewTime=now_text())
    transitions = int(lease.get("spec", {}).get("leaseTransitions") or 0)
    return _with_spec(lease, **_spec(holder, terms, transitions + 1))


def given_back(lease: Manifest) -> Manifest:
    """The Lease, held by nobody."""
    return _with_spec(lease, holderIdentity="", leaseDurationSeconds=1, renewTime=now_text())


def now_text() -> str:
    """The time as Leases write it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _spec(holder: str, terms: Terms, transitions: int) -> dict[str, Any]:
    now = now_text()
    return {
        "holderIdentity": holder,
        "leaseDurationSeconds": terms.duration,
        "acquireTime": now,
        "renewTime": now,
        "leaseTransitions": transitions,
    }


def _with_spec(lease: Manifest, **changes: Any) -> Manifest:
    return {**lease, "spec": {**lease.get("spec", {}), **changes}}

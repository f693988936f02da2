"""Which one of several operator processes acts: a coordination.k8s.io Lease, renewed, checked and given back.

Times of others are never compared with the own clock: a Lease counts as abandoned when this process has seen it
unchanged for its whole duration. It knows nothing of models.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from sentiment_operator.facts import Manifest
from sentiment_operator.kube_errors import Away, Refused, Stale

log = logging.getLogger(__name__)

LEASE_NAME = "sentiment-operator"
DURATION_SECONDS = 15
RENEW_DEADLINE_SECONDS = 10.0
RETRY_SECONDS = 2.0


class LeaseLost(Exception):
    """Another process may act from now on: this one must end."""


class Leases(Protocol):
    """The three calls that an election needs."""

    async def get_lease(self, namespace: str, name: str) -> Manifest | None: ...
    async def create_lease(self, manifest: Manifest) -> Manifest: ...
    async def update_lease(self, manifest: Manifest) -> Manifest: ...


@dataclass(frozen=True, slots=True)
class _Seen:
    """A Lease as it was seen, and when by the monotonic clock."""

    version: str
    at: float


class Election:
    """One process's part in the election."""

    def __init__(
        self, leases: Leases, namespace: str, identity: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._leases = leases
        self._namespace = namespace
        self._identity = identity
        self._monotonic = monotonic
        self._seen: _Seen | None = None
        self._renewed_at: float | None = None
        self._held: Manifest | None = None
        """The Lease as this process last wrote it: renewing it needs no read."""

    @property
    def leads(self) -> bool:
        """True while the Lease was renewed recently enough that no other process can have taken it.

        Asked before every write: a process that was frozen finds out here, before it has done harm.
        """
        return self._renewed_at is not None and self._monotonic() - self._renewed_at < RENEW_DEADLINE_SECONDS

    async def win(self) -> None:
        """Return as soon as this process holds the Lease."""
        while True:
            if await self._try():
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def keep(self) -> None:
        """Renew until it fails for too long or another process holds the Lease; then raise LeaseLost."""
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            if not await self._try() and not self.leads:
                raise LeaseLost(
                    f"Lease {self._namespace}/{LEASE_NAME} could not be renewed for {RENEW_DEADLINE_SECONDS:g} s"
                )

    async def release(self) -> None:
        """Give the Lease back, so that a successor need not wait for its end. Does nothing for a follower."""
        if not self.leads:
            return
        self._renewed_at = None
        try:
            lease = await self._leases.get_lease(self._namespace, LEASE_NAME)
            if lease is not None and _holder(lease) == self._identity:
                await self._leases.update_lease(
                    _with_spec(lease, holderIdentity="", leaseDurationSeconds=1, renewTime=_now())
                )
        except (Away, Refused, Stale) as error:
            log.warning("the Lease could not be given back: %s", error)

    async def _try(self) -> bool:
        """Take or renew the Lease once; True if it is held now."""
        asked_at = self._monotonic()
        try:
            async with asyncio.timeout(RENEW_DEADLINE_SECONDS / 2):
                held = await self._take()
        except (Away, Refused, Stale, TimeoutError) as error:
            log.warning("the Lease could not be renewed: %s", error or "no answer in time")
            return False
        # Counted from before the request: the server may have written the Lease at any moment since then.
        self._renewed_at = asked_at if held else None
        return held

    async def _take(self) -> bool:
        lease, self._held = self._held or await self._leases.get_lease(self._namespace, LEASE_NAME), None
        if lease is None:
            self._held = await self._leases.create_lease(self._first())
            return True
        if _holder(lease) != self._identity and not self._is_abandoned(lease):
            return False
        self._held = await self._leases.update_lease(self._taken(lease))
        return True

    def _is_abandoned(self, lease: Manifest) -> bool:
        if not _holder(lease):
            return True
        version: str = lease["metadata"]["resourceVersion"]
        now = self._monotonic()
        if self._seen is None or self._seen.version != version:
            self._seen = _Seen(version, now)
        duration = float(lease.get("spec", {}).get("leaseDurationSeconds") or DURATION_SECONDS)
        return now - self._seen.at > duration

    def _first(self) -> Manifest:
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": LEASE_NAME, "namespace": self._namespace},
            "spec": self._spec(transitions=0),
        }

    def _taken(self, lease: Manifest) -> Manifest:
        if _holder(lease) == self._identity:
            return _with_spec(lease, renewTime=_now())
        transitions = int(lease.get("spec", {}).get("leaseTransitions") or 0)
        return _with_spec(lease, **self._spec(transitions + 1))

    def _spec(self, transitions: int) -> dict[str, Any]:
        now = _now()
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": DURATION_SECONDS,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": transitions,
        }


def _holder(lease: Manifest) -> str:
    return lease.get("spec", {}).get("holderIdentity") or ""


def _with_spec(lease: Manifest, **changes: Any) -> Manifest:
    return {**lease, "spec": {**lease.get("spec", {}), **changes}}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

"""Leases in memory that behave like the API server's: versions, conflicts, outages; and a clock that the test turns."""

import copy
from collections.abc import Callable
from typing import Any

from sentiment_operator.cluster.errors import Away, Stale
from sentiment_operator.replicas.leader import DEFAULT_TERMS, Terms
from sentiment_operator.replicas.shards import Shards

Manifest = dict[str, Any]


class PlayedLeases:
    """The Leases of one namespace by name."""

    def __init__(self) -> None:
        self.leases: dict[str, Manifest] = {}
        self.away = False
        self.calls = 0
        self._version = 0

    async def get_lease(self, namespace: str, name: str) -> Manifest | None:
        self._answer()
        return copy.deepcopy(self.leases.get(name))

    async def create_lease(self, manifest: Manifest) -> Manifest:
        self._answer()
        if manifest["metadata"]["name"] in self.leases:
            raise Stale("exists")
        return self._keep(manifest)

    async def update_lease(self, manifest: Manifest) -> Manifest:
        self._answer()
        known = self.leases.get(manifest["metadata"]["name"])
        if known is None or manifest["metadata"]["resourceVersion"] != known["metadata"]["resourceVersion"]:
            raise Stale("conflict")
        return self._keep(manifest)

    def holder(self, name: str = "sentiment-operator") -> str:
        """Who holds the Lease."""
        return self.leases[name]["spec"]["holderIdentity"] if name in self.leases else ""

    def _answer(self) -> None:
        self.calls += 1
        if self.away:
            raise Away("connection refused")

    def _keep(self, manifest: Manifest) -> Manifest:
        self._version += 1
        kept = copy.deepcopy(manifest)
        kept["metadata"]["resourceVersion"] = str(self._version)
        self.leases[kept["metadata"]["name"]] = kept
        return copy.deepcopy(kept)


class PlayedPasses:
    """What is under way, as the test says."""

    def __init__(self) -> None:
        self.busy: set[int] = set()
        self.left: list[int] = []

    def is_busy(self, shard: int) -> bool:
        return shard in self.busy

    def given_back(self, shard: int) -> None:
        self.left.append(shard)


class Replica:
    """One process's part, which begins with what it takes at once."""

    def __init__(
        self, leases: Any, identity: str, count: int, clock: Callable[[], float], terms: Terms = DEFAULT_TERMS
    ) -> None:
        self.passes = PlayedPasses()
        self.shards = Shards(leases, "system", identity, count, self.passes, terms, clock)

    async def turn(self) -> None:
        """One round, and begin with what came of it."""
        await self.shards.renew()
        await self.share()

    async def share(self) -> None:
        """The second half of it."""
        await self.shards.share()
        self.shards.begin(self.shards.held)

    @property
    def held(self) -> list[int]:
        """The numbers of its shards."""
        return sorted(self.shards.held)

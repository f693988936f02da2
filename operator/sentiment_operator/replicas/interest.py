"""What this replica needs to know of, beside what it acts for: what a pass reads of other models than its own.

It holds no object and no Lease.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import KNOWN_OF_ALL, OWN, Kind
from sentiment_operator.names import BUCKET_LABEL, MANAGED_BY_LABEL, MANAGER
from sentiment_operator.replicas.sharding import buckets_outside, shard_of


@dataclass(frozen=True, slots=True)
class Interest:
    """`shards`: how many there are. `taken`: those of this replica. `moved`: returns as soon as others are taken than then."""

    shards: int
    taken: Callable[[], frozenset[int]]
    moved: Callable[[frozenset[int]], Awaitable[None]]

    def is_elsewhere(self, namespace: str) -> bool:
        """Whether a namespace is another replica's, where there can be others."""
        return self.shards > 1 and shard_of(namespace, self.shards) not in self.taken()

    def keeps(self, kind: Kind, body: Manifest) -> bool:
        """Whether the object has to be known."""
        return kind in KNOWN_OF_ALL or not self.is_elsewhere(body["metadata"]["namespace"])

    def extent(self, kind: Kind) -> frozenset[int] | None:
        """The shards whose objects of that kind are known; None: always all. Lists of two extents must not be compared."""
        return None if self.shards == 1 or kind in KNOWN_OF_ALL else self.taken()

    def selector(self, kind: Kind) -> str:
        """What the API server is asked for, of that kind.

        The buckets of others are left out, so that what has no bucket yet is seen until it gets one.
        """
        if kind in OWN:
            return ""
        managed, extent = f"{MANAGED_BY_LABEL}={MANAGER}", self.extent(kind)
        others = buckets_outside(extent, self.shards) if extent is not None else ()
        return f"{managed},{BUCKET_LABEL} notin ({','.join(map(str, others))})" if others else managed

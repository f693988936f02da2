"""Which bucket and which shard a namespace belongs to, and which replica ought to hold which shard.

Functions of values, so that every replica comes to the same end. It knows no Lease and no clock: that a shard is not
held twice is the Leases' part, and does not rest on what is dealt here.
"""

import hashlib
from collections.abc import Collection, Sequence
from functools import lru_cache

LEASE_NAME = "sentiment-operator"
MOST_SHARDS = 16
BUCKETS = 64
"""Objects are labelled with theirs, so this number stays: another one would replace every pod."""


@lru_cache(maxsize=4096)
def bucket_of(namespace: str) -> int:
    """The bucket of everything in that namespace: the same in every process and every release, however many shards."""
    digest = hashlib.sha256(namespace.encode()).digest()
    return int.from_bytes(digest[:8], "big") % BUCKETS


def shard_of(namespace: str, count: int) -> int:
    """The shard of everything in that namespace, from 0 to count - 1."""
    return bucket_of(namespace) % count


def buckets_outside(shards: Collection[int], count: int) -> tuple[int, ...]:
    """The buckets of all other shards."""
    return tuple(bucket for bucket in range(BUCKETS) if bucket % count not in shards)


def lease_name(shard: int, count: int) -> str:
    """The Lease of a shard. Undivided, the work has the one Lease that it always had."""
    return LEASE_NAME if count == 1 else f"{LEASE_NAME}-shard-{shard}"


def dealt(holders: Sequence[str], replicas: Collection[str]) -> tuple[str, ...]:
    """Who ought to hold each shard, by who holds it now ("": nobody) and who is there; "" where nobody is.

    Shares differ by one at most. Whoever holds no more than a share keeps it, so that as little moves as can be.
    """
    if not replicas:
        return ("",) * len(holders)
    left = _shares(holders, replicas)
    ought = [""] * len(holders)
    for shard, holder in enumerate(holders):
        if left.get(holder, 0):
            ought[shard] = holder
            left[holder] -= 1
    for shard, holder in enumerate(ought):
        if not holder:
            ought[shard] = max(sorted(left), key=lambda replica: left[replica])
            left[ought[shard]] -= 1
    return tuple(ought)


def _shares(holders: Sequence[str], replicas: Collection[str]) -> dict[str, int]:
    """How many shards each replica may hold; where they do not come out even, who holds most now has one more."""
    share, over = divmod(len(holders), len(replicas))
    by_held = sorted(replicas, key=lambda replica: (-holders.count(replica), replica))
    return {replica: share + (place < over) for place, replica in enumerate(by_held)}

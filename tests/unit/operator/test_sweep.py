"""What a sweep makes of a list that was made before shards came or went, and of one that is of an earlier time."""

import asyncio
from typing import Any, cast

import pytest

from sentiment_operator.cluster import sweep
from sentiment_operator.cluster.errors import Rewound
from sentiment_operator.cluster.store import Store
from sentiment_operator.cluster.sweep import Sweep
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import SERVICE
from sentiment_operator.replicas.interest import Interest
from sentiment_operator.replicas.sharding import shard_of


def a_service(namespace: str, version: int) -> Manifest:
    metadata = {"name": "imdb", "namespace": namespace, "uid": namespace, "resourceVersion": str(version)}
    return {"kind": "Service", "metadata": metadata}


class Cluster:
    """Two namespaces, each a shard; the second is taken over while the first list is in its grace."""

    def __init__(self) -> None:
        self.taken = {"one"}
        self.lists = 0
        self.store = Store(lambda _: ("", ""))

    async def all_of(self, *_: object) -> tuple[list[Manifest], int]:
        self.lists += 1
        return [a_service("one", 7), a_service("two", 8)], 10

    async def never(self, _: frozenset[int]) -> None:
        await asyncio.Event().wait()

    def interest(self) -> Interest:
        return Interest(4, lambda: frozenset(shard_of(namespace, 4) for namespace in self.taken), self.never)

    async def take_over(self, _: float) -> None:
        """Instead of the grace: what is in the second namespace is listed and known from now on."""
        if "two" not in self.taken:
            self.taken.add("two")
            self.store.put(SERVICE, a_service("two", 8))


def test_what_was_taken_over_in_its_grace_is_not_taken_for_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster()
    found: list[str] = []
    monkeypatch.setattr(sweep, "GRACE_SECONDS", 0.01)
    monkeypatch.setattr(sweep, "INTERVAL_SECONDS", 0.0)

    async def run() -> None:
        swept = Sweep(
            cast("Any", cluster),
            cluster.store,
            (),
            (SERVICE,),
            cluster.interest(),
            lambda _, body: found.append(body["metadata"]["namespace"]),
        )
        real = asyncio.sleep

        async def pause(seconds: float) -> None:
            await (cluster.take_over(seconds) if seconds == sweep.GRACE_SECONDS else real(0))

        monkeypatch.setattr(sweep.asyncio, "sleep", pause)
        sweeping = asyncio.create_task(swept.run())
        async with asyncio.timeout(10):
            while cluster.lists < 3:
                await real(0)
        sweeping.cancel()
        await asyncio.wait([sweeping])

    asyncio.run(run())
    assert cluster.store.get(SERVICE, "two", "imdb") is not None
    assert found == ["one"]


def test_a_cluster_that_was_restored_to_an_earlier_time_ends_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster()
    cluster.store.put(SERVICE, a_service("one", 11))  # The list will be of 10.
    monkeypatch.setattr(sweep, "INTERVAL_SECONDS", 0.0)

    async def run() -> None:
        swept = Sweep(cast("Any", cluster), cluster.store, (), (SERVICE,), cluster.interest(), lambda *_: None)
        async with asyncio.timeout(10):
            await swept.run()

    with pytest.raises(Rewound, match=r"11 .* 10"):
        asyncio.run(run())

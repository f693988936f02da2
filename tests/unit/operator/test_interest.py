"""What is asked of the API server is what is kept, and what has no bucket yet is never left out."""

import asyncio
import re
from collections.abc import Collection

import pytest

from sentiment_operator import names
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import APPROVAL, DEPLOYMENT, JOB, LABELLED, MODEL, OWN, POD, REVISION, SERVICE, Kind
from sentiment_operator.replicas.interest import Interest
from sentiment_operator.replicas.sharding import MOST_SHARDS, shard_of
from tests.support.builders import model

NAMESPACES = [f"team-{number}" for number in range(200)]
MANAGED = {"app.kubernetes.io/managed-by": "sentiment-operator"}


def interest(shards: int, *taken: int) -> Interest:
    async def never(_: frozenset[int]) -> None:
        await asyncio.Event().wait()

    return Interest(shards, lambda: frozenset(taken), never)


def selects(selector: str, labels: Manifest) -> bool:
    """As the API server reads selectors: what lacks the label is in no set."""
    equal, _, others = selector.partition(",")
    name, _, value = equal.partition("=")
    if others:
        key, _, numbers = others.partition(" notin ")
        assert re.fullmatch(r"\(\d+(,\d+)*\)", numbers), selector
        if labels.get(key) in numbers.strip("()").split(","):
            return False
    return labels.get(name) == value


def a_child(namespace: str) -> Manifest:
    labels = names.labels(model(namespace=namespace), names.SERVER, "1")
    return {"metadata": {"namespace": namespace, "labels": labels}}


@pytest.mark.parametrize("shards", range(1, MOST_SHARDS + 1))
@pytest.mark.parametrize("taken", [(), (0,), (0, 1, 2)])
def test_the_api_server_sends_what_is_kept_and_nothing_else(shards: int, taken: Collection[int]) -> None:
    part = interest(shards, *taken)
    for kind in (POD, DEPLOYMENT, SERVICE):
        for child in map(a_child, NAMESPACES):
            assert selects(part.selector(kind), child["metadata"]["labels"]) is part.keeps(kind, child)


def test_what_has_no_bucket_yet_is_seen_by_everybody_and_kept_by_one() -> None:
    parts = [interest(4, shard) for shard in range(4)]
    for namespace in NAMESPACES:
        older: Manifest = {"metadata": {"namespace": namespace, "labels": MANAGED}}
        assert all(selects(part.selector(POD), MANAGED) for part in parts)
        assert [part.keeps(POD, older) for part in parts] == [shard_of(namespace, 4) == shard for shard in range(4)]


@pytest.mark.parametrize("kind", [MODEL, REVISION, JOB, POD, SERVICE, APPROVAL, DEPLOYMENT])
def test_of_others_that_is_kept_which_passes_read(kind: Kind) -> None:
    part, other = interest(4, 0), next(name for name in NAMESPACES if shard_of(name, 4) != 0)
    assert part.keeps(kind, a_child(other)) is (kind in (MODEL, REVISION, JOB))
    assert part.extent(kind) == (None if kind in (MODEL, REVISION, JOB) else {0})


@pytest.mark.parametrize("kind", [*OWN, *LABELLED])
def test_undivided_work_asks_as_it_always_did(kind: Kind) -> None:
    assert interest(1).selector(kind) == ("" if kind in OWN else "app.kubernetes.io/managed-by=sentiment-operator")
    assert interest(1).extent(kind) is None
    assert interest(1).keeps(kind, a_child("anywhere"))

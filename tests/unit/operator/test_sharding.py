"""Which shard a namespace belongs to, and who ought to hold which."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sentiment_operator.replicas.sharding import MOST_SHARDS, bucket_of, buckets_outside, dealt, lease_name, shard_of

REPLICAS = ("a", "b", "c", "d", "e")
HOLDERS = st.lists(st.sampled_from(("", "gone", *REPLICAS)), min_size=1, max_size=MOST_SHARDS)
LIVING = st.sets(st.sampled_from(REPLICAS), min_size=1)


def test_a_namespace_stays_in_its_shard_in_every_process_and_release() -> None:
    names = ("default", "shop", "team-a", "team-b")
    assert [bucket_of(name) for name in names] == [61, 61, 52, 42]
    assert [shard_of(name, 4) for name in names] == [1, 1, 0, 2]
    assert {shard_of(name, 1) for name in names} == {0}


@given(st.integers(1, MOST_SHARDS), st.sets(st.integers(0, MOST_SHARDS - 1)), st.text())
def test_the_buckets_outside_are_those_of_the_other_shards(count: int, shards: set[int], namespace: str) -> None:
    is_outside = bucket_of(namespace) in buckets_outside(shards, count)
    assert is_outside is (shard_of(namespace, count) not in shards)


def test_namespaces_are_spread_over_all_shards() -> None:
    counts = Counter(shard_of(f"team-{number}", 4) for number in range(1000))
    assert all(200 < counts[shard] < 300 for shard in range(4))


def test_undivided_work_has_the_lease_that_it_always_had() -> None:
    assert lease_name(0, 1) == "sentiment-operator"
    assert [lease_name(shard, 2) for shard in range(2)] == ["sentiment-operator-shard-0", "sentiment-operator-shard-1"]


def test_a_new_replica_gets_its_share_and_the_others_keep_theirs() -> None:
    assert dealt(("", "", "", ""), ["a"]) == ("a", "a", "a", "a")
    assert dealt(("a", "a", "a", "a"), ["a", "b"]) == ("a", "a", "b", "b")
    assert dealt(("a", "a", "b", "b"), ["a", "b", "c"]) == ("a", "a", "b", "c")


def test_what_a_dead_replica_held_goes_to_those_who_hold_least() -> None:
    assert dealt(("a", "b", "c", "c"), ["a", "b"]) == ("a", "b", "a", "b")


def test_where_there_are_more_replicas_than_shards_some_wait() -> None:
    assert dealt(("a", "b"), ["a", "b", "c"]) == ("a", "b")


def test_nobody_there_holds_nothing() -> None:
    assert dealt(("a", ""), []) == ("", "")


@given(HOLDERS, LIVING)
def test_shares_are_even_and_every_shard_has_somebody(holders: list[str], living: set[str]) -> None:
    counts = Counter(dealt(holders, living))
    assert sum(counts[replica] for replica in living) == len(holders)
    assert max(counts[replica] for replica in living) - min(counts[replica] for replica in living) <= 1


@given(HOLDERS, LIVING)
def test_what_was_dealt_stays_and_no_more_moves_than_has_to(holders: list[str], living: set[str]) -> None:
    once = dealt(holders, living)
    assert dealt(once, living) == once
    share = -(-len(holders) // len(living))
    surplus = sum(max(0, holders.count(replica) - share) for replica in living)
    moved = sum(before in living and before != after for before, after in zip(holders, once, strict=True))
    assert moved <= surplus + len(living)

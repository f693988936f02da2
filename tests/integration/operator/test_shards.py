"""Several operator processes that share the work: each model is one's, also where it follows a model of another one."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sentiment_operator.names import BUCKET_LABEL
from sentiment_operator.replicas.sharding import bucket_of, shard_of
from tests.integration.operator.conftest import Shop, Start
from tests.integration.operator.operator_process import OperatorProcess
from tests.integration.operator.played_node import PlayedNode
from tests.support.api_server import ApiServer, Manifest
from tests.support.eventually import eventually, never

SHARDS = 4
QUICK_LEASE = {"SENTIMENT_LEASE_SECONDS": "9"}
HELD = "sentiment_operator_shards_held"


@pytest.fixture
def shops(crds: ApiServer, shop: Shop) -> Iterator[list[Shop]]:
    """A namespace in each shard, in their order, all on one node."""
    names = (f"{shop.namespace}-{number}" for number in range(1000))
    of_shard: dict[int, str] = {}
    while len(of_shard) < SHARDS:
        name = next(names)
        of_shard.setdefault(shard_of(name, SHARDS), name)
    for name in of_shard.values():
        assert crds.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}}).accepted
    nodes = {shard: PlayedNode(crds, name, shop.mlflow) for shard, name in of_shard.items()}
    shop.node.beside += nodes.values()
    yield [Shop(crds, of_shard[shard], shop.mlflow, nodes[shard]) for shard in range(SHARDS)]
    for node in nodes.values():
        node.close()


class Replicas:
    """Processes that share the namespaces."""

    def __init__(self, start: Start, shops: list[Shop], **settings: str) -> None:
        self._start = start
        watched = ",".join(shop.namespace for shop in shops)
        self._settings = {"SENTIMENT_WATCH_NAMESPACES": watched, "SENTIMENT_SHARDS": str(SHARDS), **settings}
        self.running: dict[str, OperatorProcess] = {}

    def start(self, *identities: str) -> None:
        """Start so many, and return when each has its share."""
        for identity in identities:
            self.running[identity] = self._start(identity, **self._settings)
        eventually("each holds its share", self.share_evenly, 60)

    def share_evenly(self) -> bool:
        """Whether all shards are held, and nobody holds two more than another one."""
        held = [self.held(process) for process in self.running.values()]
        return sum(held) == SHARDS and max(held) - min(held) <= 1

    @staticmethod
    def held(process: OperatorProcess) -> int:
        """How many shards the process holds."""
        return int(process.values()[HELD]) if process.is_healthy() else 0

    def worked_on(self, identity: str) -> set[str]:
        """Models of which the process's log tells that it wrote something."""
        lines = [json.loads(line) for line in self.running[identity].log.read_text().splitlines()]
        return {line["model"] for line in lines if "model" in line and "event.action" in line}

    def kill(self, identity: str) -> float:
        """SIGKILL; gives the time."""
        self.running.pop(identity).kill()
        return time.monotonic()

    def created(self) -> dict[str, int]:
        """Resource → how many of them all processes that run created."""
        found: dict[str, int] = {}
        for process in self.running.values():
            for (verb, resource), count in process.writes().items():
                found[resource] = found.get(resource, 0) + (count if verb == "create" else 0)
        return found


def follows(before: Shop, namespace: Shop) -> None:
    source = {"modelRef": {"name": "imdb"}, "namespace": before.namespace, "soakSeconds": 1}
    manifest = {"apiVersion": "rottenpotatoes.com/v1alpha1", "kind": "SentimentModel", "metadata": {"name": "imdb"}}
    namespace.create("smod", manifest | {"spec": {"promotion": {"from": source}}})


def is_seen(shop: Shop, name: str = "imdb") -> bool:
    """Whether somebody took note of the latest change of the spec."""
    body: Manifest = shop.get("smod", name) or {}
    return body.get("status", {}).get("observedGeneration") == body["metadata"]["generation"]


CHILDREN = ("serviceaccount", "service", "deployment", "networkpolicy", "budget")


def without_buckets(shop: Shop, name: str) -> dict[str, str]:
    """Take their buckets from the model's children, as if an operator had made them that knew none; kind → uid of each."""
    gone: Manifest = {"metadata": {"labels": {BUCKET_LABEL: None}}}
    for kind in CHILDREN:
        shop.patch(kind, name, gone | ({"spec": {"template": gone}} if kind == "deployment" else {}))
    for job in shop.names("job"):
        shop.patch("job", job, gone)
    eventually("its pods are as before", lambda: rolled_out(shop, name))
    return uids(shop, name)


def rolled_out(shop: Shop, name: str) -> bool:
    """Whether all pods are of the Deployment's latest template, and answer."""
    body = shop.get("deployment", name) or {}
    status, wanted = body.get("status", {}), body["spec"]["replicas"]
    counts = [status.get(count) for count in ("replicas", "updatedReplicas", "availableReplicas")]
    return status["observedGeneration"] == body["metadata"]["generation"] and counts == [wanted] * 3


def uids(shop: Shop, name: str) -> dict[str, str]:
    """Kind → uid of the model's children."""
    return {kind: (shop.get(kind, name) or {})["metadata"]["uid"] for kind in CHILDREN}


def with_bucket(shop: Shop) -> list[str]:
    """Names of the Deployments whose pods get the bucket of their namespace."""
    bodies = [(name, shop.get("deployment", name) or {}) for name in shop.names("deployment")]
    labels = {name: body["spec"]["template"]["metadata"]["labels"].get(BUCKET_LABEL) for name, body in bodies}
    return [name for name, bucket in labels.items() if bucket == str(bucket_of(shop.namespace))]


def all_have_buckets(shop: Shop, name: str) -> bool:
    """Whether all children of the model have the bucket of their namespace."""
    labels = [(shop.get(kind, name) or {})["metadata"]["labels"] for kind in CHILDREN]
    return {of_one.get(BUCKET_LABEL) for of_one in labels} == {str(bucket_of(shop.namespace))}


def test_each_model_is_one_replicas_and_those_of_a_dead_one_are_taken_over(start: Start, shops: list[Shop]) -> None:
    replicas = Replicas(start, shops, **QUICK_LEASE)
    replicas.start("one", "two")
    first, *others, last = shops
    allowed: dict[str, Any] = {"promotion": {"allowedNamespaces": [last.namespace]}}
    for shop in (first, *others):
        shop.a_model(version="1", **(allowed if shop is first else {}))
    follows(first, last)
    for shop in shops:
        shop.ready(version="1")
    models = {f"{shop.namespace}/imdb" for shop in shops}
    one, two = (replicas.worked_on(identity) for identity in ("one", "two"))
    assert one | two == models
    assert (len(one), len(two)) == (2, 2)
    assert (f"{first.namespace}/imdb" in one) is not (f"{last.namespace}/imdb" in one)
    created = replicas.created()
    assert (created["jobs"], created["sentimentmodelrevisions"]) == (3, 4)

    killed = replicas.kill("one")
    for shop in shops:
        shop.patch("smod", "imdb", {"spec": {"serving": {"replicas": 2}}})
    for shop in shops:
        eventually("the change was seen", lambda shop=shop: is_seen(shop), 20 - (time.monotonic() - killed))
    eventually("it worked on all of them", lambda: replicas.worked_on("two") == models, 5)
    assert Replicas.held(replicas.running["two"]) == SHARDS
    for shop in shops:
        shop.delete("service", "imdb")
    for shop in shops:
        eventually("what was lost is there again", lambda shop=shop: shop.get("service", "imdb") is not None, 10)


def test_children_of_before_there_were_buckets_are_seen_kept_and_get_theirs_in_turn(
    start: Start, shops: list[Shop]
) -> None:
    first = shops[0]
    models = [(first, "other"), *((shop, "imdb") for shop in shops)]
    replicas = Replicas(start, shops, SENTIMENT_WORKERS="1")
    replicas.start("one", "two")
    for shop, name in models:
        shop.a_model(name, version="1", serving={"replicas": 2})
    for shop, name in models:
        shop.ready(name, version="1")
    for identity in list(replicas.running):
        replicas.running.pop(identity).terminate()
    kept = [without_buckets(shop, name) for shop, name in models]

    first.node.serving_hangs = True
    replicas.start("three", "four")
    eventually("one of them rolls", lambda: len(with_bucket(first)) == 1)
    never("both of a shard roll", lambda: len(with_bucket(first)) == 2, 5)
    first.node.serving_hangs = False
    for (shop, name), before in zip(models, kept, strict=True):
        eventually("all have their bucket", lambda shop=shop, name=name: all_have_buckets(shop, name), 60)
        shop.ready(name, version="1")
        assert uids(shop, name) == before
    assert not {resource: count for resource, count in replicas.created().items() if count and resource != "events"}


@pytest.mark.campaign
def test_replicas_that_die_and_come_back_leave_no_model_alone_and_none_with_two(
    start: Start, shops: list[Shop]
) -> None:
    replicas = Replicas(start, shops)
    replicas.start("one", "two", "three")
    for shop in shops:
        for number in range(5):
            shop.a_model(f"model-{number}", version="1")
    for shop in shops:
        for number in range(5):
            shop.ready(f"model-{number}", "1")
    before = [replicas.worked_on(identity) for identity in replicas.running]
    assert sum(map(len, before)) == len(set[str]().union(*before)) == 5 * SHARDS
    assert replicas.created()["jobs"] == 5 * SHARDS

    killed = replicas.kill("two")
    for shop in shops:
        shop.patch("smod", "model-0", {"spec": {"serving": {"replicas": 2}}})
    for shop in shops:
        eventually("it is seen", lambda shop=shop: is_seen(shop, "model-0"), 20 - (time.monotonic() - killed))
    print(f"taken over after {time.monotonic() - killed:.1f} s")

    replicas.start("four")
    eventually("nothing happens any more", lambda: all(one.is_quiet() for one in replicas.running.values()))
    frozen = replicas.running.pop("one")
    frozen.freeze()
    eventually("the others share", replicas.share_evenly, 40)
    versions = [shop.versions_of_everything() for shop in shops]
    assert frozen.thaw() == 1
    never("somebody wrote", lambda: [shop.versions_of_everything() for shop in shops] != versions, 5)

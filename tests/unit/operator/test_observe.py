"""What of the store becomes a fact."""

import asyncio
from typing import Any

import pytest

from sentiment_contract.names import VERSION_LABEL
from sentiment_operator import children
from sentiment_operator.cluster.store import Key, Store
from sentiment_operator.deciding import attempts
from sentiment_operator.deciding.plan import Compare, Record, Train
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import APPROVAL, DEPLOYMENT, JOB, MODEL, POD, REVISION, Kind
from sentiment_operator.names import INSTANCE_LABEL, SERVER, labels
from sentiment_operator.passes.observe import Asked, Fresh, Observer
from sentiment_operator.reading.extract import registry_of
from sentiment_operator.replicas.sharding import shard_of
from tests.support.builders import SETTINGS, digest, model, registered, revision, spec


def seen(*pods: Manifest) -> list[str]:
    """Names of the pods that a pass sees."""
    store = Store(lambda body: registry_of(body, SETTINGS.tracking_url))
    for pod in pods:
        store.put(POD, pod)
    unused: Any = None
    observer = Observer(store, unused, unused, unused, unused, SETTINGS, unused, unused)
    return [pod.name for pod in asyncio.run(observer.look(model(), Fresh())).pods]


def a_pod(name: str, phase: str, version: str, **metadata: Any) -> Manifest:
    head = {"namespace": "reviews", "name": name, "uid": name, "resourceVersion": "1"}
    return {
        "kind": POD.name,
        "metadata": head | {"labels": labels(WANTED, SERVER, version)} | metadata,
        "status": {"phase": phase},
    }


def test_pods_that_run_or_are_about_to_are_seen() -> None:
    ending = a_pod("ending", "Running", "1", deletionTimestamp="2026-01-01T00:00:00Z")
    assert seen(ending, a_pod("running", "Running", "2"), a_pod("starting", "Pending", "2")) == [
        "ending",
        "running",
        "starting",
    ]


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_pod_of_an_old_version_that_was_evicted_long_ago_holds_nothing_up(phase: str) -> None:
    assert seen(a_pod("evicted", phase, "1"), a_pod("running", "Running", "2")) == ["running"]


def observer(store: Store, shards: int = 1, **parts: Any) -> Observer:
    """One that only the store tells anything, and what is given."""
    unused: Any = None
    given = dict.fromkeys(("kube", "registry", "progress", "http", "heads", "nodes"), unused) | parts
    return Observer(store, settings=SETTINGS.model_copy(update={"shards": shards}), **given)


def a_store(*bodies: tuple[Kind, Manifest]) -> Store:
    """What the watches told of the model."""
    store = Store(lambda body: registry_of(body, SETTINGS.tracking_url))
    for kind, body in bodies:
        metadata = {"uid": body["metadata"]["name"], "resourceVersion": "1"} | body["metadata"]
        store.put(kind, {**body, "metadata": metadata})
    return store


NO_WORSE = {"name": "no-worse", "metric": "f1", "compareWith": "Serving"}
WANTED = model(spec("2", gates=[NO_WORSE]))
A_MODEL: tuple[Kind, Manifest] = (
    MODEL,
    {"metadata": {"namespace": WANTED.namespace, "name": WANTED.name, "uid": WANTED.uid}, "spec": {}},
)


def a_follower(namespace: str, label: str | None = "1", of: str = "imdb") -> tuple[Kind, Manifest]:
    """A model of that namespace which follows one of this."""
    source = {"modelRef": {"name": of}, "namespace": WANTED.namespace}
    named = {"version": label} if label else {}
    head = {"namespace": namespace, "name": f"after-{of}"}
    return MODEL, {"metadata": head, "spec": {"promotion": {"from": source}, **named}}


def test_labels_are_known_that_models_name_which_follow_and_may() -> None:
    here, there = WANTED.namespace, "production"
    allowing = model(spec("2", promotion={"allowedNamespaces": [there, "elsewhere"]}))
    store = a_store(
        a_follower(here, "1"), a_follower(there, "3"), a_follower("unknown", "4"), a_follower("elsewhere", None)
    )
    found = asyncio.run(observer(store).look(allowing, Fresh()))
    assert found.named_by_followers == {"1", "3"}
    of_another = a_store(a_follower(there, "3", of="other"))
    assert not asyncio.run(observer(of_another).look(allowing, Fresh())).named_by_followers


class NothingGetsOn:
    """No training is known to get on."""

    def percent(self, job: Manifest) -> int:
        return 0


def test_a_comparison_is_never_counted_as_a_training() -> None:
    compare = Compare(revision("2"), revision("1"), WANTED.spec.gates, key="0123456789abcdef", attempt=7)
    training = children.training_job(WANTED, Train("2", 1), SETTINGS)
    comparison = children.comparison_job(WANTED, compare, SETTINGS)
    store = a_store((JOB, training), (JOB, comparison), A_MODEL)
    found = asyncio.run(observer(store, progress=NothingGetsOn()).look(WANTED, Fresh()))
    assert [job.name for job in found.jobs] == [training["metadata"]["name"]]
    assert [(job.name, job.attempt) for job in found.comparisons] == [("imdb-gate-01234567-7", 7)]
    assert attempts.next_attempt(WANTED, found) == 2
    assert found.trainings_elsewhere == 0
    assert a_store((JOB, comparison), A_MODEL).unfinished_jobs_elsewhere(Key("reviews", "other")) == 1


def test_rollouts_that_nobody_asked_for_count_in_their_own_shard() -> None:
    def rolling(namespace: str) -> tuple[tuple[Kind, Manifest], tuple[Kind, Manifest]]:
        one = {"namespace": namespace, "name": "other", "uid": namespace}
        labels = {INSTANCE_LABEL: "other", VERSION_LABEL: "1"}
        status = {"replicas": 2, "updatedReplicas": 1}
        return (MODEL, {"metadata": one, "spec": {}, "status": {"servingVersion": "1"}}), (
            DEPLOYMENT,
            {"metadata": {**one, "uid": f"{namespace}-pods", "labels": labels}, "status": status},
        )

    spaces = [f"team-{number}" for number in range(40)]
    store = a_store(*(one for space in spaces for one in rolling(space)))
    for shards in (1, 2, 4):
        found = asyncio.run(observer(store, shards=shards).look(WANTED, Fresh()))
        same = [space for space in spaces if shard_of(space, shards) == shard_of(WANTED.namespace, shards)]
        assert found.rollouts_elsewhere == len(same)
    assert shards < len(same) < len(spaces)


def test_the_answers_to_the_wanted_version_are_seen_and_no_others() -> None:
    recorded = children.revision(WANTED, Record("2", registered("2", of=WANTED.spec)), SETTINGS)
    said = [("ana", "2", digest("2")), ("bob", "1", digest("1")), ("eve", "2", digest("3"))]
    store = a_store((REVISION, recorded), *[(APPROVAL, an_approval(*each)) for each in said])
    found = asyncio.run(observer(store).look(WANTED, Fresh()))
    assert [answer.approved_by for answer in found.answers] == ["ana"]


def an_approval(by: str, version: str, revision_digest: str) -> Manifest:
    spec = {"modelRef": {"name": "imdb"}, "version": version, "revisionDigest": revision_digest}
    return {
        "kind": APPROVAL.name,
        "metadata": {"namespace": "reviews", "name": by, "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": spec | {"decision": "Approve", "approvedBy": by},
    }


class Pods:
    """An API server that has one pod more than the watch told of."""

    async def all_of(self, kind: Kind, namespace: str, labels: dict[str, str]) -> tuple[list[Manifest], int]:
        assert kind == POD
        return [a_pod("new", "Running", "2")], 9


def test_pods_that_were_asked_for_are_listed_and_fresh() -> None:
    looking = observer(a_store(), kube=Pods())
    assert not asyncio.run(looking.look(WANTED, Fresh())).pods_are_fresh
    fresh = asyncio.run(looking.ask(WANTED, Fresh(), Asked.PODS))
    found = asyncio.run(looking.look(WANTED, fresh))
    assert ([pod.name for pod in found.pods], found.pods_are_fresh, found.probe) == (["new"], True, None)

"""What is heard makes models due; what a pass ends with decides when the next one is."""

import asyncio
from typing import Any

import pytest

from sentiment_operator.cluster.contests import REST_SECONDS
from sentiment_operator.cluster.errors import Away, NotLeading, Rewound, Stale
from sentiment_operator.cluster.store import Key, Store
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import APPROVAL, DEPLOYMENT, JOB, MODEL, POD, Kind
from sentiment_operator.passes.reconcile import Done
from sentiment_operator.passes.worker import GATHER_SECONDS, Worker
from sentiment_operator.reading import extract
from sentiment_operator.workqueue import WorkQueue
from tests.support.clock import Clock

IMDB, OTHER = Key("shop", "imdb"), Key("shop", "other")


class Passes:
    """Ends each pass as the test says."""

    def __init__(self) -> None:
        self.ends: Done | Exception = Done()

    async def reconcile(self, key: Key) -> Done:
        if isinstance(self.ends, Exception):
            raise self.ends
        return self.ends


class Stage:
    """A worker with a store, a queue and passes of the test's own."""

    def __init__(self) -> None:
        self.clock, self.passes = Clock(), Passes()
        self.store = Store(lambda body: ("", body.get("spec", {}).get("registered", body["metadata"]["name"])))
        self.queue: WorkQueue[Key] = WorkQueue(self.clock, chance=lambda: 0.5)
        passes: Any = self.passes
        self.ours, self.unknown = {"shop"}, set[Kind]()
        self.worker = Worker(
            self.store,
            self.queue,
            passes,
            places=2,
            acts_for=lambda namespace: namespace in self.ours,
            keeps=lambda kind, _: kind not in self.unknown,
        )
        self.begun: list[Key] = []

    def due(self) -> list[Key]:
        """Which keys are due once what happens together was gathered; they are taken off the queue."""
        self.clock.now += GATHER_SECONDS
        return self.due_at_once()

    def due_at_once(self) -> list[Key]:
        """Which keys are due now; they are taken off the queue."""
        begun: list[Key] = []

        async def note(key: Key) -> None:
            begun.append(key)

        async def run() -> None:
            running = asyncio.create_task(self.queue.run(1, note))
            for _ in range(10):
                await asyncio.sleep(0)
            running.cancel()
            await asyncio.wait([running])

        asyncio.run(run())
        return begun

    def work(self, ends: Done | Exception, key: Key = IMDB) -> None:
        self.passes.ends = ends
        asyncio.run(self.worker.work(key))


@pytest.fixture
def stage() -> Stage:
    return Stage()


def thing(name: str, version: int, instance: str = "", **more: Any) -> Manifest:
    labels = {"app.kubernetes.io/instance": instance}
    metadata = {"namespace": "shop", "name": name, "uid": f"{name}", "resourceVersion": str(version), "labels": labels}
    return {"metadata": metadata, **more}


def owned(name: str, version: int, model: str, **more: Any) -> Manifest:
    """What that model controls."""
    body = thing(name, version, model, **more)
    body["metadata"]["ownerReferences"] = [{"kind": "SentimentModel", "uid": model, "controller": True}]
    return body


def test_an_approval_makes_the_model_due_that_it_answers_for(stage: Stage) -> None:
    stage.worker.hear(MODEL, None, thing("imdb", 1))
    stage.worker.hear(MODEL, None, thing("other", 1))
    stage.due()
    given = thing("yes", 2, kind="SentimentModelApproval", spec={"modelRef": {"name": "imdb"}})
    for event in ("ADDED", "DELETED"):
        stage.worker.hear(APPROVAL, event, given)
        assert stage.due() == [IMDB]


def test_a_model_is_due_when_it_is_heard_of_and_not_again_when_nothing_is_new(stage: Stage) -> None:
    stage.worker.hear(MODEL, None, thing("imdb", 1))
    assert stage.due() == [IMDB]
    stage.worker.hear(MODEL, "MODIFIED", thing("imdb", 1))
    assert stage.due() == []
    stage.worker.hear(MODEL, "MODIFIED", thing("imdb", 2))
    assert stage.due() == [IMDB]


def test_a_child_makes_its_model_due_also_when_it_is_gone(stage: Stage) -> None:
    stage.worker.hear(MODEL, None, thing("imdb", 1))
    stage.worker.hear(DEPLOYMENT, "ADDED", thing("imdb", 2, "imdb"))
    stage.due()
    stage.worker.hear(DEPLOYMENT, "DELETED", thing("imdb", 3, "imdb"))
    assert stage.due() == [IMDB]


def test_what_controllers_do_together_is_gathered_and_what_a_person_writes_is_not(stage: Stage) -> None:
    stage.worker.hear(MODEL, None, thing("imdb", 1))
    assert stage.due_at_once() == [IMDB]
    for version in (2, 3):
        stage.worker.hear(DEPLOYMENT, "MODIFIED", thing("imdb", version, "imdb"))
        assert stage.due_at_once() == []
    assert stage.due() == [IMDB]
    stage.worker.hear(DEPLOYMENT, "MODIFIED", thing("imdb", 4, "imdb"))
    stage.worker.hear(MODEL, "MODIFIED", thing("imdb", 5))
    assert stage.due_at_once() == [IMDB]
    assert stage.due() == []


def test_a_child_of_no_known_model_makes_nothing_due(stage: Stage) -> None:
    stage.worker.hear(DEPLOYMENT, "ADDED", thing("imdb", 2, "imdb"))
    assert stage.due() == []


def test_the_end_of_a_model_frees_those_that_had_to_give_way(stage: Stage) -> None:
    for name in ("imdb", "other"):
        stage.worker.hear(MODEL, None, thing(name, 1, spec={"registered": "shared"}))
    stage.due()
    stage.worker.hear(MODEL, "DELETED", thing("imdb", 2, spec={"registered": "shared"}))
    assert stage.due() == [OTHER]


def shared(name: str, version: int, registered: str = "shared") -> Manifest:
    return thing(name, version, spec={"registered": registered})


def test_a_model_that_takes_another_name_frees_those_of_the_one_and_hinders_those_of_the_other(stage: Stage) -> None:
    for model in (shared("imdb", 1), shared("other", 1), shared("third", 1, "another")):
        stage.worker.hear(MODEL, None, model)
    stage.due()
    stage.worker.hear(MODEL, "MODIFIED", shared("imdb", 2, "another"))
    assert sorted(stage.due()) == [IMDB, OTHER, Key("shop", "third")]


def test_the_end_of_a_model_that_a_sweep_finds_frees_those_that_had_to_give_way(stage: Stage) -> None:
    for name in ("imdb", "other"):
        stage.store.put(MODEL, shared(name, 1))
    for body in stage.store.sweep(MODEL, [shared("other", 1)], version=9):
        stage.worker.wake(MODEL, body)
    assert stage.due() == [OTHER]


def following(name: str, branch: str, version: int = 1) -> Manifest:
    source = {"repoURL": "https://git.example.com/reviews.git", "revision": branch, "path": "reviews.csv"}
    return thing(name, version, spec={"data": {"dvc": source}})


def a_look_up(version: int, asked: Manifest, **more: Any) -> Manifest:
    body = owned("look", version, "imdb", **more)
    body["metadata"]["annotations"] = {"rottenpotatoes.com/look-up": extract.question_key(asked)}
    return body


ENDED = {"conditions": [{"type": "Complete", "status": "True"}]}


def test_the_end_of_a_look_up_concerns_those_who_ask_the_same_and_what_goes_before_its_own_model_alone(
    stage: Stage,
) -> None:
    imdb = following("imdb", "main")
    unreadable = thing("unreadable", 1, spec={"data": {"dvc": {"revision": 7}}})
    for body in (imdb, following("other", "main"), following("third", "next"), unreadable, thing("plain", 1)):
        stage.worker.hear(MODEL, None, body)
    stage.due()
    for version in (2, 3):
        stage.worker.hear(JOB, "MODIFIED", a_look_up(version, imdb))
        assert stage.due() == [IMDB]
    stage.worker.hear(JOB, "MODIFIED", a_look_up(4, imdb, status=ENDED))
    assert stage.due_at_once() == []
    assert sorted(stage.due()) == [IMDB, OTHER]
    edited = following("other", "next", 5)
    edited["metadata"]["generation"] = 2
    stage.worker.hear(MODEL, "MODIFIED", edited)
    stage.worker.hear(JOB, "MODIFIED", a_look_up(5, imdb))
    stage.due()
    stage.worker.hear(JOB, "DELETED", a_look_up(6, edited))
    assert sorted(stage.due()) == [IMDB, OTHER, Key("shop", "third")]


def test_the_end_of_a_training_makes_one_due_that_waits_for_a_place_and_its_pass_the_next(stage: Stage) -> None:
    waiting = [Key("shop", name) for name in ("c", "a", "b")]
    for key in waiting:
        stage.worker.hear(MODEL, None, thing(key.name, 1))
    stage.worker.hear(MODEL, None, thing("elsewhere", 1))
    for job in ("one", "two"):
        stage.worker.hear(JOB, "ADDED", owned(job, 1, "elsewhere"))
    stage.due()
    for key in waiting:
        stage.work(Done(queued=True), key)
    stage.work(Done())
    assert stage.due() == []
    stage.worker.hear(JOB, "MODIFIED", owned("one", 2, "elsewhere", status=ENDED))
    assert sorted(stage.due()) == [waiting[0], Key("shop", "elsewhere")]
    stage.work(Done(), waiting[0])
    assert stage.due() == waiting[1:2]


def test_the_end_of_a_training_makes_those_due_that_wait_for_a_place(stage: Stage) -> None:
    for name in ("imdb", "other"):
        stage.worker.hear(MODEL, None, thing(name, 1))
    stage.due()
    stage.work(Done(requeue_after=30, queued=True))
    running = owned("job", 2, "other")
    stage.worker.hear(JOB, "ADDED", running)
    assert stage.due() == [OTHER]
    stage.worker.hear(JOB, "MODIFIED", owned("job", 3, "other", status=ENDED))
    assert sorted(stage.due()) == [IMDB, OTHER]


def test_a_new_leader_looks_at_every_model(stage: Stage) -> None:
    for name in ("imdb", "other"):
        stage.store.put(MODEL, thing(name, 1))
    stage.worker.begin()
    assert sorted(stage.due()) == [IMDB, OTHER]


def test_a_pass_that_ended_well_comes_again_when_it_asked_for_it_and_only_then(stage: Stage) -> None:
    stage.work(Done())
    stage.clock.now = 1000
    assert stage.due() == []
    stage.work(Done(requeue_after=5))
    stage.clock.now = 1004
    assert stage.due() == []
    stage.clock.now = 1006
    assert stage.due() == [IMDB]


@pytest.mark.parametrize(
    "ends", [Done(unfinished=True), Away("503"), Stale("409"), TimeoutError(), ZeroDivisionError("a bug")]
)
def test_a_pass_that_did_not_end_well_comes_again_after_growing_pauses(stage: Stage, ends: Done | Exception) -> None:
    for pause in (1, 2, 4):
        stage.work(ends)
        stage.clock.now += pause - 0.1
        assert stage.due() == []
        stage.clock.now += 0.2
        assert stage.due() == [IMDB]
    stage.work(Done())
    assert stage.queue.failures(IMDB) == 0


def test_a_server_that_asks_to_wait_is_waited_for(stage: Stage) -> None:
    stage.work(Away("429", retry_after=10))
    stage.clock.now = 9
    assert stage.due() == []
    stage.clock.now = 11
    assert stage.due() == [IMDB]


def test_what_controllers_do_ends_no_wait_that_a_server_asked_for_and_an_edit_does(stage: Stage) -> None:
    stage.worker.hear(MODEL, None, thing("imdb", 1))
    stage.due()
    stage.work(Away("429", retry_after=10))
    stage.worker.hear(DEPLOYMENT, "MODIFIED", thing("imdb", 2, "imdb"))
    stage.queue.add(IMDB)
    stage.clock.now += 9
    assert stage.due() == []
    stage.worker.hear(MODEL, "MODIFIED", thing("imdb", 3))
    assert stage.due_at_once() == [IMDB]
    stage.work(Away("429", retry_after=10))
    stage.clock.now += 9
    assert stage.due() == []
    stage.clock.now += 2
    assert stage.due() == [IMDB]


def test_what_somebody_changes_back_at_once_is_looked_at_after_a_rest_or_an_edit(stage: Stage) -> None:
    stage.worker.hear(MODEL, None, thing("imdb", 1))
    stage.due()
    stage.work(Done(unfinished=True, contested=True))
    for version in range(2, 12):
        stage.worker.hear(DEPLOYMENT, "MODIFIED", thing("imdb", version, "imdb"))
        assert stage.due() == []
    stage.clock.now += REST_SECONDS
    assert stage.due() == [IMDB]
    stage.work(Done(contested=True))
    stage.worker.hear(MODEL, "MODIFIED", thing("imdb", 20))
    assert stage.due_at_once() == [IMDB]
    stage.work(Done())
    stage.worker.hear(DEPLOYMENT, "MODIFIED", thing("imdb", 21, "imdb"))
    assert stage.due() == [IMDB]


def test_a_pass_that_the_renewal_of_a_lease_came_too_late_for_is_owed_still(stage: Stage) -> None:
    stage.work(NotLeading("patch"))
    assert stage.due() == []
    stage.clock.now = 1000
    assert stage.due() == [IMDB]


def test_a_pass_that_finds_the_cluster_at_an_earlier_time_ends_the_work_on_all_models(stage: Stage) -> None:
    stage.passes.ends = Rewound("pods: a newer version is known")
    for key in (IMDB, OTHER):
        stage.queue.add(key)

    async def run() -> None:
        async with asyncio.timeout(10):
            await stage.queue.run(1, stage.worker.work)

    with pytest.RaisesGroup(pytest.RaisesExc(Rewound, match="pods")):
        asyncio.run(run())


def test_what_others_act_for_is_known_and_never_due(stage: Stage) -> None:
    stage.ours.clear()
    stage.worker.hear(MODEL, None, thing("imdb", 1))
    assert stage.due() == []
    assert stage.store.models() == [IMDB]
    stage.ours.add("shop")
    stage.worker.begin()
    assert stage.due() == [IMDB]


def test_a_model_that_others_act_for_by_now_gets_no_pass_and_no_backoff(stage: Stage) -> None:
    stage.work(Away("503"))
    stage.ours.clear()
    stage.work(ZeroDivisionError("a pass"))
    assert stage.queue.failures(IMDB) == 0
    stage.clock.now = 1000
    assert stage.due() == [IMDB]  # What it was put off for is over, and comes to nothing.


def test_of_what_others_act_for_only_what_is_needed_is_kept(stage: Stage) -> None:
    stage.unknown.add(POD)
    for kind in (POD, DEPLOYMENT):
        stage.worker.hear(kind, "ADDED", thing("imdb", 2, "imdb"))
    assert [len(stage.store.of_model(kind, IMDB)) for kind in (POD, DEPLOYMENT)] == [0, 1]

"""The store: the newest version wins whichever way it came, and nothing that is gone comes back."""

from typing import Any

import pytest

from sentiment_operator.cluster.errors import Rewound
from sentiment_operator.cluster.store import Key, Store
from sentiment_operator.kinds import APPROVAL, DEPLOYMENT, JOB, MODEL, POD, REVISION

Manifest = dict[str, Any]
IMDB = Key("shop", "imdb")
OTHER = Key("shop", "other")


@pytest.fixture
def store() -> Store:
    return Store(lambda body: ("http://mlflow", body["spec"].get("registered", body["metadata"]["name"])))


def thing(name: str, version: int, uid: str = "", instance: str = "imdb", **more: Any) -> Manifest:
    metadata = {
        "namespace": "shop",
        "name": name,
        "uid": uid or f"uid-{name}",
        "resourceVersion": str(version),
        "labels": {"app.kubernetes.io/instance": instance},
    }
    return {"metadata": metadata, **more}


def a_model(name: str, version: int, registered: str = "") -> Manifest:
    return thing(name, version, instance="", spec={"registered": registered} if registered else {})


def versions(store: Store, name: str = "imdb") -> str | None:
    body = store.get(DEPLOYMENT, "shop", name)
    return None if body is None else body["metadata"]["resourceVersion"]


def test_an_older_version_does_not_replace_a_newer_one(store: Store) -> None:
    assert store.put(DEPLOYMENT, thing("imdb", 7))
    assert not store.put(DEPLOYMENT, thing("imdb", 6))
    assert versions(store) == "7"


def test_the_event_of_an_own_write_is_nothing_new(store: Store) -> None:
    store.put(DEPLOYMENT, thing("imdb", 7))
    assert not store.put(DEPLOYMENT, thing("imdb", 7))


def test_versions_are_compared_as_numbers(store: Store) -> None:
    store.put(DEPLOYMENT, thing("imdb", 9))
    assert store.put(DEPLOYMENT, thing("imdb", 10))


def test_an_object_that_was_made_anew_replaces_the_one_before(store: Store) -> None:
    store.put(DEPLOYMENT, thing("imdb", 7, uid="old"))
    assert store.put(DEPLOYMENT, thing("imdb", 9, uid="new"))
    assert versions(store) == "9"


def test_a_late_deletion_does_not_remove_the_object_made_anew(store: Store) -> None:
    store.put(DEPLOYMENT, thing("imdb", 9, uid="new"))
    assert not store.remove(DEPLOYMENT, thing("imdb", 8, uid="old"))
    assert versions(store) == "9"


def test_a_late_answer_does_not_bring_back_what_was_deleted(store: Store) -> None:
    store.put(DEPLOYMENT, thing("imdb", 7))
    store.remove(DEPLOYMENT, thing("imdb", 9))
    assert not store.put(DEPLOYMENT, thing("imdb", 8))
    assert versions(store) is None


def test_an_object_that_lost_its_label_and_got_it_back_is_known_again(store: Store) -> None:
    store.put(DEPLOYMENT, thing("imdb", 7))
    store.remove(DEPLOYMENT, thing("imdb", 8))
    assert store.put(DEPLOYMENT, thing("imdb", 9))


def test_objects_are_found_by_the_model_they_are_labelled_for(store: Store) -> None:
    for name, instance in (("b", "imdb"), ("a", "imdb"), ("c", "other")):
        store.put(POD, thing(name, 1, instance=instance))
    assert [body["metadata"]["name"] for body in store.of_model(POD, IMDB)] == ["a", "b"]
    store.remove(POD, thing("a", 2))
    assert [body["metadata"]["name"] for body in store.of_model(POD, IMDB)] == ["b"]


def test_a_revision_is_found_by_the_model_it_names(store: Store) -> None:
    store.put(
        REVISION, thing("imdb.1", 1, instance="", kind="SentimentModelRevision", spec={"modelRef": {"name": "imdb"}})
    )
    assert len(store.of_model(REVISION, IMDB)) == 1


def test_an_approval_is_found_by_the_model_it_answers_for_whatever_it_is_labelled(store: Store) -> None:
    given = thing("yes", 1, instance="other", kind="SentimentModelApproval", spec={"modelRef": {"name": "imdb"}})
    store.put(APPROVAL, given)
    assert (store.of_model(APPROVAL, IMDB), store.of_model(APPROVAL, OTHER)) == ([given], [])
    store.remove(APPROVAL, given)
    assert store.of_model(APPROVAL, IMDB) == []


def test_relabelling_moves_an_object_from_model_to_model(store: Store) -> None:
    store.put(POD, thing("a", 1, instance="imdb"))
    store.put(POD, thing("a", 2, instance="other"))
    assert store.of_model(POD, IMDB) == []
    assert len(store.of_model(POD, OTHER)) == 1


def a_job(name: str, version: int, instance: str = "imdb", owner: str = "", **more: Any) -> Manifest:
    """One that the model of that name controls; `owner`: uid of another one."""
    body = thing(name, version, instance=instance, **more)
    controller = {"kind": "SentimentModel", "uid": owner or f"uid-{instance}", "controller": True}
    body["metadata"]["ownerReferences"] = [controller]
    return body


def finished(condition: str) -> Manifest:
    return {"conditions": [{"type": condition, "status": "True"}]}


def test_unfinished_jobs_of_other_models_are_counted(store: Store) -> None:
    for name in ("imdb", "other"):
        store.put(MODEL, a_model(name, 1))
    store.put(JOB, a_job("mine", 1))
    store.put(JOB, a_job("theirs", 1, instance="other"))
    store.put(JOB, a_job("ended", 1, instance="other", status=finished("Failed")))
    assert store.unfinished_jobs_elsewhere(IMDB) == 1
    store.put(JOB, a_job("mine", 2, status=finished("Complete")))
    assert store.unfinished_jobs_elsewhere(OTHER) == 0


def looking_up(body: Manifest) -> Manifest:
    body["metadata"]["annotations"] = {"rottenpotatoes.com/look-up": "question"}
    return body


def test_a_job_that_belongs_to_no_model_takes_nobodys_place(store: Store) -> None:
    store.put(MODEL, a_model("imdb", 1))
    store.put(MODEL, a_model("other", 1))
    for kind in ("", "-look"):
        jobs = [
            thing(f"unowned{kind}", 1, instance="other"),
            a_job(f"of-a-model-of-before{kind}", 1, instance="other", owner="uid-of-before"),
            a_job(f"orphaned{kind}", 1, instance="gone"),
        ]
        for job in jobs:
            store.put(JOB, looking_up(job) if kind else job)
    assert (store.unfinished_jobs(), store.unfinished_jobs_elsewhere(IMDB)) == ([], 0)
    assert (store.look_ups("shop"), store.unfinished_look_ups_elsewhere(IMDB)) == ([], 0)
    theirs = a_job("theirs", 1, instance="other"), looking_up(a_job("theirs-look", 1, instance="other"))
    for job in theirs:
        store.put(JOB, job)
    assert (store.unfinished_jobs_elsewhere(IMDB), store.unfinished_look_ups_elsewhere(IMDB)) == (1, 1)
    assert store.look_ups("shop") == [theirs[1]]
    store.remove(MODEL, a_model("other", 2))
    assert (store.unfinished_jobs_elsewhere(IMDB), store.unfinished_look_ups_elsewhere(IMDB)) == (0, 0)


def test_peers_are_the_other_models_that_register_under_the_same_name(store: Store) -> None:
    store.put(MODEL, a_model("imdb", 1, "shared"))
    store.put(MODEL, a_model("other", 2, "shared"))
    store.put(MODEL, a_model("third", 3))
    assert [peer["metadata"]["name"] for peer in store.peers(a_model("imdb", 1, "shared"))] == ["other"]
    store.remove(MODEL, a_model("other", 4, "shared"))
    assert store.peers(a_model("imdb", 1, "shared")) == []
    assert [peer["metadata"]["name"] for peer in store.peers(a_model("other", 4, "shared"))] == ["imdb"]


def test_a_sweep_tells_what_the_watch_had_missed(store: Store) -> None:
    for name in ("same", "gone"):
        store.put(POD, thing(name, 1))
    missed = store.sweep(POD, [thing("same", 1), thing("new", 5)], version=10)
    assert sorted(body["metadata"]["name"] for body in missed) == ["gone", "new"]
    assert [body["metadata"]["name"] for body in store.of_model(POD, IMDB)] == ["new", "same"]


def test_a_sweep_does_not_remove_what_came_after_its_list(store: Store) -> None:
    store.put(POD, thing("later", 11))
    assert store.sweep(POD, [], version=10) == []
    assert len(store.of_model(POD, IMDB)) == 1


def test_a_list_that_holds_less_than_was_known_before_it_is_of_an_earlier_time(store: Store) -> None:
    store.put(POD, thing("a", 900))
    store.sweep(POD, [thing("a", 500)], version=510)  # It came after the list was made.
    with pytest.raises(Rewound):
        store.sweep(POD, [thing("a", 500)], version=900)


def test_what_was_gone_and_is_listed_as_it_was_before_is_of_an_earlier_time(store: Store) -> None:
    store.put(POD, thing("a", 400))
    store.remove(POD, thing("a", 800))
    with pytest.raises(Rewound):
        store.sweep(POD, [thing("a", 400)], version=800)


def test_a_sweep_of_one_namespace_leaves_the_others_alone(store: Store) -> None:
    store.put(POD, thing("a", 1))
    assert store.sweep(POD, [], version=10, namespace="elsewhere") == []
    assert store.lags(POD, [], "shop")
    assert not store.lags(POD, [], "elsewhere")


def test_a_list_of_one_model_leaves_the_others_alone(store: Store) -> None:
    store.put(POD, thing("a", 1))
    store.put(POD, thing("b", 1, instance="other"))
    store.sweep_model(POD, [], 10, IMDB)
    assert store.of_model(POD, IMDB) == []
    assert len(store.of_model(POD, OTHER)) == 1


def test_what_is_left_to_others_is_forgotten_and_known_again_as_it_was(store: Store) -> None:
    body = thing("imdb", 7)
    store.put(DEPLOYMENT, body)
    store.leave(DEPLOYMENT, lambda body: body["metadata"]["namespace"] == "elsewhere")
    assert versions(store) == "7"
    store.leave(DEPLOYMENT, lambda body: body["metadata"]["namespace"] == "shop")
    assert (versions(store), store.of_model(DEPLOYMENT, IMDB)) == (None, [])
    assert store.put(DEPLOYMENT, body)


def test_a_list_of_what_is_known_stays_in_memory_once(store: Store) -> None:
    store.put(DEPLOYMENT, thing("imdb", 7))
    assert store.kept(DEPLOYMENT, thing("imdb", 7)) is store.get(DEPLOYMENT, "shop", "imdb")
    for another in (thing("imdb", 8), thing("imdb", 7, uid="new"), thing("other", 7)):
        assert store.kept(DEPLOYMENT, another) is another


def test_a_rollout_to_the_version_that_serves_is_one_that_nobody_asked_for(store: Store) -> None:
    def rolling(version: int, label: str, updated: int) -> Manifest:
        body = thing("imdb", version, status={"replicas": 2, "updatedReplicas": updated})
        body["metadata"]["labels"]["rottenpotatoes.com/version"] = label
        return body

    model = a_model("imdb", 1)
    store.put(MODEL, model | {"status": {"servingVersion": "1"}})
    store.put(DEPLOYMENT, rolling(2, "2", updated=1))
    assert not store.unasked_rollouts()
    store.put(DEPLOYMENT, rolling(3, "1", updated=1))
    assert store.unasked_rollouts() == {IMDB}
    store.put(DEPLOYMENT, rolling(4, "1", updated=2))
    assert not store.unasked_rollouts()
    store.put(DEPLOYMENT, rolling(5, "1", updated=1))
    store.remove(MODEL, model)
    assert not store.unasked_rollouts()

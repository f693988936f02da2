"""Raw bodies of models, revisions and children → facts."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sentiment_operator.reading import extract
from sentiment_operator.reading.raw import slim

Manifest = dict[str, Any]
VOLUME: Manifest = {"data": {"volume": {"claimName": "reviews", "path": "imdb.csv"}}}


def a_model(**metadata: Any) -> Manifest:
    own: Manifest = {
        "namespace": "shop",
        "name": "imdb",
        "uid": "u1",
        "generation": 3,
        "creationTimestamp": "2026-01-01T10:00:00Z",
    }
    return {"metadata": {**own, **metadata}, "spec": VOLUME}


def field(time: str, subresource: str = "") -> Manifest:
    entry: Manifest = {"manager": "m", "time": time, "fieldsV1": {"f:spec": {}}}
    return entry | {"subresource": subresource} if subresource else entry


def test_a_model_is_read_with_what_names_it() -> None:
    model = extract.model(a_model(annotations={"rottenpotatoes.com/retry": "2"}))
    assert (model.namespace, model.name, model.uid, model.generation, model.retry) == ("shop", "imdb", "u1", 3, "2")
    assert not model.deleting


def test_the_last_edit_is_the_newest_change_of_anything_but_status() -> None:
    body = a_model(
        managedFields=[
            field("2026-01-02T10:00:00Z"),
            field("2026-01-03T10:00:00Z"),
            field("2026-01-09T10:00:00Z", "status"),
        ]
    )
    assert extract.model(slim(body)).edited_at == datetime(2026, 1, 3, 10, tzinfo=UTC)


def test_the_last_edit_is_the_creation_where_no_field_has_a_time() -> None:
    assert extract.model(a_model()).edited_at == datetime(2026, 1, 1, 10, tzinfo=UTC)


def test_slim_drops_the_field_sets_and_leaves_the_original_alone() -> None:
    body = a_model(managedFields=[field("2026-01-02T10:00:00Z")])
    assert slim(body)["metadata"]["managedFields"] == [{"manager": "m", "time": "2026-01-02T10:00:00Z"}]
    assert "fieldsV1" in body["metadata"]["managedFields"][0]


def test_slim_keeps_of_a_child_what_others_set_in_its_spec_and_when_it_was_written_here() -> None:
    spec: Manifest = {"f:spec": {"f:paused": {}}}
    entries: list[Manifest] = [
        {"manager": "kubectl-edit", "fieldsV1": spec | {"f:metadata": {}}},
        {"manager": "kubectl-label", "fieldsV1": {"f:metadata": {}}},
        {"manager": "kube-controller-manager", "subresource": "scale", "fieldsV1": spec},
        {"manager": "sentiment-operator", "operation": "Apply", "fieldsV1": spec, "time": "2026-01-02T10:00:00Z"},
    ]
    slimmed = slim({"kind": "Deployment", "metadata": {"managedFields": entries}})["metadata"]["managedFields"]
    assert [(entry["manager"], entry.get("fieldsV1")) for entry in slimmed] == [
        ("kubectl-edit", spec),
        ("sentiment-operator", None),
    ]
    assert slimmed[1]["time"] == "2026-01-02T10:00:00Z"


def test_slim_drops_what_a_pod_is_to_do_since_only_how_it_fares_is_read() -> None:
    pod: Manifest = {
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": []},
        "status": {"phase": "Running"},
    }
    assert slim(pod) == {"kind": "Pod", "metadata": {"name": "p"}, "status": {"phase": "Running"}}


def test_slim_keeps_of_a_job_that_a_queue_holds_it() -> None:
    job: Manifest = {"kind": "Job", "metadata": {"name": "j"}, "spec": {"suspend": True, "template": {}}}
    assert slim(job)["spec"] == {"suspend": True}
    assert "spec" not in slim({**job, "spec": {"suspend": False, "template": {}}})


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ({}, "spec: .*exactly one of data, promotion.from"),
        ({"data": {}}, "exactly one of dvc, url, volume"),
        ({**VOLUME, "version": "No Label"}, "spec.version"),
        ({**VOLUME, "serving": {"replicas": 0}}, "spec.serving.replicas"),
        ({**VOLUME, "unheard": 1}, "spec.unheard"),
    ],
)
def test_a_spec_that_cannot_be_read_is_explained_by_the_field(spec: Manifest, named: str) -> None:
    with pytest.raises(extract.Invalid, match=named):
        extract.model({**a_model(), "spec": spec})


def test_a_status_that_cannot_be_read_counts_as_none() -> None:
    body = {**a_model(), "status": {"replicas": "many"}}
    assert extract.model(body).status == extract.model(a_model()).status


SHA = "a" * 64


def a_revision(label: str, owner: str = "u1", **metadata: Any) -> Manifest:
    spec = {
        "modelRef": {"name": "imdb"},
        "version": label,
        "recipeHash": SHA,
        "fingerprint": SHA,
        "dataHash": SHA,
        "artifactDigest": SHA,
        "registry": {"trackingURL": "http://mlflow:5000", "modelName": "shop.imdb", "version": "1", "runID": "r"},
    }
    owners = [{"uid": owner, "controller": True}]
    return {"metadata": {"name": f"imdb.{label}", "uid": label, "ownerReferences": owners, **metadata}, "spec": spec}


def test_revisions_are_those_that_this_very_model_controls() -> None:
    bodies = [a_revision("1"), a_revision("2", owner="the one before"), a_revision("3", deletionTimestamp="x")]
    assert list(extract.revisions(bodies, "u1")) == ["1"]


def test_a_child_of_a_deleted_namesake_is_not_ours() -> None:
    mine, theirs = a_revision("1"), a_revision("1", owner="the one before")
    assert [extract.child(body, "u1").ours for body in (mine, theirs)] == [True, False]  # type: ignore[union-attr]
    assert extract.child(None, "u1") is None


def test_an_owner_that_is_not_the_controller_does_not_count() -> None:
    body = a_revision("1")
    body["metadata"]["ownerReferences"] = [{"uid": "u1"}]
    child = extract.child(body, "u1")
    assert child is not None
    assert not child.ours


@pytest.mark.parametrize(
    ("registry", "place"),
    [
        ({}, ("http://default:5000", "shop.imdb")),
        ({"modelName": "shared"}, ("http://default:5000", "shared")),
        ({"trackingURL": "http://own:5000/"}, ("http://own:5000", "shop.imdb")),
    ],
)
def test_where_a_model_registers(registry: Manifest, place: tuple[str, str]) -> None:
    body = {**a_model(), "spec": {**VOLUME, "registry": registry}}
    assert extract.registry_of(body, "http://default:5000/") == place


def named(name: str, created: str, uid: str) -> Manifest:
    return a_model(name=name, creationTimestamp=created, uid=uid)


def test_the_elder_is_the_oldest_of_all_and_of_equal_age_the_smaller_uid() -> None:
    old, middle, young = (
        named("old", "2026-01-01T00:00:00Z", "z"),
        named("middle", "2026-01-02T00:00:00Z", "b"),
        named("young", "2026-01-02T00:00:00Z", "c"),
    )
    assert extract.elder(old, [middle, young]) == ""
    assert extract.elder(middle, [young, old]) == "shop/old"
    assert extract.elder(young, [middle]) == "shop/middle"
    assert extract.elder(middle, [young]) == ""


def test_whom_a_model_wants_told_is_read_although_the_rest_of_its_spec_cannot_be() -> None:
    body = a_model() | {"spec": {"notifications": [{"sink": "chat", "transitions": ["Stalled"]}], "data": "none"}}
    (wanted,) = extract.notifications(body)
    assert (wanted.sink, wanted.transitions) == ("chat", ("Stalled",))
    assert extract.notifications(a_model() | {"spec": {"notifications": "all"}}) == ()
    assert extract.notifications(a_model() | {"spec": {"notifications": None}}) == ()


def test_the_origin_of_a_model_needs_no_spec() -> None:
    origin = extract.origin(a_model(annotations={"rottenpotatoes.com/retry": "2"}) | {"spec": None})
    assert (origin.namespace, origin.name, origin.uid, origin.generation, origin.retry) == (
        "shop",
        "imdb",
        "u1",
        3,
        "2",
    )

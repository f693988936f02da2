"""What cannot be changed once it is stored."""

from typing import Any

import pytest

from tests.integration.admission.documents import MISSING, approval, collection, create, model, revision
from tests.support.api_server import ApiServer

REGISTRY = {"trackingURL": "https://mlflow.example.com", "modelName": "film.reviews"}
FORBIDDEN_EDITS: dict[str, tuple[Any, Any, str]] = {
    "another registry": (REGISTRY, {"trackingURL": "https://other.example.com"}, "spec.registry.trackingURL"),
    "another registered model": (REGISTRY, {"modelName": "film.other"}, "spec.registry.modelName"),
    "a registry added": (None, {"trackingURL": "https://other.example.com"}, "spec.registry.trackingURL"),
    "a registered model added to a registry": (
        {"trackingURL": "https://mlflow.example.com"},
        {"modelName": "film.reviews"},
        "spec.registry.modelName",
    ),
    "a registered model removed": (REGISTRY, {"modelName": None}, "spec.registry.modelName"),
    "the whole registry removed": (REGISTRY, None, "spec.registry.trackingURL"),
}


@pytest.mark.parametrize(("before", "edit", "field"), FORBIDDEN_EDITS.values(), ids=FORBIDDEN_EDITS)
def test_where_versions_are_registered_cannot_be_changed(
    crds: ApiServer, namespace: str, before: Any, edit: Any, field: str
) -> None:
    created = create(crds, namespace, model({"spec.registry": MISSING if before is None else before}))
    assert created.accepted, created.message
    answer = crds.request("PATCH", f"{collection(namespace, model())}/imdb", {"spec": {"registry": edit}})
    assert answer.status == 422, answer.body
    assert field in answer.message
    assert "cannot be changed" in answer.message


REVISION_EDITS: dict[str, Any] = {
    "another digest": {"artifactDigest": "b" * 64},
    "a metric made better": {"metrics": [{"name": "accuracy", "value": "1"}]},
    "a recipe removed": {"recipe": None},
    "an optional field added": {"imageDigest": "sha256:1"},
    "another parameter": {"recipe": {"parameters": {"seed": 1}}},
}


@pytest.mark.parametrize("edit", REVISION_EDITS.values(), ids=REVISION_EDITS)
def test_what_a_revision_records_cannot_be_changed(crds: ApiServer, namespace: str, edit: Any) -> None:
    created = create(crds, namespace, revision())
    assert created.accepted, created.message
    answer = crds.request("PATCH", f"{collection(namespace, revision())}/imdb.1", {"spec": edit})
    assert answer.status == 422, answer.body
    assert "spec cannot be changed: a revision records what was trained" in answer.message


APPROVAL_EDITS: dict[str, Any] = {
    "another answer": {"decision": "Reject"},
    "another digest": {"revisionDigest": "b" * 64},
    "another version": {"version": "2"},
    "another model": {"modelRef": {"name": "other"}},
    "another person": {"approvedBy": "mallory"},
    "another note": {"note": "On second thoughts."},
    "no note": {"note": None},
}


@pytest.mark.parametrize("edit", APPROVAL_EDITS.values(), ids=APPROVAL_EDITS)
def test_what_a_person_said_cannot_be_changed(crds: ApiServer, namespace: str, edit: Any) -> None:
    created = create(crds, namespace, approval({"spec.note": "Looked at it."}))
    assert created.accepted, created.message
    answer = crds.request("PATCH", f"{collection(namespace, approval())}/imdb.1-ada", {"spec": edit})
    assert answer.status == 422, answer.body
    assert "spec cannot be changed: an approval is what a person said at that time" in answer.message
    assert "create another SentimentModelApproval: your latest answer counts" in answer.message

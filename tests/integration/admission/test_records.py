"""Revisions and statuses that the API server refuses: a mistake of the operator's must not become a record."""

import pytest

from tests.integration.admission.documents import (
    HEX64,
    MISSING,
    Bad,
    collection,
    create,
    model,
    one,
    revision,
    try_to_create,
)
from tests.support.api_server import ApiServer

REQUIRED = "Required value"

BAD_REVISIONS: dict[str, Bad] = {
    "a revision without a model": one("spec.modelRef", MISSING, REQUIRED),
    "a revision without a fingerprint": one("spec.fingerprint", MISSING, REQUIRED),
    "a digest that is none": one("spec.artifactDigest", "sha256:" + "a" * 57, "should match"),
    "a revision under another name": one("metadata.name", "imdb.2", "must be <modelRef.name>.<version>"),
    "an unknown classifier in a record": one("spec.recipe.parameters.classifier", "SVM", "Unsupported value"),
    "a record with two data sources": Bad(
        {"spec.recipe.data.url": {"href": "https://example.com/reviews.csv", "sha256": HEX64}},
        "spec.recipe.data",
        "set exactly one of dvc, url, volume",
    ),
    "a recorded repository on a volume without a claim": Bad(
        {"spec.recipe.data.dvc.repoURL": "file:///data/reviews.git"},
        "spec.recipe.data.dvc.volumeClaimName",
        "needs volumeClaimName",
    ),
    "a recorded password of a repository": one(
        "spec.recipe.data.dvc.repoURL",
        "https://me:secret@git.example.com/reviews.git",
        "must not hold a user or password",
    ),
    "a recorded password of a download": Bad(
        {"spec.recipe.data": {"url": {"href": "https://me:secret@example.com/reviews.csv", "sha256": HEX64}}},
        "spec.recipe.data.url.href",
        "must not hold a user or password",
    ),
    "21 metrics": one("spec.metrics", [{"name": f"m{number}", "value": "1"} for number in range(21)], "Too many"),
    "a metric as number": Bad({"spec.metrics": [{"name": "accuracy", "value": 0.9}]}, "spec.metrics[0].value"),
}


@pytest.mark.parametrize("bad", BAD_REVISIONS.values(), ids=BAD_REVISIONS)
def test_a_bad_revision_is_refused_and_the_field_is_named(crds: ApiServer, bad: Bad) -> None:
    answer = try_to_create(crds, revision(bad.edits))
    assert answer.status in {400, 422}, f"{answer.status} {answer.message}"
    assert bad.field in answer.message
    assert bad.says in answer.message


CONDITION = {
    "type": "Ready",
    "status": "True",
    "reason": "AsRequested",
    "observedGeneration": 1,
    "lastTransitionTime": "2026-01-02T03:04:05Z",
}
BAD_STATUS: dict[str, Bad] = {
    "a condition twice": Bad(
        {"conditions": [CONDITION, CONDITION]},
        "status.conditions",
        "Duplicate value",
    ),
    "a condition that is neither true nor false": Bad(
        {"conditions": [CONDITION | {"status": "Maybe"}]},
        "status.conditions[0].status",
        "Unsupported value",
    ),
    "a time that is none": Bad(
        {"history": [{"version": "1", "since": "yesterday"}]}, "status.history[0].since", "must be of type date-time"
    ),
    "a progress above a hundred": Bad(
        {"training": {"progressPercent": 101}}, "status.training.progressPercent", "less than or equal to 100"
    ),
    "a field that status does not have": Bad({"phase": "Ready"}, 'unknown field "status.phase"'),
}


@pytest.mark.parametrize("bad", BAD_STATUS.values(), ids=BAD_STATUS)
def test_a_bad_status_is_refused(crds: ApiServer, namespace: str, bad: Bad) -> None:
    create(crds, namespace, model())
    path = f"{collection(namespace, model())}/imdb/status"
    answer = crds.request("PATCH", path, {"status": bad.edits}, fieldValidation="Strict")
    assert answer.status in {400, 422}, answer.body
    assert bad.field in answer.message
    assert bad.says in answer.message

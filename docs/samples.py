"""Models and what was seen of them, as samples: the values that situations are put together from.

What stands for the reader's own is in capitals. What the operator says of them is not known here.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sentiment_contract.names import VERSION_LABEL
from sentiment_operator import names
from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.api.revision import SentimentModelRevisionSpec, SentimentModelRevisionStatus
from sentiment_operator.api.status import SentimentModelStatus
from sentiment_operator.facts.jobs import JobState, Searched, TrainingJob, Trouble
from sentiment_operator.facts.observed import (
    Child,
    ChildKind,
    Model,
    Observed,
    Refusal,
    RegisteredVersion,
    Revision,
    ServiceProbe,
    ServingPod,
)
from sentiment_operator.settings import Settings

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
SETTINGS = Settings(
    server_image="server",
    trainer_image="trainer",
    tracking_url="http://mlflow.sentiment-system.svc:5000",
    gateway_api=True,
)
WITHOUT_GATEWAY_API = SETTINGS.model_copy(update={"gateway_api": False})
OLD, WANTED = "1", "2"
WHY = "WHY"
DIGEST = "d" * 64


def sample_model(*, suspend: bool = False, rows: int | None = None, **changes: Any) -> Model:
    """A model that was edited long ago. Other rows are another recipe."""
    data = {"volume": {"claimName": "reviews", "path": "reviews.csv"}, "rows": rows}
    plain = Model(
        namespace="NAMESPACE",
        name="NAME",
        uid="uid",
        generation=1,
        spec=SentimentModelSpec.model_validate({"version": WANTED, "suspend": suspend, "data": data}),
        status=SentimentModelStatus(),
        created_at=NOW - timedelta(days=1),
        edited_at=NOW - timedelta(hours=1),
        retry="",
        deleting=False,
    )
    return replace(plain, **changes)


MODEL = sample_model()
SUSPENDED = sample_model(suspend=True)
RECIPE_HASH = MODEL.spec.recipe_hash()


def proven() -> Observed:
    """Everything that is asked of a version that serves."""
    return replace(recorded(deployment(), pod()), pods_are_fresh=True, probe=ServiceProbe(WANTED, DIGEST, ""))


def proven_as(label: str, recipe_hash: str) -> Observed:
    """The same of a version of that label and recipe."""
    spec = revision_spec().model_copy(update={"version": label, "recipe_hash": recipe_hash})
    revision = Revision(f"NAME.{label}", "uid-revision", spec, SentimentModelRevisionStatus(), NOW)
    seen = replace(proven(), children={ChildKind.DEPLOYMENT: deployment(label)}, pods=(pod(label),))
    return replace(seen, revisions={label: revision}, probe=ServiceProbe(label, DIGEST, ""))


def recorded(live: Child | None = None, *pods: ServingPod) -> Observed:
    """The wanted version exists."""
    revision = Revision(f"NAME.{WANTED}", "uid-revision", revision_spec(), SentimentModelRevisionStatus(), NOW)
    children = {ChildKind.DEPLOYMENT: live} if live is not None else {}
    return Observed(revisions={WANTED: revision}, children=children, pods=pods)


def revision_spec() -> SentimentModelRevisionSpec:
    """What the wanted version records."""
    return SentimentModelRevisionSpec.model_validate(
        {
            "modelRef": {"name": "name"},
            "version": WANTED,
            "recipeHash": RECIPE_HASH,
            "fingerprint": DIGEST,
            "dataHash": DIGEST,
            "registry": {
                "trackingURL": SETTINGS.tracking_url,
                "modelName": "NAMESPACE.NAME",
                "version": "2",
                "runID": "RUN",
            },
            "artifactDigest": DIGEST,
            "metrics": [{"name": "accuracy", "value": "0.91"}],
        }
    )


def registered(recipe_hash: str = RECIPE_HASH, fingerprint: str = DIGEST) -> RegisteredVersion:
    """The wanted version as MLflow knows it."""
    return RegisteredVersion(
        number="2",
        run_id="RUN",
        labels={WANTED: recipe_hash},
        fingerprint=fingerprint,
        data_hash=DIGEST,
        git_commit="",
        git_author="",
        artifact_digest=DIGEST,
        environment_hash="",
        image_digest="",
        metrics={},
    )


def job(state: JobState, **changes: Any) -> TrainingJob:
    """Its training Job."""
    plain = TrainingJob(
        name="NAME-train-HASH-1",
        uid="uid-job",
        label=WANTED,
        recipe_hash=RECIPE_HASH,
        attempt=1,
        retry="",
        state=state,
        created_at=NOW,
        finished_at=NOW if state in (JobState.SUCCEEDED, JobState.FAILED) else None,
        answer=None,
        exit_code=None,
        failure=None,
        trouble=None,
        progress_percent=40,
    )
    return replace(plain, **changes)


def search(
    state: JobState,
    completed: frozenset[int] = frozenset(),
    failed: frozenset[int] = frozenset(),
    failure: Trouble | None = None,
) -> TrainingJob:
    """The Job that searches for its parameters."""
    found = Searched(sizes=(16, 16), completed=completed, failed=failed, results={}, is_held=False)
    return job(state, name="NAME-tune-HASH-1", searched=found, failure=failure)


def deployment(label: str = WANTED, **changes: Any) -> Child:
    """The Deployment that serves a version, all of it there unless told otherwise."""
    counts = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    template = {"labels": {VERSION_LABEL: label}, "annotations": {names.ARTIFACT_DIGEST_ANNOTATION: DIGEST}}
    body = {
        "metadata": {"generation": 1},
        "spec": {"replicas": 1, "template": {"metadata": template}},
        "status": {**counts, **changes},
    }
    return Child(body, ours=True)


def pod(
    label: str = WANTED, *, ready: bool = True, deleting: bool = False, trouble: Trouble | None = None
) -> ServingPod:
    """A pod that serves."""
    return ServingPod(f"NAME-{label}", label, ready, deleting, trouble)


def refused(kind: str) -> Refusal:
    """A write that the API server refused."""
    return Refusal(kind, "NAME", WHY)


def contested(kind: str) -> Refusal:
    """What somebody else changes back."""
    return Refusal(kind, "NAME", "", rival="MANAGER")

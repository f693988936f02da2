"""Facts of the operator's core, with everything that a test does not speak of already filled in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sentiment_contract.search import BestTrial, SearchResult, trials_of
from sentiment_contract.training import FailureReason, TrainingFailed
from sentiment_operator import names
from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.api.promotion import ApprovalEvidence, Decision, GateEvidence
from sentiment_operator.api.revision import SentimentModelRevisionSpec, SentimentModelRevisionStatus
from sentiment_operator.api.status import HistoryEntry, SentimentModelStatus
from sentiment_operator.deciding.plan import Compare
from sentiment_operator.facts.jobs import ComparisonJob, JobState, Searched, TrainingJob, Trouble
from sentiment_operator.facts.observed import (
    Child,
    ChildKind,
    Model,
    Observed,
    RegisteredVersion,
    RegistryAnswer,
    Revision,
    ServiceProbe,
    ServingPod,
)
from sentiment_operator.settings import Settings

NOW = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
SETTINGS = Settings(
    server_image="localhost/sentiment-server:1",
    trainer_image="localhost/sentiment-trainer:1",
    tracking_url="http://mlflow.sentiment-system:5000",
)


def spec(version: str | None = "1", *, rows: int | None = None, **more: Any) -> SentimentModelSpec:
    """A spec on a volume. Another `rows` is another recipe."""
    document: dict[str, Any] = {"data": {"volume": {"claimName": "reviews", "path": "reviews.csv"}}, **more}
    if rows is not None:
        document["data"]["rows"] = rows
    if version is not None:
        document["version"] = version
    return SentimentModelSpec.model_validate(document)


def model(wanted: SentimentModelSpec | None = None, **changes: Any) -> Model:
    """A model that was edited long ago."""
    plain = Model(
        namespace="reviews",
        name="imdb",
        uid="uid-1",
        generation=1,
        spec=wanted or spec(),
        status=SentimentModelStatus(),
        created_at=NOW - timedelta(days=1),
        edited_at=NOW - timedelta(hours=1),
        retry="",
        deleting=False,
    )
    return replace(plain, **changes)


def digest(label: str) -> str:
    """A digest that differs from label to label."""
    return (label.encode().hex() * 64)[:64]


def revision(label: str = "1", of: SentimentModelSpec | None = None) -> Revision:
    """The revision of a label, trained from that spec."""
    recipe = (of or spec(label)).own_recipe()
    recorded = SentimentModelRevisionSpec.model_validate(
        {
            "modelRef": {"name": "imdb"},
            "version": label,
            "recipe": recipe.model_dump(mode="json", by_alias=True, exclude_none=True),
            "recipeHash": recipe.recipe_hash(),
            "fingerprint": "f" * 64,
            "dataHash": "d" * 64,
            "registry": {
                "trackingURL": SETTINGS.tracking_url,
                "modelName": "reviews.imdb",
                "version": "1",
                "runID": "run-1",
            },
            "artifactDigest": digest(label),
            "metrics": [{"name": "accuracy", "value": "0.91"}],
        }
    )
    return Revision(
        names.revision_name("imdb", label),
        f"uid-{label}",
        recorded,
        SentimentModelRevisionStatus(),
        NOW - timedelta(days=9),
    )


def served(label: str = "1", day: int = 1) -> Revision:
    """A version that served from that day on."""
    plain = revision(label)
    since = HistoryEntry(version=label, since=f"2025-12-{day:02}T00:00:00Z")
    return replace(plain, status=plain.status.model_copy(update={"serving": (since,)}))


def with_evidence(plain: Revision, *found: GateEvidence, answers: tuple[ApprovalEvidence, ...] = ()) -> Revision:
    """The revision after a seal."""
    sealed = {"gates": (*plain.status.gates, *found), "approvals": (*plain.status.approvals, *answers)}
    return replace(plain, status=plain.status.model_copy(update=sealed))


def registered(label: str = "1", of: SentimentModelSpec | None = None, **changes: Any) -> RegisteredVersion:
    """What MLflow holds of a label."""
    plain = RegisteredVersion(
        number="1",
        run_id="run-1",
        labels={label: (of or spec(label)).recipe_hash()},
        fingerprint="f" * 64,
        data_hash="d" * 64,
        git_commit="",
        git_author="",
        artifact_digest=digest(label),
        environment_hash="e" * 64,
        image_digest="",
        metrics={"accuracy": "0.91"},
    )
    return replace(plain, **changes)


def job(state: JobState, label: str = "1", of: SentimentModelSpec | None = None, **changes: Any) -> TrainingJob:
    """A training of a label."""
    recipe_hash = (of or spec(label)).recipe_hash()
    ended = state in (JobState.SUCCEEDED, JobState.FAILED)
    attempt: int = changes.pop("attempt", 1)
    plain = TrainingJob(
        name=names.job_name("imdb", recipe_hash, attempt),
        uid=f"uid-job-{attempt}",
        label=label,
        recipe_hash=recipe_hash,
        attempt=attempt,
        retry="",
        state=state,
        created_at=NOW - timedelta(minutes=5),
        finished_at=NOW - timedelta(minutes=4) if ended else None,
        answer=None,
        exit_code=None,
        failure=None,
        trouble=None,
        progress_percent=40,
    )
    return replace(plain, **changes)


def failed_job(reason: FailureReason, label: str = "1", **changes: Any) -> TrainingJob:
    """A training whose trainer said why it failed."""
    answer = TrainingFailed(reason=reason, message="Something is wrong. Next: mend it")
    return job(JobState.FAILED, label, answer=answer, exit_code=10, **changes)


def dead_job(reason: str, **changes: Any) -> TrainingJob:
    """A training that ended without a word."""
    return job(JobState.FAILED, failure=Trouble(reason, "last log line"), **changes)


SEARCH: dict[str, Any] = {"search": {"parameters": {"ngramMax": [1, 2], "regularizationC": ["1", "3"]}, "maxTrials": 4}}
"""spec.training of a search with two groups of two trials."""


def searching(version: str | None = "1", **more: Any) -> SentimentModelSpec:
    """A spec whose parameters are searched for."""
    return spec(version, training=SEARCH, **more)


def search(
    state: JobState,
    *completed: int,
    failed: tuple[int, ...] = (),
    results: dict[int, SearchResult] | None = None,
    is_held: bool = False,
    **changes: Any,
) -> TrainingJob:
    """The search of version 1, with the groups that are done."""
    found = Searched((2, 2), frozenset(completed), frozenset(failed), results or {}, is_held)
    plain = job(state, of=searching(), searched=found, **changes)
    return replace(plain, name=names.search_name("imdb", plain.recipe_hash, plain.attempt))


def tried(trial: int, accuracy: str, *, trials: int = 2, failed: int = 0) -> SearchResult:
    """What a group came to whose best is that trial of the search."""
    parameters = trials_of(searching().own_recipe())[trial - 1].parameters
    return SearchResult(
        trials=trials, failed=failed, best=BestTrial(trial=trial, accuracy=accuracy, parameters=parameters)
    )


def comparison(step: Compare, state: JobState, **changes: Any) -> ComparisonJob:
    """The Job of that step."""
    plain = ComparisonJob(
        name=names.comparison_name("imdb", step.key, step.attempt),
        key=step.key,
        attempt=step.attempt,
        state=state,
        created_at=NOW - timedelta(minutes=2),
        finished_at=NOW - timedelta(minutes=1) if state in (JobState.SUCCEEDED, JobState.FAILED) else None,
        answer=None,
        failure=None,
        trouble=None,
    )
    return replace(plain, **changes)


def deployment(label: str = "1", *, ours: bool = True, wanted: int = 1, **status: Any) -> Child:
    """The live Deployment of a label; complete unless its status says otherwise."""
    counts = {"observedGeneration": 1, "replicas": wanted, "updatedReplicas": wanted, "availableReplicas": wanted}
    template = {
        "labels": names.labels(model(), names.SERVER, label),
        "annotations": {names.ARTIFACT_DIGEST_ANNOTATION: digest(label)},
    }
    body = {
        "metadata": {"name": "imdb", "generation": 1, "uid": "uid-deployment"},
        "spec": {"replicas": wanted, "template": {"metadata": template}},
        "status": {**counts, **status},
    }
    return Child(body, ours)


def pod(label: str = "1", *, ready: bool = True, deleting: bool = False, trouble: Trouble | None = None) -> ServingPod:
    """A serving pod."""
    return ServingPod(f"imdb-{label}", label, ready, deleting, trouble)


def probe(label: str = "1", **changes: Any) -> ServiceProbe:
    """What the Service answered."""
    return replace(ServiceProbe(version=label, digest=digest(label), error=""), **changes)


def observed(*revisions: Revision, live: Child | None = None, **facts: Any) -> Observed:
    """What was seen."""
    children: dict[ChildKind, Child | None] = {ChildKind.DEPLOYMENT: live} if live is not None else {}
    children |= facts.pop("children", {})
    return Observed(revisions={one.spec.version: one for one in revisions}, children=children, **facts)


def answer(by: str, decision: Decision = Decision.APPROVE, **changes: Any) -> ApprovalEvidence:
    """What a person answered."""
    plain = ApprovalEvidence(
        approval=f"yes-{by}", uid=f"uid-{by}-{decision}", approved_by=by, decision=decision, time="2026-01-02T11:00:00Z"
    )
    return plain.model_copy(update=changes)


def known(*versions: RegisteredVersion) -> RegistryAnswer:
    """MLflow answered with these."""
    return RegistryAnswer(versions)

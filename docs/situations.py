"""What the operator says of a model in every situation there is, found by asking its own core.

The troubleshooting page takes statuses, reasons and messages from here, so that none of them is written down twice. The
values are samples; what stands for the reader's own is in capitals.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from docs.following_situations import situations_of_following
from docs.notification_situations import situations_of_notifications
from docs.promotion_situations import situations_of_promotion
from docs.reasons import SERVING_WAITS, TRAINING_ENDS, TRAINING_WAITS
from docs.rollout_situations import divided_by_a_gateway, situations_of_gateways, situations_of_rollouts
from docs.stage_situations import situations_of_stages
from sentiment_contract.names import VERSION_LABEL
from sentiment_contract.training import EXIT_CODES, FailureReason, TrainingFailed
from sentiment_operator import names
from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.api.revision import SentimentModelRevisionSpec, SentimentModelRevisionStatus
from sentiment_operator.api.status import Condition, ConditionType, SentimentModelStatus
from sentiment_operator.deciding.decide import decide
from sentiment_operator.facts.jobs import JobState, Searched, TrainingJob, Trouble
from sentiment_operator.facts.observed import (
    Child,
    ChildKind,
    Model,
    Observed,
    Origin,
    Post,
    Refusal,
    RegisteredVersion,
    RegistryAnswer,
    RegistryAway,
    Revision,
    ServiceProbe,
    ServingPod,
)
from sentiment_operator.notify.outbox import Told
from sentiment_operator.settings import Settings
from sentiment_operator.telling.rejection import rejected
from sentiment_operator.telling.status import status

Situation = tuple[Model, Observed]

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


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition as it stands in one situation."""

    condition: ConditionType
    status: str
    reason: str
    message: str


def findings() -> tuple[Finding, ...]:
    """Every status and reason of every condition, each with the message of the first situation that has it."""
    found: dict[tuple[str, str, str], Condition] = {}
    for seen in statuses():
        for condition in seen.conditions:
            found.setdefault((condition.type, condition.status, condition.reason), condition)
    return tuple(
        Finding(kind, condition.status, condition.reason, condition.message)
        for kind in ConditionType
        for condition in found.values()
        if condition.type == kind
    )


def statuses() -> Iterator[SentimentModelStatus]:
    """What the operator says in every situation."""
    yield from _told()
    yield _rejected()


def well() -> dict[ConditionType, str]:
    """How every condition stands while the wanted version serves."""
    return {ConditionType(condition.type): condition.status for condition in _status(MODEL, _proven()).conditions}


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


def _told() -> Iterator[SentimentModelStatus]:
    for model, observed in (
        *_before_a_training(),
        *_in_training(),
        *_after_a_training(),
        *situations_of_promotion(MODEL, _recorded(), WHY, SETTINGS, NOW),
        *situations_of_rollouts(MODEL, _recorded(), WHY, NOW),
        *situations_of_gateways(MODEL, _recorded(), NOW),
        *_rolling_out(),
        *_serving(),
        *situations_of_notifications(MODEL, _proven(), WHY, SETTINGS, NOW),
        *situations_of_following(MODEL, _proven_as, WHY, NOW),
        *situations_of_stages(MODEL, _proven(), NOW),
    ):
        yield _status(model, observed)
    yield _status(divided_by_a_gateway(MODEL), _recorded(), WITHOUT_GATEWAY_API)


def _status(model: Model, observed: Observed, settings: Settings = SETTINGS) -> SentimentModelStatus:
    return status(model, observed, decide(model, observed, settings, NOW), NOW)


def _rejected() -> SentimentModelStatus:
    return rejected(SentimentModelStatus(), WHY, Told(Origin("NAMESPACE", "NAME", "uid", 1, ""), (), Post()), NOW)


MODEL = sample_model()
SUSPENDED = sample_model(suspend=True)
RECIPE_HASH = MODEL.spec.recipe_hash()


def _before_a_training() -> Iterator[Situation]:
    yield sample_model(edited_at=NOW), Observed(registry=RegistryAnswer(()))
    yield MODEL, Observed()
    yield MODEL, Observed(registry=RegistryAnswer(()))
    yield MODEL, Observed(registry=RegistryAnswer(()), trainings_elsewhere=SETTINGS.max_concurrent_trainings)
    yield SUSPENDED, Observed()
    yield MODEL, Observed(rival="NAMESPACE/OLDER")
    yield MODEL, Observed(registry=RegistryAway(WHY))
    yield MODEL, Observed(registry=RegistryAnswer((_registered(recipe_hash="another"),)))
    yield MODEL, Observed(registry=RegistryAnswer(()), refusals=(_refused("Job"),))


def _in_training() -> Iterator[Situation]:
    yield MODEL, Observed(jobs=(_job(JobState.RUNNING),))
    yield MODEL, Observed(jobs=(_search(JobState.RUNNING, completed=frozenset({0})),))
    for reason in TRAINING_WAITS:
        yield MODEL, Observed(jobs=(_job(JobState.PENDING, trouble=Trouble(reason, WHY)),))


def _after_a_training() -> Iterator[Situation]:
    ended = (_job(JobState.SUCCEEDED),)
    yield MODEL, Observed(jobs=ended)
    yield MODEL, Observed(jobs=ended, registry=RegistryAnswer((_registered(),)))
    yield MODEL, Observed(jobs=ended, registry=RegistryAnswer(()))
    yield MODEL, Observed(jobs=ended, registry=RegistryAnswer((_registered(fingerprint=""),)))
    yield MODEL, Observed(registry=RegistryAnswer((_registered(),)), refusals=(_refused("SentimentModelRevision"),))
    yield MODEL, Observed(jobs=(_search(JobState.FAILED, failed=frozenset({0, 1}), failure=Trouble("OOMKilled", WHY)),))
    for reason in FailureReason:
        answer = TrainingFailed(reason=reason, message=WHY)
        yield MODEL, Observed(jobs=(_job(JobState.FAILED, answer=answer, exit_code=EXIT_CODES[reason]),))
    for reason in TRAINING_ENDS:
        yield MODEL, Observed(jobs=(_job(JobState.FAILED, failure=Trouble(reason, WHY)),))


def _rolling_out() -> Iterator[Situation]:
    yield MODEL, _recorded()
    starting = _recorded(_deployment(availableReplicas=0), _pod(ready=False))
    yield MODEL, starting
    stuck = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
    for reason in SERVING_WAITS:
        pod = _pod(ready=False, trouble=Trouble(reason, WHY))
        yield MODEL, replace(starting, pods=(pod,))
        yield MODEL, _recorded(_deployment(availableReplicas=0, conditions=stuck), pod)
    refused = [{"type": "ReplicaFailure", "status": "True", "message": WHY}]
    yield MODEL, _recorded(_deployment(availableReplicas=0, conditions=refused))
    yield MODEL, _recorded(_deployment(availableReplicas=0, conditions=stuck))
    yield MODEL, replace(_proven(), pods=(_pod(), _pod(OLD, deleting=True)))
    yield MODEL, replace(_proven(), probe=ServiceProbe("", "", WHY))
    yield MODEL, replace(_recorded(), children={ChildKind.SERVICE: Child({}, ours=False)})
    yield MODEL, replace(_recorded(), refusals=(_refused("Deployment"),))
    yield SUSPENDED, _recorded(_deployment(OLD), _pod(OLD))


def _serving() -> Iterator[Situation]:
    yield MODEL, _proven()
    yield sample_model(rows=500), _proven()
    was_ready = replace(MODEL, status=_status(MODEL, _proven()))
    yield was_ready, _recorded(_deployment())


def _proven() -> Observed:
    """Everything that is asked of a version that serves."""
    return replace(_recorded(_deployment(), _pod()), pods_are_fresh=True, probe=ServiceProbe(WANTED, DIGEST, ""))


def _proven_as(label: str, recipe_hash: str) -> Observed:
    """The same of a version of that label and recipe."""
    spec = _revision_spec().model_copy(update={"version": label, "recipe_hash": recipe_hash})
    revision = Revision(f"NAME.{label}", "uid-revision", spec, SentimentModelRevisionStatus(), NOW)
    seen = replace(_proven(), children={ChildKind.DEPLOYMENT: _deployment(label)}, pods=(_pod(label),))
    return replace(seen, revisions={label: revision}, probe=ServiceProbe(label, DIGEST, ""))


def _recorded(live: Child | None = None, *pods: ServingPod) -> Observed:
    """The wanted version exists."""
    revision = Revision(f"NAME.{WANTED}", "uid-revision", _revision_spec(), SentimentModelRevisionStatus(), NOW)
    children = {ChildKind.DEPLOYMENT: live} if live is not None else {}
    return Observed(revisions={WANTED: revision}, children=children, pods=pods)


def _revision_spec() -> SentimentModelRevisionSpec:
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


def _registered(recipe_hash: str = RECIPE_HASH, fingerprint: str = DIGEST) -> RegisteredVersion:
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


def _job(state: JobState, **changes: Any) -> TrainingJob:
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


def _search(
    state: JobState,
    completed: frozenset[int] = frozenset(),
    failed: frozenset[int] = frozenset(),
    failure: Trouble | None = None,
) -> TrainingJob:
    found = Searched(sizes=(16, 16), completed=completed, failed=failed, results={}, is_held=False)
    return _job(state, name="NAME-tune-HASH-1", searched=found, failure=failure)


def _deployment(label: str = WANTED, **changes: Any) -> Child:
    counts = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    template = {"labels": {VERSION_LABEL: label}, "annotations": {names.ARTIFACT_DIGEST_ANNOTATION: DIGEST}}
    body = {
        "metadata": {"generation": 1},
        "spec": {"replicas": 1, "template": {"metadata": template}},
        "status": {**counts, **changes},
    }
    return Child(body, ours=True)


def _pod(
    label: str = WANTED, *, ready: bool = True, deleting: bool = False, trouble: Trouble | None = None
) -> ServingPod:
    return ServingPod(f"NAME-{label}", label, ready, deleting, trouble)


def _refused(kind: str) -> Refusal:
    return Refusal(kind, "NAME", WHY)

"""What the operator says of a model in every situation there is, found by asking its own core.

The troubleshooting page takes statuses, reasons and messages from here, so that none of them is written down twice. The
values are samples (samples.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from docs import samples
from docs.following_situations import situations_of_following
from docs.notification_situations import situations_of_notifications
from docs.promotion_situations import situations_of_promotion
from docs.reasons import SERVING_WAITS, TRAINING_ENDS, TRAINING_WAITS
from docs.rollout_situations import divided_by_a_gateway, situations_of_gateways, situations_of_rollouts
from docs.samples import (
    MODEL,
    NOW,
    OLD,
    SETTINGS,
    SUSPENDED,
    WHY,
    WITHOUT_GATEWAY_API,
    sample_model,
)
from docs.stage_situations import situations_of_stages
from sentiment_contract.training import EXIT_CODES, FailureReason, TrainingFailed
from sentiment_operator.api.status import Condition, ConditionType, SentimentModelStatus
from sentiment_operator.deciding.decide import decide
from sentiment_operator.facts.jobs import JobState, Trouble
from sentiment_operator.facts.observed import (
    Child,
    ChildKind,
    Model,
    Observed,
    Origin,
    Post,
    RegistryAnswer,
    RegistryAway,
    ServiceProbe,
)
from sentiment_operator.notify.outbox import Told
from sentiment_operator.settings import Settings
from sentiment_operator.telling.rejection import rejected
from sentiment_operator.telling.status import status

Situation = tuple[Model, Observed]


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
    return {
        ConditionType(condition.type): condition.status for condition in _status(MODEL, samples.proven()).conditions
    }


def _told() -> Iterator[SentimentModelStatus]:
    for model, observed in (
        *_before_a_training(),
        *_in_training(),
        *_after_a_training(),
        *situations_of_promotion(MODEL, samples.recorded(), WHY, SETTINGS, NOW),
        *situations_of_rollouts(MODEL, samples.recorded(), WHY, NOW),
        *situations_of_gateways(MODEL, samples.recorded(), NOW),
        *_rolling_out(),
        *_serving(),
        *situations_of_notifications(MODEL, samples.proven(), WHY, SETTINGS, NOW),
        *situations_of_following(MODEL, samples.proven_as, WHY, NOW),
        *situations_of_stages(MODEL, samples.proven(), NOW),
    ):
        yield _status(model, observed)
    yield _status(divided_by_a_gateway(MODEL), samples.recorded(), WITHOUT_GATEWAY_API)


def _status(model: Model, observed: Observed, settings: Settings = SETTINGS) -> SentimentModelStatus:
    return status(model, observed, decide(model, observed, settings, NOW), NOW)


def _rejected() -> SentimentModelStatus:
    return rejected(SentimentModelStatus(), WHY, Told(Origin("NAMESPACE", "NAME", "uid", 1, ""), (), Post()), NOW)


def _before_a_training() -> Iterator[Situation]:
    yield sample_model(edited_at=NOW), Observed(registry=RegistryAnswer(()))
    yield MODEL, Observed()
    yield MODEL, Observed(registry=RegistryAnswer(()))
    yield MODEL, Observed(registry=RegistryAnswer(()), trainings_elsewhere=SETTINGS.max_concurrent_trainings)
    yield SUSPENDED, Observed()
    yield MODEL, Observed(rival="NAMESPACE/OLDER")
    yield MODEL, Observed(registry=RegistryAway(WHY))
    yield MODEL, Observed(registry=RegistryAnswer((samples.registered(recipe_hash="another"),)))
    yield MODEL, Observed(registry=RegistryAnswer(()), refusals=(samples.refused("Job"),))


def _in_training() -> Iterator[Situation]:
    yield MODEL, Observed(jobs=(samples.job(JobState.RUNNING),))
    yield MODEL, Observed(jobs=(samples.search(JobState.RUNNING, completed=frozenset({0})),))
    for reason in TRAINING_WAITS:
        yield MODEL, Observed(jobs=(samples.job(JobState.PENDING, trouble=Trouble(reason, WHY)),))


def _after_a_training() -> Iterator[Situation]:
    ended = (samples.job(JobState.SUCCEEDED),)
    yield MODEL, Observed(jobs=ended)
    yield MODEL, Observed(jobs=ended, registry=RegistryAnswer((samples.registered(),)))
    yield MODEL, Observed(jobs=ended, registry=RegistryAnswer(()))
    yield MODEL, Observed(jobs=ended, registry=RegistryAnswer((samples.registered(fingerprint=""),)))
    yield (
        MODEL,
        Observed(
            registry=RegistryAnswer((samples.registered(),)), refusals=(samples.refused("SentimentModelRevision"),)
        ),
    )
    yield (
        MODEL,
        Observed(jobs=(samples.search(JobState.FAILED, failed=frozenset({0, 1}), failure=Trouble("OOMKilled", WHY)),)),
    )
    for reason in FailureReason:
        answer = TrainingFailed(reason=reason, message=WHY)
        yield MODEL, Observed(jobs=(samples.job(JobState.FAILED, answer=answer, exit_code=EXIT_CODES[reason]),))
    for reason in TRAINING_ENDS:
        yield MODEL, Observed(jobs=(samples.job(JobState.FAILED, failure=Trouble(reason, WHY)),))


def _rolling_out() -> Iterator[Situation]:
    yield MODEL, samples.recorded()
    starting = samples.recorded(samples.deployment(availableReplicas=0), samples.pod(ready=False))
    yield MODEL, starting
    stuck = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
    for reason in SERVING_WAITS:
        pod = samples.pod(ready=False, trouble=Trouble(reason, WHY))
        yield MODEL, replace(starting, pods=(pod,))
        yield MODEL, samples.recorded(samples.deployment(availableReplicas=0, conditions=stuck), pod)
    refused = [{"type": "ReplicaFailure", "status": "True", "message": WHY}]
    yield MODEL, samples.recorded(samples.deployment(availableReplicas=0, conditions=refused))
    yield MODEL, samples.recorded(samples.deployment(availableReplicas=0, conditions=stuck))
    yield MODEL, replace(samples.proven(), pods=(samples.pod(), samples.pod(OLD, deleting=True)))
    yield MODEL, replace(samples.proven(), probe=ServiceProbe("", "", WHY))
    yield MODEL, replace(samples.recorded(), children={ChildKind.SERVICE: Child({}, ours=False)})
    yield MODEL, replace(samples.recorded(), refusals=(samples.refused("Deployment"),))
    yield MODEL, replace(samples.proven(), refusals=(samples.contested("Deployment"),))
    yield SUSPENDED, samples.recorded(samples.deployment(OLD), samples.pod(OLD))


def _serving() -> Iterator[Situation]:
    yield MODEL, samples.proven()
    yield sample_model(rows=500), samples.proven()
    was_ready = replace(MODEL, status=_status(MODEL, samples.proven()))
    yield was_ready, samples.recorded(samples.deployment())

"""Decides what to do next for one model. Pure: everything seen comes in, the plan comes out.

The rules, in the order in which they are tried:

1. Another, older model names the same registered model: accepted is the older one only.
2. The wanted label has a revision: it is served as recorded, whatever the recipe says now. No Job, no registry.
3. `suspend`: nothing new is begun; a training that runs may end.
4. A training of this label and recipe runs: wait for it.
5. It ended well: its result stands in the registry, and becomes the revision.
6. It failed: a fault of the data or a crash waits for another recipe or another value of the retry annotation; a fault
   of the surroundings is tried again after a growing pause.
7. Nothing is known of the label: ask the registry. Known there from the same recipe: it becomes the revision. Known from
   another recipe: the label is taken. Unknown: train, once the edits have settled and a place is free.

Trainings of what is no longer wanted are removed. What serves keeps serving until the wanted version is proven.
"""

import re
from datetime import datetime, timedelta

from sentiment_contract.training import FailureReason, Fault, TrainingFailed, fault_of
from sentiment_operator import explain
from sentiment_operator.api import ConditionType, LastFailure
from sentiment_operator.conditions import condition_of
from sentiment_operator.deployed import Deployed, deployed
from sentiment_operator.facts import (
    JobState,
    Model,
    Observed,
    RegisteredVersion,
    RegistryAnswer,
    RegistryAway,
    RegistryNotAsked,
    Revision,
    TrainingJob,
)
from sentiment_operator.plan import (
    AskRegistry,
    AwaitTraining,
    Blocked,
    Held,
    Plan,
    Queued,
    Record,
    Roll,
    Settle,
    Steady,
    Step,
    Train,
)
from sentiment_operator.settings import Settings

FIRST_PAUSE_SECONDS = 10
LONGEST_PAUSE_SECONDS = 300
PROGRESS_SECONDS = 5.0
ROLLOUT_SECONDS = 2.0
QUEUE_SECONDS = 30.0
REGISTRY_SECONDS = 15.0
KEPT_FINISHED_JOBS = 3
TIMESTAMP_GRAIN = timedelta(seconds=1)
UNFINISHED = frozenset({JobState.PENDING, JobState.RUNNING})
_SURROUNDINGS = frozenset(str(reason) for reason in FailureReason if fault_of(reason) is Fault.SURROUNDINGS)
DIGEST = re.compile(r"^[0-9a-f]{64}$")


def decide(model: Model, observed: Observed, settings: Settings, now: datetime) -> Plan:
    """The next step, and which revision the Deployment has to run meanwhile."""
    wanted = model.spec.wanted_label()
    step = _step(model, observed, settings, now)
    return Plan(
        step=step,
        wanted=wanted,
        target=_target(observed, wanted, step),
        obsolete_jobs=_obsolete_jobs(model, observed, wanted, step),
        requeue_after=_requeue_after(model, observed, settings, step, now),
        needs_registry=isinstance(step, AskRegistry),
        needs_probe=isinstance(step, Roll) and _is_worth_a_probe(observed, step.revision),
    )


def _step(model: Model, observed: Observed, settings: Settings, now: datetime) -> Step:
    if observed.rival:
        return explain.rival(model, observed.rival)
    wanted = model.spec.wanted_label()
    revision = observed.revisions.get(wanted)
    if revision is not None:
        return _serve(model, observed, revision)
    job = _latest_job(model, observed, wanted)
    if job is not None and job.state in UNFINISHED:
        return AwaitTraining(job)
    if job is not None and job.state is JobState.SUCCEEDED:
        return _record(model, observed, settings, job, now)
    if model.spec.suspend:
        return Held()
    if job is not None and not _is_retried(model, job.retry):
        return _after_failure(model, observed, settings, _failure_of(job), _failed_at(job), job.attempt, now)
    if job is None and (failure := _remembered_failure(model, wanted)) is not None:
        return _after_failure(
            model, observed, settings, _blocked_again(failure), _time(failure.time), failure.attempt, now
        )
    if job is not None:
        return _train(model, observed, settings, now)
    return _ask_then_train(model, observed, settings, wanted, now)


def _serve(model: Model, observed: Observed, revision: Revision) -> Step:
    live = deployed(observed)
    if model.spec.suspend and live is not None and live.version != revision.spec.version:
        return Held()
    taken = [kind for kind, child in observed.children.items() if child is not None and not child.ours]
    if taken:
        return explain.name_taken(model, taken)
    if live is not None and _is_proven(model, observed, revision, live):
        return Steady(revision)
    return Roll(revision)


def _is_proven(model: Model, observed: Observed, revision: Revision, live: Deployed) -> bool:
    """All traffic goes to the revision and a known review was scored by it, now or when it became ready."""
    if not runs(live, revision) or _others(observed, revision):
        return False
    probe = observed.probe
    if probe is not None:
        answered = (probe.version, probe.digest) == (revision.spec.version, revision.spec.artifact_digest)
        return live.is_complete and observed.pods_are_fresh and answered and not probe.error
    return live.runs_nothing_else and _was_ready(model, revision)


def runs(live: Deployed, revision: Revision) -> bool:
    """Whether the Deployment's template is that of the revision."""
    return (live.version, live.digest) == (revision.spec.version, revision.spec.artifact_digest)


def _was_ready(model: Model, revision: Revision) -> bool:
    ready, status = condition_of(model.status.conditions, ConditionType.READY), model.status
    return (
        ready is not None
        and ready.status == "True"
        and status.serving_version == revision.spec.version
        and status.lineage is not None
        and status.lineage.artifact_digest == revision.spec.artifact_digest
    )


def _is_worth_a_probe(observed: Observed, revision: Revision) -> bool:
    live = deployed(observed)
    return live is not None and runs(live, revision) and live.is_complete


def _others(observed: Observed, revision: Revision) -> bool:
    return any(pod.label != revision.spec.version for pod in observed.pods)


def _record(model: Model, observed: Observed, settings: Settings, job: TrainingJob, now: datetime) -> Step:
    match observed.registry:
        case RegistryNotAsked():
            return AskRegistry()
        case RegistryAway(message):
            return explain.registry_away(message)
        case RegistryAnswer(versions):
            if (recorded := _recorded_as(model, versions, job.label)) is not None:
                return recorded
            retried = _is_retried(model, job.retry) and not model.spec.suspend
            return _train(model, observed, settings, now) if retried else explain.registration_missing(model, job)


def _ask_then_train(model: Model, observed: Observed, settings: Settings, wanted: str, now: datetime) -> Step:
    match observed.registry:
        case RegistryNotAsked():
            return AskRegistry() if _settled_in(model, settings, now) <= 0 else Settle()
        case RegistryAway(message):
            return explain.registry_away(message)
        case RegistryAnswer(versions):
            return _recorded_as(model, versions, wanted) or _train(model, observed, settings, now)


def _recorded_as(model: Model, versions: tuple[RegisteredVersion, ...], wanted: str) -> Step | None:
    """The step where the registry knows the label; None where it does not."""
    found = next((version for version in versions if wanted in version.labels), None)
    if found is None:
        return None
    if found.labels[wanted] != model.spec.recipe().recipe_hash():
        return explain.version_conflict(model, wanted, found)
    if not all(DIGEST.match(text) for text in (found.fingerprint, found.data_hash, found.artifact_digest)):
        return explain.registration_incomplete(model, found)
    return Record(wanted, found)


def _train(model: Model, observed: Observed, settings: Settings, now: datetime) -> Step:
    if _settled_in(model, settings, now) > 0:
        return Settle()
    if observed.trainings_elsewhere >= settings.max_concurrent_trainings:
        return Queued(observed.trainings_elsewhere, settings.max_concurrent_trainings)
    return Train(model.spec.wanted_label(), _next_attempt(model, observed))


def _settled_in(model: Model, settings: Settings, now: datetime) -> float:
    """Seconds until the last edit counts as the last one. Its time is known to the whole second only."""
    settled = model.edited_at + TIMESTAMP_GRAIN + timedelta(seconds=settings.settle_seconds)
    return (settled - now).total_seconds()


def _after_failure(
    model: Model, observed: Observed, settings: Settings, failed: Blocked, at: datetime, attempt: int, now: datetime
) -> Step:
    if _pause_after(failed, at, attempt, now) == 0:
        return _train(model, observed, settings, now)
    return failed


def _pause_after(failed: Blocked, at: datetime, attempt: int, now: datetime) -> float | None:
    """Seconds until the next try, 0 if it is due, None if there is none by itself."""
    if not _is_of_surroundings(failed.reason):
        return None
    pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempt - 1, 10))
    return max(0.0, (at + timedelta(seconds=pause) - now).total_seconds())


def _is_of_surroundings(reason: str) -> bool:
    return reason in _SURROUNDINGS


def _failure_of(job: TrainingJob) -> Blocked:
    match job.answer:
        case TrainingFailed() as answer:
            return explain.training_answered(job, answer)
        case _:
            return explain.training_died(job)


def _failed_at(job: TrainingJob) -> datetime:
    return job.finished_at or job.created_at


def _blocked_again(failure: LastFailure) -> Blocked:
    return Blocked(
        failure.step,
        failure.reason,
        failure.message,
        dead_end=True,
        exit_code=failure.exit_code,
        attempt=failure.attempt,
    )


def _remembered_failure(model: Model, wanted: str) -> LastFailure | None:
    """The failure of this label and recipe whose Job is gone, unless a retry was asked for since."""
    failure = model.status.last_failure
    if failure is None or failure.version != wanted or failure.recipe_hash != model.spec.recipe().recipe_hash():
        return None
    return None if _is_retried(model, failure.retry) or not failure.attempt else failure


def _is_retried(model: Model, seen: str) -> bool:
    return bool(model.retry) and model.retry != seen


def _latest_job(model: Model, observed: Observed, wanted: str) -> TrainingJob | None:
    recipe_hash = model.spec.recipe().recipe_hash()
    own = [
        job
        for job in observed.jobs
        if (job.label, job.recipe_hash) == (wanted, recipe_hash) and job.state is not JobState.DELETING
    ]
    return max(own, key=lambda job: job.attempt, default=None)


def _next_attempt(model: Model, observed: Observed) -> int:
    """One more than any known attempt at this recipe, under whatever label: the name of the Job must be a new one."""
    recipe_hash = model.spec.recipe().recipe_hash()
    failure = model.status.last_failure
    remembered = failure.attempt if failure is not None and failure.recipe_hash == recipe_hash else 0
    return 1 + max([remembered, *(job.attempt for job in observed.jobs if job.recipe_hash == recipe_hash)])


def _target(observed: Observed, wanted: str, step: Step) -> Revision | None:
    revision = observed.revisions.get(wanted)
    if revision is not None and not isinstance(step, Held) and not _is_refused(step):
        return revision
    live = deployed(observed)
    return observed.revisions.get(live.version) if live is not None else None


def _is_refused(step: Step) -> bool:
    return isinstance(step, Blocked) and step.step == ConditionType.ACCEPTED


def _obsolete_jobs(model: Model, observed: Observed, wanted: str, step: Step) -> tuple[str, ...]:
    latest = _latest_job(model, observed, wanted)
    superseded = [job for job in observed.jobs if job.state in UNFINISHED and job != latest and not model.spec.suspend]
    if latest is not None and latest.state in UNFINISHED and not isinstance(step, AwaitTraining):
        superseded.append(latest)
    finished = [job for job in observed.jobs if job.state in (JobState.SUCCEEDED, JobState.FAILED) and job != latest]
    finished.sort(key=lambda job: (job.created_at, job.name), reverse=True)
    return tuple(sorted(job.name for job in (*superseded, *finished[KEPT_FINISHED_JOBS:])))


def _requeue_after(model: Model, observed: Observed, settings: Settings, step: Step, now: datetime) -> float | None:
    match step:
        case Settle():
            return max(0.1, _settled_in(model, settings, now))
        case AwaitTraining():
            return PROGRESS_SECONDS
        case Roll():
            return ROLLOUT_SECONDS
        case Queued():
            return QUEUE_SECONDS
        case Blocked(reason="RegistryUnreachable", attempt=0):
            return REGISTRY_SECONDS
        case Blocked():
            return _until_next_try(model, observed, step, now)
        case Steady() if observed.rollouts_elsewhere >= settings.max_concurrent_rollouts:
            return QUEUE_SECONDS
        case Train() | AskRegistry() | Record() | Steady() | Held():
            return None


def _until_next_try(model: Model, observed: Observed, step: Blocked, now: datetime) -> float | None:
    job = _latest_job(model, observed, model.spec.wanted_label())
    if job is not None:
        return _pause_after(step, _failed_at(job), job.attempt, now)
    failure = model.status.last_failure
    return (
        _pause_after(step, _time(failure.time), failure.attempt, now) if failure is not None and step.attempt else None
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)

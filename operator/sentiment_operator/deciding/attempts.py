"""What is known of the trainings of a model, and what a failed one means for the next. Pure.

It looks at Jobs and at the remembered failure; it knows neither registry nor Deployment, and starts nothing.
"""

from datetime import datetime, timedelta

from sentiment_contract.training import FailureReason, Fault, TrainingFailed, fault_of
from sentiment_operator.api.status import LastFailure
from sentiment_operator.deciding.plan import AwaitTraining, Blocked, Search, Step, Train
from sentiment_operator.explaining import explain
from sentiment_operator.facts.jobs import JobState, TrainingJob
from sentiment_operator.facts.observed import Model, Observed

FIRST_PAUSE_SECONDS = 10
LONGEST_PAUSE_SECONDS = 300
KEPT_FINISHED_JOBS = 3
UNFINISHED = frozenset({JobState.PENDING, JobState.RUNNING})
_SURROUNDINGS = frozenset(str(reason) for reason in FailureReason if fault_of(reason) is Fault.SURROUNDINGS)


def latest_job(model: Model, observed: Observed, wanted: str) -> TrainingJob | None:
    """The last training of the wanted label from today's recipe, or the search that goes before it."""
    return max(_own(model, observed, wanted), key=lambda job: (job.attempt, job.searched is None), default=None)


def finished_search(model: Model, observed: Observed, wanted: str) -> TrainingJob | None:
    """The last search that ended well and whose trials MLflow still had: it need not be made again."""
    own = _own(model, observed, wanted)
    lost = max((job.attempt for job in own if _missed_trials(job)), default=0)
    ended = [job for job in own if job.searched and job.state is JobState.SUCCEEDED and job.attempt > lost]
    return max(ended, key=lambda job: job.attempt, default=None)


def _missed_trials(job: TrainingJob) -> bool:
    """Whether it was to train with the best of trials that MLflow did not have."""
    is_answer = isinstance(job.answer, TrainingFailed) and job.answer.reason is FailureReason.SEARCH_FAILED
    return is_answer and job.searched is None


def begun(model: Model, observed: Observed) -> Train | Search:
    """What is done first for the wanted label: a search where one is asked for and not there, else the training."""
    label, attempt = model.spec.wanted_label(), next_attempt(model, observed)
    if model.spec.training.search is None:
        return Train(label, attempt)
    search = finished_search(model, observed, label)
    if search is None:
        return Search(label, attempt)
    return Train(label, search.attempt if search == latest_job(model, observed, label) else attempt)


def _own(model: Model, observed: Observed, wanted: str) -> list[TrainingJob]:
    recipe_hash = model.spec.recipe_hash()
    return [
        job
        for job in observed.jobs
        if (job.label, job.recipe_hash) == (wanted, recipe_hash) and job.state is not JobState.DELETING
    ]


def next_attempt(model: Model, observed: Observed) -> int:
    """One more than any known attempt at this recipe, under whatever label: the name of the Job must be a new one."""
    recipe_hash = model.spec.recipe_hash()
    failure = model.status.last_failure
    remembered = failure.attempt if failure is not None and failure.recipe_hash == recipe_hash else 0
    return 1 + max([remembered, *(job.attempt for job in observed.jobs if job.recipe_hash == recipe_hash)])


def obsolete_jobs(model: Model, observed: Observed, wanted: str, step: Step) -> tuple[str, ...]:
    """Names of the trainings that nobody waits for any more, and of finished ones beyond the latest few."""
    latest = latest_job(model, observed, wanted)
    superseded = [job for job in observed.jobs if job.state in UNFINISHED and job != latest and not model.spec.suspend]
    if latest is not None and latest.state in UNFINISHED and not isinstance(step, AwaitTraining):
        superseded.append(latest)
    kept = (latest, finished_search(model, observed, wanted))
    finished = [job for job in observed.jobs if job.state in (JobState.SUCCEEDED, JobState.FAILED) and job not in kept]
    finished.sort(key=lambda job: (job.created_at, job.name), reverse=True)
    return tuple(sorted(job.name for job in (*superseded, *finished[KEPT_FINISHED_JOBS:])))


def is_retried(model: Model, seen: str) -> bool:
    """Whether the retry annotation got a value since."""
    return bool(model.retry) and model.retry != seen


def failure_of(model: Model, job: TrainingJob) -> Blocked:
    """What a failed training comes to."""
    match job.answer:
        case TrainingFailed(reason=FailureReason.SEARCH_FAILED) | None if job.searched and job.searched.all_failed:
            return explain.search_failed(model, job)
        case TrainingFailed() as answer:
            again_after = LONGEST_PAUSE_SECONDS if _is_of_surroundings(answer.reason) else None
            return explain.training_answered(model, job, answer, again_after)
        case _:
            return explain.training_died(model, job)


def failed_at(job: TrainingJob) -> datetime:
    """When it failed."""
    return job.finished_at or job.created_at


def remembered_failure(model: Model, wanted: str) -> LastFailure | None:
    """The failure of this label and recipe whose Job is gone, unless a retry was asked for since."""
    failure = model.status.last_failure
    if failure is None or failure.version != wanted or failure.recipe_hash != model.spec.recipe_hash():
        return None
    return None if is_retried(model, failure.retry) or not failure.attempt else failure


def blocked_again(failure: LastFailure) -> Blocked:
    """A failure that is only remembered, as it was."""
    return Blocked(
        failure.step,
        failure.reason,
        failure.message,
        dead_end=explain.is_dead_end(failure.reason),
        exit_code=failure.exit_code,
        attempt=failure.attempt,
    )


def pause_after(failed: Blocked, at: datetime, attempt: int, now: datetime) -> float | None:
    """Seconds until the next try, 0 if it is due, None if there is none by itself."""
    if not _is_of_surroundings(failed.reason):
        return None
    pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempt - 1, 10))
    return max(0.0, (at + timedelta(seconds=pause) - now).total_seconds())


def until_next_try(model: Model, observed: Observed, step: Blocked, now: datetime) -> float | None:
    """Seconds until the blocked version is tried again, None if it is not by itself."""
    job = latest_job(model, observed, model.spec.wanted_label())
    if job is not None:
        return pause_after(step, failed_at(job), job.attempt, now)
    failure = model.status.last_failure
    return pause_after(step, moment(failure), failure.attempt, now) if failure is not None and step.attempt else None


def _is_of_surroundings(reason: str) -> bool:
    return reason in _SURROUNDINGS


def moment(failure: LastFailure) -> datetime:
    """When a remembered failure happened."""
    return datetime.fromisoformat(failure.time)

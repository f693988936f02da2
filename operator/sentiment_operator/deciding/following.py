"""What is known of the branch or tag that a model follows, and whether somebody has to look again. Pure.

Two ways to look. A git server that tells its branches to anybody is asked by the operator, once for all models of a
repository, and a Job looks closer only where the commit moved. Where credentials or a volume are needed a Job looks at
intervals, since the operator reads no Secrets. Whatever fails, what was known before goes on.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentiment_contract.look_up import LookedUp
from sentiment_contract.training import Fault, TrainingFailed, fault_of
from sentiment_operator.api.conditions import timestamp
from sentiment_operator.api.following import Followed
from sentiment_operator.deciding.plan import Blocked, Following, Held, LookUp
from sentiment_operator.explaining import explain_following
from sentiment_operator.facts.jobs import JobState, LookUpJob
from sentiment_operator.facts.observed import Model, Observed
from sentiment_operator.reading.pinning import PinnedSpec, Question, question_of
from sentiment_operator.settings import Settings

FAILED_SECONDS = 60.0
"""Pause after a look-up that failed for a reason that may go away by itself."""
PLACE_SECONDS = 5.0
"""Pause where as many look-ups run as are allowed."""
TAKE_UP_SECONDS = 0.1
"""A new answer goes into the status first, and the pass after that acts on it."""
UNHEARD = timedelta(seconds=10)
"""How long after the end of a Job its answer may still be on its way."""
UNHEARD_SECONDS = 1.0
"""Pause until it is looked for again: no watch of this model tells of the pods of another."""
JITTER = 0.2
UNFINISHED = frozenset({JobState.PENDING, JobState.RUNNING})


@dataclass(frozen=True, slots=True)
class _Look:
    """What one pass sees of the question."""

    model: Model
    observed: Observed
    question: Question
    known: Followed | None
    """As it stands in the status, where the spec is pinned to it."""
    running: LookUpJob | None
    last: LookUpJob | None
    """The latest that ended and whose answer was heard."""

    @property
    def followed(self) -> Followed | None:
        """What is known by now."""
        answer, known = (self.last.answer if self.last is not None else None), self.known
        if self.last is None or not isinstance(answer, LookedUp):
            return known
        found = _followed(self.question, answer, self.last.finished_at or self.last.created_at)
        is_older = known is not None and found.time < known.time
        return known if is_older or (known is not None and _says_the_same(known, found)) else found

    @property
    def is_where_the_branch_is(self) -> bool:
        """The git server names the commit that is known."""
        head, followed = self.observed.head, self.followed
        return head is not None and followed is not None and head.commit == followed.commit


def follow(model: Model, observed: Observed, settings: Settings, now: datetime) -> Following:
    """What is known, and what is done to know more."""
    question = question_of(model.spec)
    if question is None or question.version in observed.revisions:
        own = (job for job in observed.look_ups if job.ours)
        return Following(followed=_kept(model), obsolete_jobs=_names(own))
    look = _look(model, observed, question, now)
    due_in = _due_in(look, settings, now)
    failure = _failure(look)
    return Following(
        followed=look.followed or _kept(model),
        look_up=_look_up(look) if due_in == 0 and _has_place(observed, settings) else None,
        failure=failure,
        unresolved=_unresolved(look, failure) if look.known is None else None,
        obsolete_jobs=_names(job for job in observed.look_ups if job.ours and job not in (look.running, look.last)),
        needs_pods=any(job.ours and _is_unheard(job, now) for job in observed.look_ups),
        requeue_after=_again_in(look, due_in),
    )


def _look(model: Model, observed: Observed, question: Question, now: datetime) -> _Look:
    jobs = [job for job in observed.look_ups if job.key == question.key() and job.state is not JobState.DELETING]
    ended = [job for job in jobs if job.state not in UNFINISHED and not _is_unheard(job, now)]
    return _Look(
        model=model,
        observed=observed,
        question=question,
        known=model.status.followed if isinstance(model.spec, PinnedSpec) else None,
        running=next((job for job in jobs if job not in ended), None),
        last=max(ended, key=lambda job: (job.finished_at or job.created_at, job.name), default=None),
    )


def _is_unheard(job: LookUpJob, now: datetime) -> bool:
    """It ended a moment ago, and what its pod said was not heard yet."""
    silent = job.state is JobState.SUCCEEDED and job.answer is None
    return silent and job.finished_at is not None and now - job.finished_at < UNHEARD


def _kept(model: Model) -> Followed | None:
    """What was followed before stays known for as long as it is of this branch: a label may be pinned meanwhile."""
    source = model.spec.data.dvc if model.spec.data is not None else None
    followed = model.status.followed
    return followed if source is not None and followed is not None and followed.revision == source.revision else None


def _followed(question: Question, answer: LookedUp, at: datetime) -> Followed:
    parameters = answer.parameters.model_dump_json(by_alias=True, exclude_none=True) if answer.parameters else ""
    return Followed(
        question=question.digest(),
        revision=question.source.revision,
        commit=answer.commit,
        content=answer.content,
        parameters=parameters,
        time=timestamp(at),
    )


def _says_the_same(known: Followed, found: Followed) -> bool:
    return known.model_copy(update={"time": found.time}) == found


def _failure(look: _Look) -> Blocked | None:
    """Why the latest look failed, None where it did not or where the branch is back at what is known."""
    if look.is_where_the_branch_is:
        return None
    known = look.followed
    if look.observed.head is not None and look.observed.head.reason:
        return explain_following.server_said(look.model, look.question, look.observed.head, known)
    last = look.last
    if last is None or isinstance(last.answer, LookedUp):
        return None
    return explain_following.job_failed(look.model, look.question, last, known)


def _due_in(look: _Look, settings: Settings, now: datetime) -> float | None:
    """Seconds until a Job has to look, None where none has to."""
    if look.running is not None or look.model.spec.suspend:
        return None
    if _is_asked_for(look):
        return 0
    if look.question.is_for_the_operator and not _is_news(look):
        return None
    if look.last is None:
        return None if look.question.is_asked_once and look.known is not None else 0
    if look.question.is_for_the_operator and look.last.commit != _named(look):
        return 0
    if not isinstance(look.last.answer, LookedUp):
        return None if _is_final(look) else _until(look.last, FAILED_SECONDS, now)
    return None if look.question.is_asked_once else _until(look.last, settings.look_up_job_seconds, now)


def _is_asked_for(look: _Look) -> bool:
    """A person gave the retry annotation another value, or a webhook told of a change."""
    last, told_at = look.last, look.observed.look_up_asked_at
    if last is None:
        return False
    by_person = last.ours and bool(look.model.retry) and last.retry != look.model.retry
    by_webhook = told_at is not None and last.created_at < told_at and not look.question.is_for_the_operator
    return by_person or (by_webhook and not look.question.is_asked_once)


def _named(look: _Look) -> str:
    """The commit that the git server names."""
    return look.observed.head.commit if look.observed.head is not None else ""


def _is_news(look: _Look) -> bool:
    """The git server names a commit that nobody has looked at: neither what is known nor what the last Job was for."""
    commit, last = _named(look), look.last
    if not commit or look.is_where_the_branch_is:
        return False
    return last is None or last.commit != commit or not (isinstance(last.answer, LookedUp) or _is_final(look))


def _is_final(look: _Look) -> bool:
    """The commit itself is at fault: looking at it again finds the same."""
    last = look.last
    if last is None or not isinstance(last.answer, TrainingFailed) or fault_of(last.answer.reason) is not Fault.DATA:
        return False
    at_a_commit = look.question.is_for_the_operator and last.commit == _named(look)
    return at_a_commit or look.question.is_asked_once


def _until(last: LookUpJob, seconds: float, now: datetime) -> float:
    """Seconds that are left of the pause, which differs a little from Job to Job so that not all look at once."""
    spread = 1 + JITTER * (zlib.crc32(last.name.encode()) % 1000) / 1000
    ended = last.finished_at or last.created_at
    return max(0.0, (ended + timedelta(seconds=seconds * spread) - now).total_seconds())


def _has_place(observed: Observed, settings: Settings) -> bool:
    return observed.look_ups_elsewhere < settings.max_concurrent_look_ups


def _look_up(look: _Look) -> LookUp:
    attempts = [job.attempt for job in look.observed.look_ups if job.ours]
    return LookUp(look.question, _named(look), 1 + max(attempts, default=0))


def _unresolved(look: _Look, failure: Blocked | None) -> Blocked | Held:
    if look.model.spec.suspend:
        return Held()
    return failure or explain_following.looking_up(look.model, look.question, look.running)


def _again_in(look: _Look, due_in: float | None) -> float | None:
    if look.followed is not None and look.followed != look.model.status.followed:
        return TAKE_UP_SECONDS
    if look.running is not None and look.running.state not in UNFINISHED:
        return UNHEARD_SECONDS
    return PLACE_SECONDS if due_in == 0 else due_in


def _names(jobs: Iterable[LookUpJob]) -> tuple[str, ...]:
    return tuple(sorted(job.name for job in jobs if job.state is not JobState.DELETING))

"""Decides what a trained version has to pass before it may serve: its gates, then the agreement of people. Pure.

Everything that was found out is sealed in the status of the revision, so a version that passed once has passed, and
nothing here depends on what an earlier pass did. The rules, in the order in which they are tried:

1. What serves, or has served, is proven.
2. A gate on a figure of the training is judged at once; others need a Job that scores both versions on the same reviews.
3. A gate that was not passed blocks, unless it only warns. It is judged anew for another definition of the gate, another
   version that serves, or another value of the retry annotation.
4. People have to agree where the model says so.
"""

from datetime import datetime

from sentiment_contract.gates import Compared, Figures, Gate
from sentiment_contract.training import TrainingFailed
from sentiment_operator.deciding import attempts
from sentiment_operator.deciding.approving import Awaiting, Granted, Rejected, missing, new_answers
from sentiment_operator.deciding.evidence import Trial, blocking, is_proven, served_last, trial
from sentiment_operator.deciding.plan import AwaitApproval, AwaitComparison, Blocked, Compare, Held, Queued, Seal, Step
from sentiment_operator.explaining import explain_promotion
from sentiment_operator.facts.jobs import ComparisonJob, JobState
from sentiment_operator.facts.observed import Model, Observed, Revision
from sentiment_operator.settings import Settings

PROBLEM_CHARACTERS = 300
KEPT_COMPARISONS = 1


def before_serving(
    model: Model, observed: Observed, revision: Revision, settings: Settings, now: datetime
) -> Step | None:
    """What has to be done before the revision may serve; None: nothing, it may."""
    # Whatever people answered is kept at once: its SentimentModelApproval may be deleted before it counts.
    if unsealed := new_answers(revision, observed.answers):
        return Seal(revision, approvals=unsealed)
    if is_proven(model, observed, revision):
        return None
    return _gates(trial(model, observed, revision), observed, settings, now) or _people(model, observed, revision)


def obsolete_comparisons(observed: Observed, step: Step) -> tuple[str, ...]:
    """Names of the comparisons that nobody waits for any more, and of ended ones beyond the latest."""
    awaited = step.job.name if isinstance(step, AwaitComparison) else ""
    unfinished = [job.name for job in observed.comparisons if job.state in attempts.UNFINISHED and job.name != awaited]
    if isinstance(step, Held):
        unfinished = []  # Suspended, what runs may end.
    ended = [job for job in observed.comparisons if job.state in (JobState.SUCCEEDED, JobState.FAILED)]
    ended.sort(key=lambda job: (job.created_at, job.name), reverse=True)
    return tuple(sorted([*unfinished, *(job.name for job in ended[KEPT_COMPARISONS:])]))


def until_next_try(observed: Observed, step: Blocked, now: datetime) -> float | None:
    """Seconds until a comparison that the surroundings hindered is tried again, None if it is not by itself."""
    ended = [job for job in observed.comparisons if job.state is JobState.FAILED]
    last = max(ended, key=lambda job: (job.created_at, job.attempt), default=None)
    return attempts.pause_after(step, _ended_at(last), last.attempt, now) if last is not None else None


def _gates(case: Trial, observed: Observed, settings: Settings, now: datetime) -> Step | None:
    found = case.found()
    open_gates = tuple(gate for gate in case.model.spec.gates if gate.name not in found)
    at_once = [gate for gate in open_gates if not case.needs_scoring(gate)]
    if at_once:
        return Seal(case.revision, gates=tuple(case.judged_at_once(gate, now) for gate in at_once))
    if open_gates:
        return _compare(case, open_gates, observed, settings, now)
    not_passed = blocking(found)
    return explain_promotion.gates_not_passed(case.model, case.revision, not_passed) if not_passed else None


def _compare(case: Trial, every: tuple[Gate, ...], observed: Observed, settings: Settings, now: datetime) -> Step:
    # One Job compares with one version; gates that name another one wait for the next.
    baseline = next((case.compared_with(gate) for gate in every if gate.compare_with is not None), case.baseline)
    gates = tuple(gate for gate in every if gate.compare_with is None or case.compared_with(gate) == baseline)
    key = case.comparison_key(gates)
    job = _latest(observed, key)
    if job is None:
        return _start(Compare(case.revision, baseline, gates, key, attempt=1), observed, settings)
    if job.state in attempts.UNFINISHED:
        return AwaitComparison(job)
    if isinstance(job.answer, TrainingFailed):
        hindered = explain_promotion.comparison_hindered(case.model, job.answer)
        pause = attempts.pause_after(hindered, _ended_at(job), job.attempt, now)
        if pause == 0:
            return _start(Compare(case.revision, baseline, gates, key, job.attempt + 1), observed, settings)
        if pause is not None:
            return hindered
    if not isinstance(job.answer, Compared) and not observed.pods_are_fresh:
        # That it ended may be heard before what its last pod said; a verdict is for good, so the pods are looked at first.
        return AwaitComparison(job)
    return Seal(case.revision, gates=tuple(case.judged(gate, _figures(gate, job), now) for gate in gates))


def _latest(observed: Observed, key: str) -> ComparisonJob | None:
    same = [job for job in observed.comparisons if job.key == key and job.state is not JobState.DELETING]
    return max(same, key=lambda job: job.attempt, default=None)


def _start(step: Compare, observed: Observed, settings: Settings) -> Step:
    if observed.trainings_elsewhere >= settings.max_concurrent_trainings:
        return Queued(observed.trainings_elsewhere, settings.max_concurrent_trainings)
    return step


def _figures(gate: Gate, job: ComparisonJob) -> Figures:
    """What an ended Job measured for the gate. Where it measured nothing, why: then the gate is not passed."""
    match job.answer:
        case Compared(figures=figures):
            silent = Figures(gate=gate.name, problem=f"Job {job.name} reported nothing for this gate")
            return next((entry for entry in figures if entry.gate == gate.name), silent)
        case TrainingFailed() | None:
            return Figures(gate=gate.name, problem=explain_promotion.no_comparison(job)[:PROBLEM_CHARACTERS])


def _people(model: Model, observed: Observed, revision: Revision) -> Step | None:
    standing = missing(model.spec.promotion, revision)
    match standing:
        case Granted():
            return None
        case Awaiting():
            return AwaitApproval(revision, standing)
        case Rejected():
            serving = served_last(model, observed, but=revision.spec.version)
            return explain_promotion.rejected(model, revision, standing, serving.spec.version if serving else "")


def _ended_at(job: ComparisonJob) -> datetime:
    return job.finished_at or job.created_at

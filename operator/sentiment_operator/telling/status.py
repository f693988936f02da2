"""The status of a model after a pass. Pure; the time is given.

Everything is derived from what was seen, but for what only the past knows: transition times, history, the last failure.
"""

from datetime import datetime

from sentiment_contract.gates import Verdict
from sentiment_contract.recipe import Recipe
from sentiment_contract.search import BestTrial
from sentiment_operator import names
from sentiment_operator.api.conditions import Verdict as Finding
from sentiment_operator.api.conditions import conditions, timestamp
from sentiment_operator.api.promotion import GateEvidence
from sentiment_operator.api.search import BestTried, SearchStatus
from sentiment_operator.api.status import ConditionType, LastFailure, Lineage, SentimentModelStatus, TrainingStatus
from sentiment_operator.deciding.evidence import is_proven, trial
from sentiment_operator.deciding.plan import Blocked, Plan, Roll, Shift, Steady, TakeOver
from sentiment_operator.deciding.view import View
from sentiment_operator.facts.jobs import JobState, TrainingJob
from sentiment_operator.facts.observed import Model, Observed, Origin, Revision
from sentiment_operator.notify.outbox import Told, with_post
from sentiment_operator.reading.deployed import deployed
from sentiment_operator.reading.in_force import as_in_force
from sentiment_operator.rollout import told as rollout_progress
from sentiment_operator.rollout.candidate import running
from sentiment_operator.telling.chain import CHAIN
from sentiment_operator.telling.history import KEPT_HISTORY, history, serving_version
from sentiment_operator.telling.verdicts import verdicts

SHORT = 8


def status(model: Model, observed: Observed, plan: Plan, now: datetime) -> SentimentModelStatus:
    """The whole status."""
    found = verdicts(View(as_in_force(model, observed), observed, plan))
    serving = serving_version(model, observed, plan)
    served = history(model, observed, plan, serving, now)
    revision, live = observed.revisions.get(serving), deployed(observed)
    wanted = observed.revisions.get(plan.wanted)
    evidence = _evidence(model, observed, wanted)
    after = SentimentModelStatus(
        observed_generation=model.generation,
        wanted_version=plan.wanted,
        serving_version=serving,
        candidate_version=plan.wanted if _is_rolling_out(plan, serving) else "",
        previous_version=next((entry.version for entry in served if entry.version != serving), ""),
        url=names.service_url(model) if live is not None else "",
        replicas=_replicas(observed),
        ready_replicas=sum(pod.ready and not pod.deleting and not pod.is_shadow for pod in observed.pods),
        canary_percent=rollout_progress.canary_percent(plan),
        rollout=rollout_progress.rollout_status(model, plan),
        plan=plan.preview,
        lineage=_lineage(revision) if revision is not None else None,
        training=_training(model, observed, plan),
        gates=evidence,
        gates_summary=_summary(model, evidence),
        approvals=wanted.status.approvals[-KEPT_HISTORY:] if wanted is not None else (),
        history=served,
        last_failure=_last_failure(model, observed, plan, found, now),
        followed=plan.following.followed,
        conditions=conditions(found, model.status.conditions, model.generation, now),
    )
    origin = Origin(model.namespace, model.name, model.uid, model.generation, model.retry)
    return with_post(after, model.status, Told(origin, model.spec.notifications, observed.post), now)


def _is_rolling_out(plan: Plan, serving: str) -> bool:
    """A candidate may answer everything and is one all the same, until its rollout is over."""
    return isinstance(plan.step, Shift | TakeOver) or (isinstance(plan.step, Roll) and serving != plan.wanted)


def _replicas(observed: Observed) -> int:
    """Pods that users are, or will be, answered by."""
    live, candidate = deployed(observed), running(observed)
    shadows = any(pod.is_shadow for pod in observed.pods)
    beside = candidate.live.replicas if candidate is not None and not shadows else 0
    return (live.replicas if live is not None else 0) + beside


def _evidence(model: Model, observed: Observed, wanted: Revision | None) -> tuple[GateEvidence, ...]:
    """What today's gates came to for the wanted version; where it served before them, what it had to prove then."""
    if wanted is None:
        return ()
    found = trial(model, observed, wanted).found()
    if found or not is_proven(model, observed, wanted):
        return tuple(found.values())
    latest = {entry.name: entry for entry in wanted.status.gates}
    return tuple(latest.values())[-KEPT_HISTORY:]


def _summary(model: Model, evidence: tuple[GateEvidence, ...]) -> str:
    passed = sum(entry.verdict is Verdict.PASSED for entry in evidence)
    total = max(len(model.spec.gates), len(evidence))
    return f"{passed}/{total}" if total else ""


def _lineage(revision: Revision) -> Lineage:
    spec = revision.spec
    commit = f"git {spec.git_commit[:SHORT]} → " if spec.git_commit else ""
    return Lineage(
        git_commit=spec.git_commit,
        git_author=spec.git_author,
        data_hash=spec.data_hash,
        recipe_hash=spec.recipe_hash,
        fingerprint=spec.fingerprint,
        runID=spec.registry.run_id,
        registry_version=spec.registry.version,
        artifact_digest=spec.artifact_digest,
        image_digest=spec.image_digest,
        environment_hash=spec.environment_hash,
        summary=(
            f"{commit}data {spec.data_hash[:SHORT]} → run {spec.registry.run_id[:SHORT]} → model {spec.artifact_digest[:SHORT]}"
        ),
    )


def _training(model: Model, observed: Observed, plan: Plan) -> TrainingStatus | None:
    job = _job_of(observed, plan)
    revision = observed.revisions.get(plan.wanted)
    if job is None and revision is None:
        return None
    metrics, search = revision.spec.metrics if revision is not None else (), _search(model, observed, plan, revision)
    if job is None:
        return TrainingStatus(metrics=metrics, progress_percent=100, search=search)
    progress = 100 if job.state is JobState.SUCCEEDED else job.progress_percent
    return TrainingStatus(
        job_name=job.name, attempt=job.attempt, progress_percent=progress, metrics=metrics, search=search
    )


def _search(model: Model, observed: Observed, plan: Plan, revision: Revision | None) -> SearchStatus | None:
    """As the version records it, else as its Job tells."""
    recorded = revision.spec.search if revision is not None else None
    jobs = [job for job in observed.jobs if job.label == plan.wanted and job.searched is not None]
    latest = max(jobs, key=lambda job: (job.created_at, job.attempt), default=None)
    name = latest.name if latest is not None else ""
    if recorded is not None:
        done = recorded.trials - recorded.failed
        return SearchStatus(
            job_name=name,
            trials=recorded.trials,
            done=done,
            failed=recorded.failed,
            best=_best(recorded.best, revision.spec.recipe if revision is not None else None),
        )
    if latest is None or latest.searched is None or revision is not None:
        return None
    found = latest.searched
    return SearchStatus(
        job_name=name,
        trials=found.trials,
        done=found.ended_well,
        failed=found.ended_badly,
        best=_best(found.best, model.spec.recipe()),
    )


def _best(best: BestTrial | None, recipe: Recipe | None) -> BestTried | None:
    if best is None:
        return None
    searched = (
        recipe.search.parameters.model_dump(by_alias=True, exclude_defaults=True) if recipe and recipe.search else {}
    )
    values = best.parameters.model_dump(mode="json", by_alias=True)
    told = ", ".join(f"{name} {_value(values[name])}" for name in searched)
    return BestTried(trial=best.trial, accuracy=best.accuracy, parameters=told)


def _value(value: object) -> str:
    return "as usual" if value is None else str(value)


def _job_of(observed: Observed, plan: Plan) -> TrainingJob | None:
    jobs = [job for job in observed.jobs if job.label == plan.wanted]
    return max(jobs, key=lambda job: (job.created_at, job.attempt, job.searched is None), default=None)


def _last_failure(
    model: Model, observed: Observed, plan: Plan, found: dict[ConditionType, Finding], now: datetime
) -> LastFailure | None:
    before = model.status.last_failure
    if isinstance(plan.step, Steady) and before is not None and before.version == plan.wanted:
        return None
    failure = _failure(model, observed, plan, found, now)
    if failure is None:
        return before
    return before if before is not None and _is_same(before, failure) else failure


def _failure(
    model: Model, observed: Observed, plan: Plan, found: dict[ConditionType, Finding], now: datetime
) -> LastFailure | None:
    """What failed in this pass, None if nothing did."""
    failed = _failed_condition(plan, found)
    if failed is None or not plan.wanted:
        return None  # Without a version that is wanted, nothing of it failed: DependenciesReady says what did.
    step, job = plan.step, _job_of(observed, plan)
    of_training = isinstance(step, Blocked) and step.attempt > 0 and job is not None
    return LastFailure(
        version=plan.wanted,
        step=failed,
        reason=found[failed].reason,
        message=found[failed].message,
        exit_code=step.exit_code if isinstance(step, Blocked) else None,
        time=timestamp(job.finished_at if of_training and job is not None and job.finished_at is not None else now),
        recipe_hash=model.spec.recipe_hash(),
        retry=job.retry if of_training and job is not None else "",
        attempt=step.attempt if isinstance(step, Blocked) else 0,
    )


def _failed_condition(plan: Plan, found: dict[ConditionType, Finding]) -> ConditionType | None:
    """The condition that a training failed at, or that stalls the model."""
    stalled = found[ConditionType.STALLED]
    if isinstance(plan.step, Blocked) and (plan.step.dead_end or plan.step.attempt > 0):
        return ConditionType(plan.step.step)
    if stalled.status != "True":
        return None
    return next(kind for kind in CHAIN if found[kind].reason == stalled.reason)


def _is_same(before: LastFailure, after: LastFailure) -> bool:
    """The same failure seen again keeps the time at which it was first seen, and what is remembered of its Job."""
    keys = ("version", "step", "reason", "recipe_hash", "attempt")
    return all(getattr(before, key) == getattr(after, key) for key in keys)

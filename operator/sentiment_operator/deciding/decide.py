"""Decides what to do next for one model. Pure: everything seen comes in, the plan comes out.

The rules, in the order in which they are tried:

1. Another, older model names the same registered model: accepted is the older one only. Nor is a model accepted that
   follows itself, or whose requests a Gateway is to divide where the operator was installed without.
   A model that follows another one then waits until that has proven the version (promoting/).
2. The wanted label has a revision: it is served as recorded, whatever the recipe says now. No training, no registry.
   It has to pass its gates and be approved first (gating.py), and to prove itself as a candidate where the rollout asks
   for it (rollout/), unless it served before.
   Where the label follows from a branch that nobody has looked at yet (following.py), that is waited for.
3. `suspend`: nothing new is begun, and nothing that is there is changed or removed; a training that runs may end.
4. A training of this label and recipe runs: wait for it. So with a search for its parameters; one that ended well leads
   to the training.
5. It ended well: its result stands in the registry, and becomes the revision.
6. It failed: a fault of the data or a crash waits for another recipe or another value of the retry annotation; a fault
   of the surroundings is tried again after a growing pause.
7. Nothing is known of the label: ask the registry. Known there from the same recipe: it becomes the revision, at once.
   Once the edits have settled: known from another recipe, the label is taken; unknown, search where the spec asks for it,
   then train when a place is free.

Trainings of what is no longer wanted are removed. What serves keeps serving until the wanted version is proven.
"""

import re
from datetime import datetime

from sentiment_operator.api.reasons import Reason
from sentiment_operator.deciding import attempts, gating, looking_again, obsolete, serving_now
from sentiment_operator.deciding.evidence import runs
from sentiment_operator.deciding.following import follow
from sentiment_operator.deciding.plan import (
    AskRegistry,
    AwaitComparison,
    AwaitTraining,
    Blocked,
    Candidate,
    Compare,
    Following,
    Held,
    Plan,
    Queued,
    Record,
    Roll,
    Seal,
    Settle,
    Shift,
    Steady,
    Step,
    TakeOver,
)
from sentiment_operator.explaining import explain
from sentiment_operator.facts.jobs import JobState, TrainingJob
from sentiment_operator.facts.observed import (
    Model,
    Observed,
    RegisteredVersion,
    RegistryAnswer,
    RegistryAway,
    RegistryNotAsked,
    Revision,
)
from sentiment_operator.promoting import stage
from sentiment_operator.reading.deployed import deployed
from sentiment_operator.reading.in_force import as_in_force
from sentiment_operator.rollout import advance, routing
from sentiment_operator.rollout.candidate import running
from sentiment_operator.settings import Settings

DIGEST = re.compile(r"^[0-9a-f]{64}$")


def decide(model: Model, observed: Observed, settings: Settings, now: datetime) -> Plan:
    """The next step, and which revision the Deployment has to run meanwhile."""
    model = as_in_force(model, observed)
    wanted = stage.wanted(model, observed, now)
    following = follow(model, observed, settings, now)
    step = _step(model, observed, wanted, following, settings, now)
    standing = stage.source_standing(model, observed, now)
    candidate = _candidate(model, observed, wanted, step)
    target = _target(model, observed, wanted, step)
    again_in = looking_again.due_in(model, observed, wanted, settings, step, now), following.requeue_after
    return Plan(
        step=step,
        wanted=wanted,
        target=target,
        candidate=candidate,
        only_version=routing.only_version(model, observed, step, candidate) or routing.kept_to(model, observed, target),
        candidate_percent=routing.share(model, observed, candidate),
        obsolete_revisions=() if model.spec.suspend else obsolete.revisions(model, observed, wanted),
        obsolete_jobs=() if model.spec.suspend else obsolete.jobs(model, observed, wanted, following, step),
        source_standing=standing,
        requeue_after=looking_again.soonest(*again_in, stage.until_proven(standing, now)),
        is_tried_again=isinstance(step, Blocked) and again_in[0] is not None,
        needs_registry=isinstance(step, AskRegistry),
        needs_pods=following.needs_pods
        or (isinstance(step, AwaitComparison) and step.job.state not in attempts.UNFINISHED),
        needs_metrics=isinstance(step, Shift) and _counts(observed, step),
        needs_probe=isinstance(step, Roll) and serving_now.is_worth_a_probe(observed, step.revision),
        following=following,
    )


def _step(
    model: Model, observed: Observed, wanted: str, following: Following, settings: Settings, now: datetime
) -> Step:
    if (first := _before_looking(model, observed, wanted, settings, now)) is not None:
        return first
    revision = observed.revisions.get(wanted)
    if revision is not None:
        return _serve(model, observed, revision, settings, now)
    if following.unresolved is not None:
        return following.unresolved
    job = attempts.latest_job(model, observed, wanted)
    if job is not None and job.state in attempts.UNFINISHED:
        return AwaitTraining(job)
    if job is not None and job.state is JobState.SUCCEEDED and job.searched is None:
        return _record(model, observed, settings, job, now)
    if model.spec.suspend:
        return Held()
    if job is not None and job.state is JobState.FAILED and not attempts.is_retried(model, job.retry):
        return _after_failure(
            model, observed, settings, attempts.failure_of(model, job), attempts.failed_at(job), job.attempt, now
        )
    if job is None and (failure := attempts.remembered_failure(model, wanted)) is not None:
        return _after_failure(
            model, observed, settings, attempts.blocked_again(failure), attempts.moment(failure), failure.attempt, now
        )
    if job is not None:
        return _train(model, observed, settings, now)
    return _ask_then_train(model, observed, settings, wanted, now)


def _not_accepted(model: Model, observed: Observed, settings: Settings) -> Blocked | None:
    """Why the spec cannot be followed here, however valid it is."""
    if observed.rival:
        return explain.rival(model, observed.rival)
    if routing.gateway_of(model) is not None and not settings.gateway_api:
        return explain.unsupported_router(model)
    return stage.unacceptable(model)


def _before_looking(model: Model, observed: Observed, wanted: str, settings: Settings, now: datetime) -> Step | None:
    """What keeps the wanted version from being looked at: the spec is not accepted, or another model has to prove it."""
    refused = _not_accepted(model, observed, settings)
    if refused is not None or model.spec.promotion.source is None:
        return refused
    is_new = wanted not in observed.revisions or serving_now.label(model, observed) != wanted
    return Held() if model.spec.suspend and is_new else stage.before_serving(model, observed, wanted, settings, now)


def _serve(model: Model, observed: Observed, revision: Revision, settings: Settings, now: datetime) -> Step:
    if model.spec.suspend and serving_now.is_another(model, observed, revision):
        return Held()
    # Before anything else, even before what people say is written down: pods that wait to be adopted would be ended.
    if (handing_over := advance.taking_over(observed, revision)) is not None:
        return handing_over
    if (first := gating.before_serving(model, observed, revision, settings, now)) is not None:
        return Settle() if isinstance(first, Compare) and looking_again.settled_in(model, settings, now) > 0 else first
    taken = [kind for kind, child in observed.children.items() if child is not None and not child.ours]
    if taken:
        return explain.name_taken(model, taken)
    live = deployed(observed)
    if live is not None and serving_now.has_all_traffic(model, observed, revision, live):
        return Steady(revision)
    stable = serving_now.current(model, observed)
    if stable is None or runs(live, revision) or advance.takes_over_at_once(model, revision, stable):
        return Roll(revision)
    return advance.advance(model, observed, revision, stable, settings, now)


def _record(model: Model, observed: Observed, settings: Settings, job: TrainingJob, now: datetime) -> Step:
    match observed.registry:
        case RegistryNotAsked():
            return AskRegistry()
        case RegistryAway(message):
            return explain.registry_away(model, message)
        case RegistryAnswer(versions):
            if (recorded := _recorded_as(model, versions, job.label)) is not None:
                return recorded
            retried = attempts.is_retried(model, job.retry) and not model.spec.suspend
            return _train(model, observed, settings, now) if retried else explain.registration_missing(model, job)


def _ask_then_train(model: Model, observed: Observed, settings: Settings, wanted: str, now: datetime) -> Step:
    match observed.registry:
        case RegistryNotAsked():
            return AskRegistry()
        case RegistryAway(message):
            return explain.registry_away(model, message)
        case RegistryAnswer(versions):
            found = _recorded_as(model, versions, wanted) or _train(model, observed, settings, now)
            # The next edit may be on its way that makes the recipe what the label stands for.
            return (
                Settle() if isinstance(found, Blocked) and looking_again.settled_in(model, settings, now) > 0 else found
            )


def _recorded_as(model: Model, versions: tuple[RegisteredVersion, ...], wanted: str) -> Step | None:
    """The step where the registry knows the label; None where it does not."""
    found = next((version for version in versions if wanted in version.labels), None)
    if found is None:
        return None
    if found.labels[wanted] != model.spec.recipe_hash():
        return explain.version_conflict(model, wanted, found)
    if not all(DIGEST.match(text) for text in (found.fingerprint, found.data_hash, found.artifact_digest)):
        return explain.registration_incomplete(model, found)
    return Record(wanted, found)


def _train(model: Model, observed: Observed, settings: Settings, now: datetime) -> Step:
    trainer = model.spec.training.trainer
    if trainer is not None and trainer not in settings.trainers:
        return explain.unknown_trainer(model, settings.trainers)
    if looking_again.settled_in(model, settings, now) > 0:
        return Settle()
    if observed.trainings_elsewhere >= settings.max_concurrent_trainings:
        return Queued(observed.trainings_elsewhere, settings.max_concurrent_trainings)
    return attempts.begun(model, observed)


def _after_failure(
    model: Model, observed: Observed, settings: Settings, failed: Blocked, at: datetime, attempt: int, now: datetime
) -> Step:
    if attempts.pause_after(failed, at, attempt, now) == 0:
        return _train(model, observed, settings, now)
    return failed


def _candidate(model: Model, observed: Observed, wanted: str, step: Step) -> Candidate | None:
    """The pods to run beside those that serve."""
    match step:
        case Shift(candidate=candidate) | TakeOver(candidate=candidate):
            return candidate
        case Held():
            # Whatever is wanted by now: the one that is there stays as it is.
            there, is_kept = running(observed), True
            wanted = there.live.version if there is not None else wanted
        case Blocked():
            is_kept = step.reason in (Reason.ROLLOUT_HELD, Reason.UNSUPPORTED_ROUTER)
        case _:
            # What is known of the version is written down first; what follows for the candidate, follows then.
            is_kept = isinstance(step, Seal)
    if not is_kept:
        return None
    return advance.frozen(model, observed, observed.revisions.get(wanted), serving_now.current(model, observed))


def _counts(observed: Observed, step: Shift) -> bool:
    """Whether the metrics of the pods are needed to go on, and were not read yet."""
    there = running(observed)
    if observed.answered is not None or step.candidate is None or there is None:
        return False
    return step.candidate.progress.since is not None or there.live.available > 0


def _target(model: Model, observed: Observed, wanted: str, step: Step) -> Revision | None:
    revision, current = observed.revisions.get(wanted), serving_now.current(model, observed)
    if revision is not None and _may_serve(model, revision, current, step):
        return revision
    return current


def _may_serve(model: Model, revision: Revision, current: Revision | None, step: Step) -> bool:
    if isinstance(step, Blocked) and step.reason == Reason.NAME_TAKEN:
        return advance.takes_over_at_once(model, revision, current)
    return isinstance(step, Roll | Steady | TakeOver)

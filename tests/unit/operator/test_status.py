"""What a person reads of a model: the conditions, the history, the last failure, the Events."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sentiment_contract.training import FailureReason
from sentiment_operator.api import Condition, ConditionType, SentimentModelStatus
from sentiment_operator.decide import decide
from sentiment_operator.facts import Child, ChildKind, JobState, Model, Observed, Refusal, RegistryAway, Trouble
from sentiment_operator.status import events, status
from tests.support.builders import (
    NOW,
    SETTINGS,
    deployment,
    failed_job,
    job,
    known,
    model,
    observed,
    pod,
    probe,
    revision,
    spec,
)

PROVEN = observed(revision(), live=deployment(), pods=(pod(),), pods_are_fresh=True, probe=probe())
TAKEN: dict[ChildKind, Child | None] = {ChildKind.SERVICE: Child({"metadata": {}}, ours=False)}
SITUATIONS: dict[str, tuple[Model, Observed]] = {
    "nothing was looked at yet": (model(), observed()),
    "just edited": (model(edited_at=NOW), observed(registry=known())),
    "a training starts": (model(), observed(registry=known())),
    "queued": (model(), observed(registry=known(), trainings_elsewhere=9)),
    "a training runs": (model(), observed(jobs=(job(JobState.RUNNING),))),
    "a training cannot be scheduled": (
        model(),
        observed(jobs=(job(JobState.PENDING, trouble=Trouble("Unschedulable", "no node has 64 CPUs")),)),
    ),
    "the data is wrong": (model(), observed(jobs=(failed_job(FailureReason.DATA_ONE_CLASS),))),
    "the repository is away": (
        model(),
        observed(jobs=(failed_job(FailureReason.REPOSITORY_UNREACHABLE, finished_at=NOW),)),
    ),
    "MLflow is away": (model(), observed(registry=RegistryAway("connection refused"))),
    "the first pods start": (model(), observed(revision())),
    "rolling out": (model(), observed(revision(), live=deployment(availableReplicas=0), pods=(pod(ready=False),))),
    "a pod refuses its model": (
        model(),
        observed(
            revision(),
            live=deployment(availableReplicas=0),
            pods=(pod(ready=False, trouble=Trouble("DigestMismatch", "expected a, got b")),),
        ),
    ),
    "an old pod drains": (
        model(),
        observed(
            revision(), live=deployment(), pods=(pod(), pod("0", deleting=True)), pods_are_fresh=True, probe=probe()
        ),
    ),
    "ready": (model(), PROVEN),
    "ready from another recipe": (model(spec(rows=500)), PROVEN),
    "suspended": (
        model(spec(suspend=True)),
        observed(revision("0"), revision(), live=deployment("0"), pods=(pod("0"),)),
    ),
    "a rival was first": (model(), observed(rival="reviews/older")),
    "a name is taken": (model(), observed(revision(), children=TAKEN)),
    "a write was refused": (model(), observed(revision(), refusals=(Refusal("Deployment", "imdb", "exceeded quota"),))),
}


def told(wanted: Model, seen: Observed) -> SentimentModelStatus:
    return status(wanted, seen, decide(wanted, seen, SETTINGS, NOW), NOW)


def conditions(found: SentimentModelStatus) -> dict[str, Condition]:
    return {condition.type: condition for condition in found.conditions}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_condition_is_there_from_the_first_pass(situation: str) -> None:
    assert [condition.type for condition in told(*SITUATIONS[situation]).conditions] == [
        str(kind) for kind in ConditionType
    ]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_same_facts_seen_again_change_nothing(situation: str) -> None:
    wanted, seen = SITUATIONS[situation]
    first = told(wanted, seen)
    later = replace(wanted, status=first)
    plan = decide(later, seen, SETTINGS, NOW)
    assert status(later, seen, plan, NOW + timedelta(seconds=5)) == first


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_dead_end_says_what_to_do_next(situation: str) -> None:
    found = conditions(told(*SITUATIONS[situation]))
    if found["Stalled"].status == "True":
        assert "Next:" in found["Stalled"].message
        assert found["Ready"].status == "False"


@pytest.mark.parametrize(
    ("situation", "condition", "state", "reason"),
    [
        ("just edited", "Ready", "False", "Settling"),
        ("queued", "Trained", "False", "Queued"),
        ("a training runs", "Trained", "False", "TrainingRunning"),
        ("a training runs", "Reconciling", "True", "TrainingRunning"),
        ("a training cannot be scheduled", "Trained", "False", "Unschedulable"),
        ("the data is wrong", "DataVerified", "False", "DataOneClass"),
        ("the data is wrong", "Stalled", "True", "DataOneClass"),
        ("the repository is away", "Stalled", "True", "RepositoryUnreachable"),
        ("MLflow is away", "DependenciesReady", "False", "RegistryUnreachable"),
        ("MLflow is away", "Stalled", "False", "NoDeadEnd"),
        ("rolling out", "RolledOut", "False", "RollingOut"),
        ("a pod refuses its model", "LineageVerified", "False", "DigestMismatch"),
        ("a pod refuses its model", "Stalled", "True", "DigestMismatch"),
        ("an old pod drains", "Ready", "False", "Draining"),
        ("an old pod drains", "Available", "True", "Serving"),
        ("ready", "Ready", "True", "Serving"),
        ("ready", "LineageVerified", "True", "DigestVerified"),
        ("ready", "UpToDate", "True", "RecipeMatches"),
        ("ready from another recipe", "UpToDate", "False", "RecipeChanged"),
        ("ready from another recipe", "Ready", "True", "Serving"),
        ("suspended", "Ready", "False", "Suspended"),
        ("suspended", "Available", "True", "Serving"),
        ("a rival was first", "Accepted", "False", "Conflict"),
        ("a name is taken", "RolledOut", "False", "NameTaken"),
        ("a write was refused", "RolledOut", "False", "Refused"),
    ],
)
def test_the_conditions_tell_the_truth(situation: str, condition: str, state: str, reason: str) -> None:
    found = conditions(told(*SITUATIONS[situation]))[condition]
    assert (found.status, found.reason) == (state, reason)


def test_a_transition_time_moves_only_when_the_status_flips() -> None:
    wanted = model(status=told(*SITUATIONS["rolling out"]))
    later = NOW + timedelta(minutes=5)
    after = conditions(status(wanted, PROVEN, decide(wanted, PROVEN, SETTINGS, later), later))
    assert after["Ready"].last_transition_time == "2026-01-02T12:05:00Z"
    assert after["Accepted"].last_transition_time == "2026-01-02T12:00:00Z"


def test_serving_is_the_old_version_while_both_answer() -> None:
    before = SentimentModelStatus(serving_version="0")
    seen = observed(revision("0"), revision(), live=deployment(), pods=(pod("0"), pod()))
    assert told(model(status=before), seen).serving_version == "0"


def test_going_forward_and_back_is_kept_in_the_history() -> None:
    current = SentimentModelStatus()
    for label in ("1", "2", "1"):
        wanted = model(spec(label), status=current)
        seen = observed(
            revision("1"),
            revision("2"),
            live=deployment(label),
            pods=(pod(label),),
            pods_are_fresh=True,
            probe=probe(label),
        )
        current = told(wanted, seen)
    assert [entry.version for entry in current.history] == ["1", "2", "1"]
    assert current.previous_version == "2"


def test_a_failure_is_kept_until_its_version_succeeds() -> None:
    failed = told(*SITUATIONS["the data is wrong"])
    assert failed.last_failure is not None
    assert (failed.last_failure.version, failed.last_failure.reason) == ("1", "DataOneClass")
    assert told(model(status=failed), PROVEN).last_failure is None
    other = observed(revision("0"), live=deployment("0"), pods=(pod("0"),), pods_are_fresh=True, probe=probe("0"))
    assert told(model(spec("0"), status=failed), other).last_failure == failed.last_failure


def test_the_accuracy_of_the_wanted_version_is_shown() -> None:
    training = told(*SITUATIONS["ready"]).training
    assert training is not None
    assert [(metric.name, metric.value) for metric in training.metrics] == [("accuracy", "0.91")]


def test_becoming_ready_is_one_event() -> None:
    before = told(*SITUATIONS["rolling out"])
    after = told(model(status=before), PROVEN)
    assert [(fact.type, fact.reason) for fact in events(before, after)] == [("Normal", "VersionReady")]


def test_a_dead_end_is_a_warning() -> None:
    found = events(SentimentModelStatus(), told(*SITUATIONS["the data is wrong"]))
    assert ("Warning", "DataOneClass") in [(fact.type, fact.reason) for fact in found]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_nothing_new_is_no_event(situation: str) -> None:
    found = told(*SITUATIONS[situation])
    assert events(found, found) == []

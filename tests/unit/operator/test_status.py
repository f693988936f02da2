"""What a person reads of a model: the conditions, the history, the last failure, the Events."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sentiment_contract.names import RETRY_ANNOTATION
from sentiment_contract.training import FailureReason
from sentiment_operator import names
from sentiment_operator.api import Condition, ConditionType, SentimentModelStatus
from sentiment_operator.decide import decide
from sentiment_operator.facts import Child, ChildKind, JobState, Model, Observed, Refusal, RegistryAway, Trouble
from sentiment_operator.status import events, status
from tests.support.builders import (
    NOW,
    SETTINGS,
    dead_job,
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

STUCK = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
NO_MORE_PODS = [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]
MISSING = Trouble("ArtifactMissing", "MLflow has no such file (404). Next: look at the artifacts there.")
NO_REGISTRY = Trouble(
    "RegistryUnreachable", "MLflow at http://mlflow:5000 is away. It is tried again. Next: see to it."
)
DAMAGED = Trouble("DigestMismatch", "expected a, got b")
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
    "a training may make no pod": (
        model(),
        observed(jobs=(job(JobState.PENDING, trouble=Trouble("FailedCreate", "exceeded quota")),)),
    ),
    "a write was refused while a training runs": (
        model(),
        observed(jobs=(job(JobState.RUNNING),), refusals=(Refusal("ServiceAccount", "imdb", "not allowed"),)),
    ),
    "a training may not be started": (
        model(),
        observed(registry=known(), refusals=(Refusal("Job", "imdb-train", "exceeded quota"),)),
    ),
    "the data is wrong": (model(), observed(jobs=(failed_job(FailureReason.DATA_ONE_CLASS),))),
    "the repository is away": (
        model(),
        observed(jobs=(failed_job(FailureReason.REPOSITORY_UNREACHABLE, finished_at=NOW),)),
    ),
    "MLflow was away from the trainer": (
        model(),
        observed(jobs=(failed_job(FailureReason.REGISTRY_UNREACHABLE, finished_at=NOW),)),
    ),
    "MLflow is away": (model(), observed(registry=RegistryAway("connection refused"))),
    "the first pods start": (model(), observed(revision())),
    "rolling out": (model(), observed(revision(), live=deployment(availableReplicas=0), pods=(pod(ready=False),))),
    "a pod refuses its model": (
        model(),
        observed(revision(), live=deployment(availableReplicas=0), pods=(pod(ready=False, trouble=DAMAGED),)),
    ),
    "the artifact is gone": (
        model(),
        observed(revision(), live=deployment(availableReplicas=0), pods=(pod(ready=False, trouble=MISSING),)),
    ),
    "a pod has waited long for MLflow": (
        model(),
        observed(
            revision(),
            live=deployment(availableReplicas=0, conditions=STUCK),
            pods=(pod(ready=False, trouble=NO_REGISTRY),),
        ),
    ),
    "a rollout has stopped": (
        model(),
        observed(revision(), live=deployment(availableReplicas=0, conditions=STUCK), pods=(pod(ready=False),)),
    ),
    "no more pods are taken": (
        model(),
        observed(
            revision(), live=deployment(wanted=3, updatedReplicas=0, availableReplicas=2, conditions=NO_MORE_PODS)
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
        ("a write was refused while a training runs", "Ready", "False", "TrainingRunning"),
        ("a write was refused while a training runs", "Stalled", "True", "Refused"),
        ("a training may not be started", "Stalled", "True", "Refused"),
        ("MLflow was away from the trainer", "DependenciesReady", "False", "RegistryUnreachable"),
        ("MLflow was away from the trainer", "Stalled", "False", "NoDeadEnd"),
        ("MLflow was away from the trainer", "Reconciling", "True", "RegistryUnreachable"),
        ("MLflow is away", "DependenciesReady", "False", "RegistryUnreachable"),
        ("MLflow is away", "Stalled", "False", "NoDeadEnd"),
        ("rolling out", "RolledOut", "False", "RollingOut"),
        ("a pod refuses its model", "LineageVerified", "False", "DigestMismatch"),
        ("a pod refuses its model", "Stalled", "True", "DigestMismatch"),
        ("the artifact is gone", "RolledOut", "False", "ArtifactMissing"),
        ("the artifact is gone", "Stalled", "True", "ArtifactMissing"),
        ("the artifact is gone", "LineageVerified", "Unknown", "NotReached"),
        ("a pod has waited long for MLflow", "DependenciesReady", "False", "RegistryUnreachable"),
        ("a pod has waited long for MLflow", "Stalled", "False", "NoDeadEnd"),
        ("a rollout has stopped", "Stalled", "True", "ProgressDeadlineExceeded"),
        ("no more pods are taken", "Stalled", "True", "FailedCreate"),
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


TRAINER_PODS = ",".join(f"{name}={value}" for name, value in names.identity_labels("imdb", names.TRAINER).items())
SERVER_PODS = ",".join(f"{name}={value}" for name, value in names.identity_labels("imdb", names.SERVER).items())


@pytest.mark.parametrize(
    ("situation", "condition", "step"),
    [
        ("a training cannot be scheduled", "Trained", f"kubectl -n reviews describe pods -l {TRAINER_PODS}"),
        ("a training may make no pod", "Trained", "kubectl -n reviews get resourcequota,limitrange,events"),
        ("a rollout has stopped", "RolledOut", f"kubectl -n reviews describe pods -l {SERVER_PODS}"),
        ("no more pods are taken", "RolledOut", "kubectl -n reviews get resourcequota,limitrange,events"),
        ("a pod refuses its model", "RolledOut", f"kubectl -n reviews describe pods -l {SERVER_PODS}"),
        ("the artifact is gone", "RolledOut", "look at the artifacts there."),
        ("MLflow is away", "DependenciesReady", "kubectl get pods -A -l app.kubernetes.io/name=mlflow"),
        (
            "a pod has waited long for MLflow",
            "DependenciesReady",
            "kubectl get pods -A -l app.kubernetes.io/name=mlflow",
        ),
        ("the repository is away", "DataVerified", "mend it"),
    ],
)
def test_the_next_step_is_one_and_comes_last(situation: str, condition: str, step: str) -> None:
    assert conditions(told(*SITUATIONS[situation]))[condition].message.split("Next: ")[1:] == [step]


@pytest.mark.parametrize(
    ("situation", "condition", "text"),
    [
        ("queued", "Trained", "9 trainings run and 4 is the limit; this one starts when one of them ends."),
        ("rolling out", "RolledOut", "1 of 1 pod runs version 1, none answers yet."),
        (
            "no more pods are taken",
            "RolledOut",
            "0 of 3 pods run version 1, 2 answer. The API server takes no more pods: exceeded quota.",
        ),
        (
            "an old pod drains",
            "RolledOut",
            "1 of 1 pod runs version 1, 1 answers. 1 pod of another version finishes its last requests.",
        ),
        (
            "the repository is away",
            "DataVerified",
            "Something is wrong. It is tried again by itself, at latest 5 minutes after it failed.",
        ),
        (
            "a training cannot be scheduled",
            "Trained",
            f"Job {job(JobState.PENDING).name} cannot run: no node has 64 CPUs.",
        ),
    ],
)
def test_what_is_said_reads_well(situation: str, condition: str, text: str) -> None:
    assert conditions(told(*SITUATIONS[situation]))[condition].message.split(" Next: ")[0] == text


@pytest.mark.parametrize("reason", ["BackoffLimitExceeded", "OOMKilled", "Evicted"])
def test_a_training_that_died_ends_with_the_command_that_tries_again(reason: str) -> None:
    message = conditions(told(model(), observed(jobs=(dead_job(reason),))))["Trained"].message
    assert message.endswith(
        f', then kubectl -n reviews annotate smod imdb --overwrite {RETRY_ANNOTATION}="$(date +%s)"'
    )
    assert "above" not in message


def test_a_long_refusal_keeps_its_next_step_and_the_status_can_be_written() -> None:
    seen = observed(revision(), refusals=(Refusal("Deployment", "imdb", "x" * 9000),))
    found = told(model(), seen)
    assert found.last_failure is not None
    assert conditions(found)["Stalled"].message == found.last_failure.message
    assert found.last_failure.message.endswith("Next: kubectl -n reviews get resourcequota,limitrange,events")


@pytest.mark.parametrize(
    ("situation", "step", "reason"),
    [
        ("a training may not be started", "Trained", "Refused"),
        ("a write was refused", "RolledOut", "Refused"),
        ("the data is wrong", "DataVerified", "DataOneClass"),
        ("MLflow was away from the trainer", "DependenciesReady", "RegistryUnreachable"),
    ],
)
def test_the_last_failure_names_the_condition_that_failed(situation: str, step: str, reason: str) -> None:
    failure = told(*SITUATIONS[situation]).last_failure
    assert failure is not None
    assert (failure.step, failure.reason) == (step, reason)


def test_an_outage_of_mlflow_is_no_failure_of_the_version() -> None:
    assert told(*SITUATIONS["MLflow is away"]).last_failure is None


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

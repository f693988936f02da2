"""What a person reads of a model: the conditions, the history, the last failure, the Events."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sentiment_contract.gates import Compared, Figures
from sentiment_contract.names import RETRY_ANNOTATION
from sentiment_contract.training import FailureReason, TrainingFailed
from sentiment_operator import names
from sentiment_operator.api.conditions import MESSAGE_CHARACTERS
from sentiment_operator.api.promotion import ApprovalEvidence, Decision
from sentiment_operator.api.status import Condition, ConditionType, SentimentModelStatus
from sentiment_operator.deciding.decide import decide
from sentiment_operator.deciding.plan import Compare, Seal
from sentiment_operator.explaining.next_step import approve, change_gates
from sentiment_operator.facts.jobs import ComparisonJob, JobState, Trouble
from sentiment_operator.facts.observed import Child, ChildKind, Model, Observed, Refusal, RegistryAway, Revision
from sentiment_operator.telling.events import events
from sentiment_operator.telling.status import status
from tests.support.builders import (
    NOW,
    SETTINGS,
    answer,
    comparison,
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
    served,
    spec,
    with_evidence,
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
    "not begun to roll": (model(), observed(revision(), live=deployment(observedGeneration=0), pods=(pod("0"),))),
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
    "a child is changed back": (
        model(),
        observed(revision(), refusals=(Refusal("Deployment", "imdb", "", rival="flux"),)),
    ),
    "a write was refused": (model(), observed(revision(), refusals=(Refusal("Deployment", "imdb", "exceeded quota"),))),
}


ACCURATE = {"name": "accurate", "metric": "accuracy", "threshold": "0.9"}
TOO_STRICT = {"name": "strict", "metric": "accuracy", "threshold": "0.99"}
NO_WORSE = {"name": "no-worse", "metric": "f1", "compareWith": "Serving", "maxDecrease": "0.01"}
TWO_PEOPLE = {"approval": {"policy": "Manual", "minApprovals": 2}}
NOT_THE_REQUESTER = {"approval": {"policy": "Manual", "separationOfDuties": "Required"}, "requestedBy": "ana"}
BETTER = Figures(gate="no-worse", value="0.91", baseline_value="0.9", low="-0.002", high="0.02", samples=2000)
WORSE = Figures(gate="no-worse", value="0.8", baseline_value="0.9", low="-0.12", high="-0.08", samples=2000)
NOISE = Figures(gate="no-worse", value="0.9", baseline_value="0.9", low="-0.03", high="0.03", samples=60)
SPOILED = TrainingFailed(
    reason=FailureReason.DATA_HASH_MISMATCH, message="The file is another one. Next: bring it back"
)
GONE = TrainingFailed(reason=FailureReason.REPOSITORY_UNREACHABLE, message="The remote is away. Next: see to it")
NO_MLFLOW = TrainingFailed(reason=FailureReason.REGISTRY_UNREACHABLE, message="MLflow is away. Next: see to it")


def gated(*gates: dict[str, Any], promotion: dict[str, Any] | None = None, **changes: Any) -> Model:
    """Version 2 is wanted, with these gates."""
    more = {"promotion": promotion} if promotion else {}
    return model(spec("2", gates=list(gates), suspend=changes.pop("suspend", False), **more), **changes)


def beside(*more: Revision, live: str = "1", **facts: Any) -> Observed:
    """Version 1 serves, or version 2 does by now."""
    return observed(served("1"), *more, live=deployment(live), pods=(pod(live),), **facts)


def comparing(wanted: Model, state: JobState = JobState.RUNNING, **changes: Any) -> ComparisonJob:
    """The comparison that the model asks for."""
    step = decide(wanted, beside(revision("2")), SETTINGS, NOW).step
    assert isinstance(step, Compare)
    return comparison(step, state, **changes)


def tried(
    wanted: Model, answer: Compared | TrainingFailed | None = None, people: tuple[ApprovalEvidence, ...] = ()
) -> Revision:
    """Version 2 after everything was found out about it that could be."""
    two, jobs = revision("2"), tuple[ComparisonJob, ...]()
    while True:
        seen = beside(two, comparisons=jobs, answers=people, pods_are_fresh=True)
        step = decide(replace(wanted, spec=wanted.spec.model_copy(update={"suspend": False})), seen, SETTINGS, NOW).step
        match step:
            case Seal(gates=gates, approvals=approvals):
                two = with_evidence(two, *gates, answers=approvals)
            case Compare():
                jobs = (comparison(step, JobState.SUCCEEDED if answer else JobState.FAILED, answer=answer),)
            case _:
                return two


def after(
    wanted: Model, answer: Compared | TrainingFailed | None = None, *people: ApprovalEvidence, **facts: Any
) -> tuple[Model, Observed]:
    """The situation that it comes to."""
    return wanted, beside(tried(wanted, answer, people), **facts)


def figures(*found: Figures) -> Compared:
    return Compared(figures=found)


ROLLED_OUT: dict[str, Any] = {"live": "2", "pods_are_fresh": True, "probe": probe("2")}
PROMOTIONS: dict[str, tuple[Model, Observed]] = {
    "gates were just edited": (gated(NO_WORSE, edited_at=NOW), beside(revision("2"))),
    "a comparison starts": (gated(NO_WORSE), beside(revision("2"))),
    "a comparison waits its turn": (gated(NO_WORSE), beside(revision("2"), trainings_elsewhere=9)),
    "a comparison runs": (gated(NO_WORSE), beside(revision("2"), comparisons=(comparing(gated(NO_WORSE)),))),
    "a comparison cannot be scheduled": (
        gated(NO_WORSE),
        beside(
            revision("2"),
            comparisons=(comparing(gated(NO_WORSE), trouble=Trouble("Unschedulable", "no node has 64 CPUs")),),
        ),
    ),
    "a comparison may make no pod": (
        gated(NO_WORSE),
        beside(
            revision("2"), comparisons=(comparing(gated(NO_WORSE), trouble=Trouble("FailedCreate", "exceeded quota")),)
        ),
    ),
    "MLflow was away from a comparison": (
        gated(NO_WORSE),
        beside(
            revision("2"), comparisons=(comparing(gated(NO_WORSE), JobState.FAILED, answer=NO_MLFLOW, finished_at=NOW),)
        ),
    ),
    "the data was away from a comparison": (
        gated(NO_WORSE),
        beside(revision("2"), comparisons=(comparing(gated(NO_WORSE), JobState.FAILED, answer=GONE, finished_at=NOW),)),
    ),
    "a gate failed": after(gated(ACCURATE, TOO_STRICT)),
    "it is worse than what serves": after(gated(ACCURATE, NO_WORSE), figures(WORSE)),
    "it cannot be told": after(gated(ACCURATE, NO_WORSE), figures(NOISE)),
    "two gates could not be measured": after(gated(NO_WORSE, {**NO_WORSE, "name": "too"}), SPOILED),
    "two gates had no figures": after(
        gated(NO_WORSE, {**NO_WORSE, "name": "too"}),
        figures(*[Figures(gate=gate, problem="No review is left. Next: mend it.") for gate in ("no-worse", "too")]),
    ),
    "a comparison died": after(gated(NO_WORSE)),
    "a gate that failed warns": after(gated(ACCURATE, {**TOO_STRICT, "onFailure": "Warn"}), **ROLLED_OUT),
    "two gates that were not measured warn": after(
        gated({**NO_WORSE, "onFailure": "Warn"}, {**NO_WORSE, "name": "too", "onFailure": "Warn"}),
        SPOILED,
        **ROLLED_OUT,
    ),
    "it passed": after(gated(ACCURATE, NO_WORSE), figures(BETTER), **ROLLED_OUT),
    "it served before the gates came": (
        gated(TOO_STRICT, promotion=TWO_PEOPLE),
        beside(served("2", day=2), **ROLLED_OUT),
    ),
    "two people are waited for": after(gated(ACCURATE, promotion=TWO_PEOPLE), None, answer("ana")),
    "the one who asked agreed": after(gated(promotion=NOT_THE_REQUESTER), None, answer("ana")),
    "a person said no": after(
        gated(ACCURATE, promotion=TWO_PEOPLE), None, answer("ana", Decision.REJECT, note="Slow. Next: mend. Next: wait")
    ),
    "two people agreed": after(gated(ACCURATE, promotion=TWO_PEOPLE), None, answer("ana"), answer("bob"), **ROLLED_OUT),
    "another one than who asked agreed": after(
        gated(promotion=NOT_THE_REQUESTER), None, answer("ana"), answer("bob"), **ROLLED_OUT
    ),
    "suspended before a comparison": (gated(NO_WORSE, suspend=True), beside(revision("2"))),
    "suspended after a gate failed": after(gated(TOO_STRICT, suspend=True)),
    "suspended while people are waited for": after(gated(promotion=TWO_PEOPLE, suspend=True)),
    "a rival was first and a gate failed": after(gated(TOO_STRICT), rival="reviews/older"),
    "evidence may not be written": (
        gated(ACCURATE),
        beside(revision("2"), refusals=(Refusal("SentimentModelRevision", "imdb.2", "not allowed"),)),
    ),
}
SITUATIONS |= PROMOTIONS


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
        ("a child is changed back", "RolledOut", "False", "FieldConflict"),
        ("a child is changed back", "Stalled", "True", "FieldConflict"),
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
        ("not begun to roll", "RolledOut", "0 of 1 pod runs version 1, 1 answers."),
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


def test_the_lineage_tells_who_wrote_the_commit() -> None:
    one = revision()
    origin = {"git_commit": "c" * 40, "git_author": "ana@example.org"}
    seen = replace(PROVEN, revisions={"1": replace(one, spec=one.spec.model_copy(update=origin))})
    lineage = told(model(), seen).lineage
    assert lineage is not None
    assert (lineage.git_commit, lineage.git_author) == ("c" * 40, "ana@example.org")


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


# What lets a version through


@pytest.mark.parametrize(
    ("situation", "ready", "gates", "rolled_out", "awaiting"),
    [
        ("gates were just edited", "Settling", "False Settling", "Unknown NotReached", "False NotRequired"),
        ("a comparison starts", "Comparing", "False Comparing", "Unknown NotReached", "False NotRequired"),
        ("a comparison waits its turn", "Queued", "False Queued", "Unknown NotReached", "False NotRequired"),
        ("a comparison runs", "Comparing", "False Comparing", "Unknown NotReached", "False NotRequired"),
        (
            "a comparison cannot be scheduled",
            "Unschedulable",
            "False Unschedulable",
            "Unknown NotReached",
            "False NotRequired",
        ),
        (
            "a comparison may make no pod",
            "FailedCreate",
            "False FailedCreate",
            "Unknown NotReached",
            "False NotRequired",
        ),
        (
            "MLflow was away from a comparison",
            "RegistryUnreachable",
            "Unknown NotReached",
            "Unknown NotReached",
            "False NotRequired",
        ),
        (
            "the data was away from a comparison",
            "RepositoryUnreachable",
            "False RepositoryUnreachable",
            "Unknown NotReached",
            "False NotRequired",
        ),
        ("a gate failed", "GateFailed", "False GateFailed", "Unknown NotReached", "False NotRequired"),
        ("it is worse than what serves", "GateFailed", "False GateFailed", "Unknown NotReached", "False NotRequired"),
        ("it cannot be told", "GateInconclusive", "False GateInconclusive", "Unknown NotReached", "False NotRequired"),
        (
            "two gates could not be measured",
            "GateInconclusive",
            "False GateInconclusive",
            "Unknown NotReached",
            "False NotRequired",
        ),
        (
            "two gates had no figures",
            "GateInconclusive",
            "False GateInconclusive",
            "Unknown NotReached",
            "False NotRequired",
        ),
        ("a comparison died", "GateInconclusive", "False GateInconclusive", "Unknown NotReached", "False NotRequired"),
        ("a gate that failed warns", "Serving", "True PassedWithWarnings", "True Complete", "False NotRequired"),
        ("it passed", "Serving", "True Passed", "True Complete", "False NotRequired"),
        ("it served before the gates came", "Serving", "True EvidenceReused", "True Complete", "False NotRequired"),
        (
            "two people are waited for",
            "AwaitingApproval",
            "True Passed",
            "False AwaitingApproval",
            "True ApprovalRequested",
        ),
        (
            "the one who asked agreed",
            "AwaitingApproval",
            "True NoGates",
            "False AwaitingApproval",
            "True ApprovalRequested",
        ),
        ("a person said no", "Rejected", "True Passed", "False Rejected", "False Rejected"),
        ("two people agreed", "Serving", "True Passed", "True Complete", "False Approved"),
        ("suspended before a comparison", "Suspended", "Unknown NotReached", "False Suspended", "False NotRequired"),
        ("suspended after a gate failed", "GateFailed", "False GateFailed", "False Suspended", "False NotRequired"),
        ("suspended while people are waited for", "Suspended", "True NoGates", "False Suspended", "False NotReached"),
        (
            "a rival was first and a gate failed",
            "Conflict",
            "False GateFailed",
            "Unknown NotReached",
            "False NotRequired",
        ),
        ("evidence may not be written", "Refused", "False Refused", "Unknown NotReached", "False NotRequired"),
    ],
)
def test_what_keeps_a_version_back_is_told(
    situation: str, ready: str, gates: str, rolled_out: str, awaiting: str
) -> None:
    found = {kind: f"{entry.status} {entry.reason}" for kind, entry in conditions(told(*PROMOTIONS[situation])).items()}
    assert found["Ready"] == f"{ready == 'Serving'} {ready}"
    assert (found["GatesPassed"], found["RolledOut"], found["AwaitingApproval"]) == (gates, rolled_out, awaiting)


FAILED = {"a gate failed", "it is worse than what serves", "it cannot be told", "two gates could not be measured"}
FAILED |= {
    "a comparison died",
    "a person said no",
    "a rival was first and a gate failed",
    "evidence may not be written",
}
FAILED |= {"the data was away from a comparison", "two gates had no figures"}
UNDER_WAY = {"gates were just edited", "a comparison starts", "a comparison waits its turn", "a comparison runs"}
UNDER_WAY |= {"a comparison cannot be scheduled", "a comparison may make no pod", "MLflow was away from a comparison"}
WAITING = {"two people are waited for", "the one who asked agreed"}


@pytest.mark.parametrize("situation", PROMOTIONS)
def test_whoever_waits_for_a_version_learns_whether_to_go_on(situation: str) -> None:
    found = {kind: entry.status for kind, entry in conditions(told(*PROMOTIONS[situation])).items()}
    abnormal = found["Reconciling"] == "True", found["Stalled"] == "True", found["AwaitingApproval"] == "True"
    assert abnormal == (situation in UNDER_WAY, situation in FAILED, situation in WAITING)
    assert kstatus(found) == (
        "Failed" if situation in FAILED else "Current" if found["Ready"] == "True" else "InProgress"
    )


def kstatus(found: dict[str, str]) -> str:
    """How kstatus, and so `helm --wait`, Flux and Argo CD, read the conditions."""
    if found["Reconciling"] == "True":
        return "InProgress"
    if found["Stalled"] == "True":
        return "Failed"
    return "Current" if found["Ready"] == "True" else "InProgress"


@pytest.mark.parametrize("situation", PROMOTIONS)
def test_a_message_about_gates_and_people_has_at_most_one_next_step(situation: str) -> None:
    for kind, entry in conditions(told(*PROMOTIONS[situation])).items():
        assert entry.message.count("Next:") <= 1, kind
        if kind in ("Stalled", "AwaitingApproval") and entry.status == "True":
            assert entry.message.count("Next: ") == 1


def test_advice_that_is_cut_off_leaves_nothing_behind() -> None:
    spoiled = TrainingFailed(reason=FailureReason.DATA_HASH_MISMATCH, message=f"{'x' * 295}. Next: bring it back")
    (entry,) = told(*after(gated(NO_WORSE), spoiled)).gates
    assert entry.message.endswith("x")
    assert "Next" not in entry.message


TWO = gated(NO_WORSE, {**NO_WORSE, "name": "too"})
SPOILED_BY = f"Job {comparing(TWO).name} could not compare the versions: The file is another one."
AGAIN = f'kubectl -n reviews annotate smod imdb --overwrite {RETRY_ANNOTATION}="$(date +%s)"'


@pytest.mark.parametrize(
    ("situation", "condition", "text", "step"),
    [
        (
            "a comparison waits its turn",
            "GatesPassed",
            "9 Jobs run and 4 is the limit; the comparison starts when one of them ends.",
            "",
        ),
        (
            "a comparison cannot be scheduled",
            "GatesPassed",
            f"Job {comparing(gated(NO_WORSE)).name} cannot run: no node has 64 CPUs.",
            f"kubectl -n reviews describe pods -l {TRAINER_PODS}",
        ),
        (
            "the data was away from a comparison",
            "GatesPassed",
            "The remote is away. The comparison is tried again by itself.",
            "see to it",
        ),
        (
            "a gate failed",
            "GatesPassed",
            (
                "Version 2 did not pass and does not serve. Gate strict: accuracy is 0.91 and has to be at least 0.99."
                " What serves is not touched."
            ),
            "kubectl -n reviews get smrev imdb.2 -o yaml",
        ),
        (
            "two gates could not be measured",
            "GatesPassed",
            (
                f"Version 2 did not pass and does not serve. Gate no-worse: {SPOILED_BY} Gate too: {SPOILED_BY}"
                " What serves is not touched."
            ),
            AGAIN,
        ),
        (
            "two people are waited for",
            "AwaitingApproval",
            "Version 2 passed 1 of 1 gates and waits for people: 1 of 2 approvals are there.",
            approve(gated(), revision("2")),
        ),
        (
            "the one who asked agreed",
            "RolledOut",
            (
                "Version 2 has no gates and waits for people: 0 of 1 approvals are there."
                " The approval by ana does not count: the same person asked, and separationOfDuties is Required,"
                " so somebody else has to approve."
            ),
            approve(gated(), revision("2")),
        ),
        (
            "a person said no",
            "Stalled",
            "ana rejected version 2: Slow. next: mend. next: wait.",
            """kubectl -n reviews patch smod imdb --type merge -p '{"spec":{"version":"1"}}'""",
        ),
        ("two people agreed", "AwaitingApproval", "Version 2 was approved by ana, bob.", ""),
        ("another one than who asked agreed", "AwaitingApproval", "Version 2 was approved by bob.", ""),
        (
            "it served before the gates came",
            "AwaitingApproval",
            "Version 2 served before: nobody has to agree.",
            "",
        ),
        (
            "two gates that were not measured warn",
            "GatesPassed",
            f"Gate no-worse: {SPOILED_BY} Gate too: {SPOILED_BY}",
            "",
        ),
    ],
)
def test_what_is_said_of_gates_and_people_reads_well(situation: str, condition: str, text: str, step: str) -> None:
    message = conditions(told(*PROMOTIONS[situation]))[condition].message
    assert message == (f"{text} Next: {step}" if step else text)


@pytest.mark.parametrize("policy", ["Block", "Warn"])
def test_the_messages_of_ten_gates_are_cut_and_what_to_do_stays(policy: str) -> None:
    gates = [{**NO_WORSE, "name": f"gate-{number}", "onFailure": policy} for number in range(10)]
    wanted = gated(*gates)
    said = tuple(Figures(gate=f"gate-{number}", problem="x" * 300) for number in range(10))
    two = tried(wanted, figures(*said))
    long = two.status.model_copy(
        update={"gates": tuple(entry.model_copy(update={"message": "y" * 1024}) for entry in two.status.gates)}
    )
    found = told(wanted, beside(replace(two, status=long)))
    assert len(found.gates) == 10
    message = conditions(found)["GatesPassed"].message
    assert len(message) <= MESSAGE_CHARACTERS
    if policy == "Block":
        assert message.endswith(f" Next: {change_gates(wanted)}")
        assert message == conditions(found)["Stalled"].message == (found.last_failure and found.last_failure.message)


@pytest.mark.parametrize(
    ("situation", "summary", "names_of_gates"),
    [
        ("a comparison runs", "0/1", []),
        ("it is worse than what serves", "1/2", ["accurate", "no-worse"]),
        ("a gate that failed warns", "1/2", ["accurate", "strict"]),
        ("it passed", "2/2", ["accurate", "no-worse"]),
        ("the one who asked agreed", "", []),
    ],
)
def test_how_many_gates_are_passed_is_shown(situation: str, summary: str, names_of_gates: list[str]) -> None:
    found = told(*PROMOTIONS[situation])
    assert (found.gates_summary, [entry.name for entry in found.gates]) == (summary, names_of_gates)


def test_two_of_three_gates_are_passed() -> None:
    wanted = gated(ACCURATE, {**ACCURATE, "name": "too"}, NO_WORSE)
    assert told(*after(wanted, figures(WORSE))).gates_summary == "2/3"


def test_what_people_answered_is_shown_of_the_wanted_version() -> None:
    found = told(*PROMOTIONS["two people agreed"])
    assert [(entry.approved_by, entry.decision) for entry in found.approvals] == [
        ("ana", "Approve"),
        ("bob", "Approve"),
    ]


def test_a_figure_that_is_longer_than_its_field_stops_nothing() -> None:
    odd = BETTER.model_copy(update={"p_value": "0." + "1" * 60, "samples": -1})
    assert told(*after(gated(NO_WORSE), figures(odd))).gates[0].p_value == ("0." + "1" * 60)[:32]


def test_a_model_that_waits_for_a_person_does_not_say_that_nothing_does() -> None:
    stalled = conditions(told(*PROMOTIONS["two people are waited for"]))["Stalled"]
    assert stalled.status == "False"
    assert "Nothing waits for a person" not in stalled.message


def heard(*situations: str) -> list[tuple[str, str]]:
    """Type and reason of every Event, with one situation after the other."""
    before, found = SentimentModelStatus(), list[tuple[str, str]]()
    for situation in situations:
        wanted, seen = PROMOTIONS[situation]
        now = told(replace(wanted, status=before), seen)
        found += [(fact.type, fact.reason) for fact in events(before, now)]
        before = now
    return found


@pytest.mark.parametrize(
    ("situations", "event"),
    [
        (
            ("a comparison runs", "it is worse than what serves", "it is worse than what serves"),
            ("Warning", "GateFailed"),
        ),
        (("a comparison runs", "it cannot be told"), ("Warning", "GateInconclusive")),
        (
            ("a comparison runs", "two people are waited for", "two people are waited for"),
            ("Normal", "ApprovalRequested"),
        ),
        (("two people are waited for", "a person said no", "a person said no"), ("Warning", "Rejected")),
        (("two people are waited for", "two people agreed"), ("Normal", "VersionReady")),
    ],
)
def test_what_a_person_has_to_know_is_one_event(situations: tuple[str, ...], event: tuple[str, str]) -> None:
    assert heard(*situations).count(event) == 1


@pytest.mark.parametrize("situation", ["two people are waited for", "a gate failed"])
def test_another_version_in_the_same_situation_is_another_event(situation: str) -> None:
    found = told(*PROMOTIONS[situation])
    other = found.model_copy(update={"wanted_version": "3"})
    reason = {"two people are waited for": "ApprovalRequested", "a gate failed": "GateFailed"}[situation]
    assert [fact.reason for fact in events(found, other)] == [reason]

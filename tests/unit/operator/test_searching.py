"""A search for parameters: what its Job tells, what follows from it, and what is said of it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sentiment_contract.search import GroupSearched, SearchResult
from sentiment_contract.training import EXIT_CODES, FailureReason, TrainingFailed
from sentiment_operator import children, names
from sentiment_operator.api.conditions import condition_of
from sentiment_operator.api.status import ConditionType, SentimentModelStatus
from sentiment_operator.deciding.decide import decide
from sentiment_operator.deciding.plan import AskRegistry, AwaitTraining, Blocked, Held, Plan, Record, Search, Train
from sentiment_operator.facts.jobs import JobState, TrainingJob, Trouble
from sentiment_operator.facts.observed import Manifest, Model, Observed
from sentiment_operator.preview.preview import with_preview
from sentiment_operator.reading import workload
from sentiment_operator.telling.events import events
from sentiment_operator.telling.status import status
from tests.support.builders import (
    NOW,
    SETTINGS,
    failed_job,
    job,
    known,
    model,
    observed,
    registered,
    revision,
    search,
    searching,
    spec,
    tried,
)

MODEL = model(searching())
TRAINING = job(JobState.SUCCEEDED, of=searching())


def plan(seen: Observed, of: Model = MODEL) -> Plan:
    return decide(of, seen, SETTINGS, NOW)


def told(seen: Observed, of: Model = MODEL) -> SentimentModelStatus:
    return status(of, seen, plan(seen, of), NOW)


def said(seen: Observed, kind: ConditionType, of: Model = MODEL) -> tuple[str, str, str]:
    found = condition_of(told(seen, of).conditions, kind)
    assert found is not None
    return found.status, found.reason, found.message


# What follows


def test_before_a_version_is_trained_its_parameters_are_searched_for() -> None:
    assert plan(observed()).step == AskRegistry()
    assert plan(observed(registry=known())).step == Search("1", attempt=1)


def test_a_version_that_mlflow_knows_is_neither_searched_for_nor_trained() -> None:
    result = registered(of=searching())
    assert plan(observed(registry=known(result))).step == Record("1", result)


def test_a_search_that_runs_is_awaited_also_while_suspended() -> None:
    running = search(JobState.RUNNING)
    assert plan(observed(jobs=(running,))).step == AwaitTraining(running)
    assert plan(observed(jobs=(running,)), model(searching(suspend=True))).step == AwaitTraining(running)


def test_a_search_that_ended_well_leads_to_the_training_of_the_same_attempt() -> None:
    ended = search(JobState.SUCCEEDED, 0, 1, attempt=3)
    assert plan(observed(jobs=(ended,))).step == Train("1", attempt=3)


def test_a_search_that_ended_well_waits_while_suspended() -> None:
    ended = search(JobState.SUCCEEDED, 0, 1)
    assert plan(observed(jobs=(ended,)), model(searching(suspend=True))).step == Held()


def test_the_training_after_a_search_is_awaited_and_recorded() -> None:
    ended, running = search(JobState.SUCCEEDED, 0, 1), job(JobState.RUNNING, of=searching())
    assert plan(observed(jobs=(ended, running))).step == AwaitTraining(running)
    result = registered(of=searching())
    assert plan(observed(jobs=(ended, TRAINING), registry=known(result))).step == Record("1", result)


def test_a_training_that_failed_is_repeated_without_searching_again() -> None:
    failed = replace(failed_job(FailureReason.DATA_ONE_CLASS), recipe_hash=TRAINING.recipe_hash)
    seen = observed(jobs=(search(JobState.SUCCEEDED, 0, 1), failed), registry=known())
    assert isinstance(plan(seen).step, Blocked)
    assert plan(seen, model(searching(), retry="now")).step == Train("1", attempt=2)


def test_a_training_that_found_no_trials_is_repeated_by_another_search() -> None:
    """Somebody removed them from MLflow."""
    failed = replace(failed_job(FailureReason.SEARCH_FAILED), recipe_hash=TRAINING.recipe_hash)
    seen = observed(jobs=(search(JobState.SUCCEEDED, 0, 1), failed), registry=known())
    blocked = plan(seen).step
    assert isinstance(blocked, Blocked)
    assert (blocked.step, blocked.dead_end) == (ConditionType.TRAINED, True)
    assert plan(seen, model(searching(), retry="now")).step == Search("1", attempt=2)


def test_a_search_whose_every_trial_failed_is_a_dead_end_until_somebody_asks() -> None:
    seen = observed(jobs=(search(JobState.FAILED, failed=(0, 1), failure=Trouble("OOMKilled", "exit code 137")),))
    found = plan(seen).step
    assert isinstance(found, Blocked)
    assert (found.step, found.reason, found.dead_end) == (ConditionType.TRAINED, "SearchFailed", True)
    assert "None of 4 trials" in found.message
    assert "raise spec.training.resources.limits.memory" in found.message
    assert plan(seen, model(searching(), retry="now")).step == Search("1", attempt=2)


def test_what_the_last_group_said_is_told_once_with_one_next_step() -> None:
    answer = TrainingFailed(reason=FailureReason.SEARCH_FAILED, message="No terms. Next: correct it.")
    found = plan(observed(jobs=(search(JobState.FAILED, failed=(0, 1), answer=answer),))).step
    assert isinstance(found, Blocked)
    assert found.message.count("Next:") == 1
    assert "the last one: No terms" in found.message


def test_a_fault_of_the_data_ends_a_search_as_it_ends_a_training() -> None:
    answer = TrainingFailed(reason=FailureReason.DATA_ONE_CLASS, message="All are positive. Next: mend it")
    found = plan(observed(jobs=(search(JobState.FAILED, answer=answer, exit_code=15),))).step
    assert isinstance(found, Blocked)
    assert (found.step, found.reason) == (ConditionType.DATA_VERIFIED, "DataOneClass")


def test_a_fault_of_the_surroundings_is_tried_again_by_itself() -> None:
    answer = TrainingFailed(reason=FailureReason.REPOSITORY_UNREACHABLE, message="Away. Next: wait")
    late = search(JobState.FAILED, answer=answer, finished_at=NOW - timedelta(minutes=6))
    assert plan(observed(jobs=(late,), registry=known())).step == Search("1", attempt=2)
    soon = search(JobState.FAILED, answer=answer, finished_at=NOW)
    assert isinstance(plan(observed(jobs=(soon,))).step, Blocked)


def test_a_search_that_takes_too_long_says_so() -> None:
    late = search(
        JobState.FAILED, 0, failure=Trouble("DeadlineExceeded", "Job was active longer than specified deadline")
    )
    found = plan(observed(jobs=(late,))).step
    assert isinstance(found, Blocked)
    assert (found.reason, found.dead_end) == ("DeadlineExceeded", True)


def test_another_recipe_supersedes_a_search_with_its_pods() -> None:
    running = search(JobState.RUNNING)
    edited = model(searching(data={"volume": {"claimName": "reviews", "path": "other.csv"}}))
    assert plan(observed(jobs=(running,), registry=known()), edited).obsolete_jobs == (running.name,)


def test_the_search_of_a_training_under_way_is_kept_however_many_jobs_ended_since() -> None:
    ended = replace(search(JobState.SUCCEEDED, 0, 1), created_at=NOW - timedelta(days=2))
    others = tuple(job(JobState.FAILED, "0", of=spec(rows=rows), attempt=rows) for rows in range(2, 9))
    running = job(JobState.RUNNING, of=searching())
    obsolete = plan(observed(jobs=(ended, *others, running))).obsolete_jobs
    assert len(obsolete) == 4
    assert ended.name not in obsolete


def test_a_search_counts_as_a_training_among_those_that_may_run_at_once() -> None:
    assert not isinstance(plan(observed(registry=known(), trainings_elsewhere=4)).step, Search)


def test_a_suspended_model_says_that_it_would_search_and_shows_the_job_to_the_api_server() -> None:
    held = model(searching(suspend=True))
    seen = observed(registry=known())
    found = with_preview(plan(seen, held), held, seen, SETTINGS, NOW)
    assert found.preview is not None
    assert "Its parameters would be searched for first." in found.preview.why
    assert found.to_rehearse is not None
    assert found.to_rehearse["metadata"]["name"].startswith("imdb-tune-")


def test_the_record_of_a_version_holds_what_the_search_came_to() -> None:
    step = Record("1", registered(of=searching(), search=tried(4, "0.89")))
    recorded = children.revision(MODEL, step, SETTINGS)["spec"]
    assert recorded["search"]["best"]["parameters"]["regularizationC"] == "3"
    assert recorded["recipe"]["search"]["parameters"] == {"ngramMax": [1, 2], "regularizationC": ["1", "3"]}
    assert "search" not in children.revision(model(), Record("1", registered()), SETTINGS)["spec"]


# What is said


def test_while_it_runs_the_figures_so_far_are_told() -> None:
    seen = observed(jobs=(search(JobState.RUNNING, 1, results={1: tried(4, "0.89", failed=1)}, progress_percent=50),))
    kind = ConditionType.TRAINED
    assert said(seen, kind)[:2] == ("False", "SearchRunning")
    assert said(seen, kind)[2].endswith(
        "1 of 4 trials ended well, 1 failed, the best got 0.89 right in cross-validation."
    )
    found = told(seen).training
    assert found is not None
    assert found.search is not None
    assert (found.search.trials, found.search.done, found.search.failed) == (4, 1, 1)
    assert found.search.best is not None
    assert found.search.best.model_dump() == {
        "trial": 4,
        "accuracy": "0.89",
        "parameters": "ngramMax 2, regularizationC 3",
    }


def test_a_job_that_a_queue_holds_says_which() -> None:
    queued = searching().model_dump(by_alias=True, exclude_none=True)
    queued["training"]["search"]["queueName"] = "research"
    held = model(type(searching()).model_validate(queued))
    seen = observed(jobs=(search(JobState.PENDING, is_held=True),))
    assert said(seen, ConditionType.TRAINED, held)[1:] == (
        "Queued",
        f"Job {search(JobState.PENDING).name} waits for queue research to let it begin.",
    )


def test_the_version_says_what_it_was_chosen_from() -> None:
    chosen = revision(of=searching())
    recorded = chosen.spec.model_copy(update={"search": tried(4, "0.89", trials=4, failed=1)})
    seen = observed(replace(chosen, spec=recorded))
    assert said(seen, ConditionType.TRAINED)[2] == (
        "Version 1 is trained, accuracy 0.91, with the best parameters of 4 trials, of which 1 failed."
    )
    found = told(seen).training
    assert found is not None
    assert found.search is not None
    assert (found.search.job_name, found.search.done, found.search.failed) == ("", 3, 1)


def test_a_search_that_begins_is_worth_an_event() -> None:
    begun = told(observed(jobs=(search(JobState.RUNNING),)))
    said = [fact.message for fact in events(SentimentModelStatus(), begun) if fact.reason == "TrainingStarted"]
    assert said == [f"Job {search(JobState.RUNNING).name} tries 4 sets of parameters for version 1."]


# What its Job tells


def pod(index: int, answer: GroupSearched | TrainingFailed | None, at: str = "2026-01-02T11:00:00Z") -> Manifest:
    """A pod that ended."""
    code = EXIT_CODES[answer.reason] if isinstance(answer, TrainingFailed) else 0 if answer is not None else 137
    message = answer.model_dump_json(by_alias=True) if answer is not None else "Killed"
    ended = {"exitCode": code, "message": message, "finishedAt": at, "reason": "OOMKilled" if code == 137 else "Error"}
    return {
        "metadata": {
            "name": f"imdb-tune-{index}",
            "ownerReferences": [{"uid": "uid-job"}],
            "annotations": {"batch.kubernetes.io/job-completion-index": str(index)},
        },
        "status": {
            "phase": "Failed" if code else "Succeeded",
            "containerStatuses": [{"name": "trainer", "state": {"terminated": ended}}],
        },
    }


def read(status: Manifest, *pods: Manifest, suspended: bool = False) -> TrainingJob:
    body = json.loads(json.dumps(children.search_job(MODEL, Search("1", 1), SETTINGS)))
    body["metadata"] |= {"uid": "uid-job", "creationTimestamp": "2026-01-02T10:00:00Z"}
    body["spec"]["suspend"] = suspended
    return workload.training_job({**body, "status": status}, pods, 77)


def ended(kind: str, reason: str = "") -> dict[str, Any]:
    return {
        "conditions": [{"type": kind, "status": "True", "reason": reason, "lastTransitionTime": "2026-01-02T11:30:00Z"}]
    }


NO_TERMS = TrainingFailed(reason=FailureReason.SEARCH_FAILED, message="None of 2 trials. Next: correct it.")


def test_done_groups_and_what_their_pods_said_are_read() -> None:
    found = read({"active": 1, "ready": 1, "completedIndexes": "1"}, pod(1, GroupSearched(result=tried(3, "0.9"))))
    assert found.searched is not None
    assert (found.state, found.progress_percent) == (JobState.RUNNING, 50)
    assert (found.searched.trials, found.searched.ended_well, found.searched.ended_badly) == (4, 2, 0)
    assert found.searched.best is not None
    assert found.searched.best.trial == 3


@pytest.mark.parametrize(
    ("written", "read_as"), [("", set()), ("0", {0}), ("0,1", {0, 1}), ("0-1", {0, 1}), ("0-1,7-9", {0, 1})]
)
def test_indexes_are_read_as_kubernetes_writes_them(written: str, read_as: set[int]) -> None:
    found = read({"completedIndexes": written}).searched
    assert found is not None
    assert found.completed == read_as


def test_a_search_that_some_groups_did_not_survive_has_ended_well() -> None:
    status = {**ended("Failed", "FailedIndexes"), "completedIndexes": "0", "failedIndexes": "1"}
    found = read(status, pod(0, GroupSearched(result=tried(1, "0.9"))), pod(1, NO_TERMS))
    assert (found.state, found.failure) == (JobState.SUCCEEDED, None)
    assert found.searched is not None
    assert (found.searched.ended_well, found.searched.ended_badly) == (2, 2)
    assert plan(observed(jobs=(found,))).step == Train("1", attempt=1)


def test_a_search_that_no_group_survived_has_failed() -> None:
    status = {**ended("Failed", "FailedIndexes"), "failedIndexes": "0,1"}
    found = read(status, pod(0, None), pod(1, None, "2026-01-02T11:01:00Z"))
    assert (found.state, found.answer) == (JobState.FAILED, None)
    assert found.failure is not None
    assert found.failure.reason == "OOMKilled"
    step = plan(observed(jobs=(found,))).step
    assert isinstance(step, Blocked)
    assert step.reason == "SearchFailed"


def test_a_fault_that_concerns_all_is_told_whatever_its_neighbours_said_when_they_were_ended() -> None:
    fault = TrainingFailed(reason=FailureReason.DATA_EMPTY, message="Empty. Next: fill it")
    status = {**ended("Failed", "PodFailurePolicy"), "failedIndexes": "1"}
    found = read(status, pod(1, fault), pod(0, NO_TERMS, "2026-01-02T11:00:05Z"), pod(0, None, "2026-01-02T11:00:09Z"))
    assert found.answer == fault


def test_a_job_that_a_queue_suspends_is_held_and_no_trouble() -> None:
    found = read({}, suspended=True)
    assert found.searched is not None
    assert (found.state, found.searched.is_held, found.trouble) == (JobState.PENDING, True, None)


def test_a_pod_that_waits_for_room_is_no_trouble_while_others_try() -> None:
    waiting = {
        "metadata": {"name": "imdb-tune-1", "ownerReferences": [{"uid": "uid-job"}]},
        "status": {
            "phase": "Pending",
            "conditions": [
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no room"}
            ],
        },
    }
    assert read({"active": 2, "ready": 1}, waiting).trouble is None
    stuck = read({"active": 2, "ready": 0}, waiting).trouble
    assert stuck is not None
    assert stuck.reason == "Unschedulable"


def test_an_annotation_that_somebody_broke_breaks_nothing() -> None:
    body = children.search_job(MODEL, Search("1", 1), SETTINGS)
    body["metadata"] |= {
        "uid": "uid-job",
        "annotations": {**body["metadata"]["annotations"], names.SEARCH_ANNOTATION: "x"},
    }
    found = workload.training_job({**body, "status": {"completedIndexes": "z-5"}}, [], 0)
    assert found.searched is not None
    assert found.searched.trials == 0


def test_results_of_groups_without_a_best_are_counted() -> None:
    """What an answer says is taken as it is, also by a trainer of somebody's own."""
    found = read({"completedIndexes": "0"}, pod(0, GroupSearched(result=SearchResult(trials=2, failed=2)))).searched
    assert found is not None
    assert (found.ended_well, found.ended_badly, found.best) == (0, 2, None)


# The Job


def test_the_name_of_a_search_leaves_room_for_the_index_of_its_pods() -> None:
    """Kubernetes refuses an Indexed Job whose name and last index have more than 63 characters together."""
    assert len(names.search_name("a" * 40, "0" * 64, 9999) + "-199") <= 63


def test_no_more_pods_run_at_once_than_there_are_groups() -> None:
    many = spec(training={"search": {"parameters": {"regularizationC": ["1", "2"]}, "parallelism": 50}})
    found = children.search_job(model(many), Search("1", 1), SETTINGS)["spec"]
    assert (found["completions"], found["parallelism"]) == (1, 1)


def test_only_what_a_group_says_of_itself_leaves_the_others_running() -> None:
    rules = children.search_job(MODEL, Search("1", 1), SETTINGS)["spec"]["podFailurePolicy"]["rules"]
    codes = {rule["action"]: rule["onExitCodes"]["values"] for rule in rules if "onExitCodes" in rule}
    assert codes["FailIndex"] == [EXIT_CODES[FailureReason.SEARCH_FAILED]]
    assert EXIT_CODES[FailureReason.DATA_EMPTY] in codes["FailJob"]
    assert not set(codes["FailIndex"]) & set(codes["FailJob"])
    assert EXIT_CODES[FailureReason.TRAINER_ERROR] not in codes["FailJob"] + codes["FailIndex"]

"""What is done next, rule by rule. Each name is the rule; the facts are all that decides."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sentiment_contract.training import FailureReason, TrainingFailed
from sentiment_operator.api.status import LastFailure, SentimentModelStatus
from sentiment_operator.deciding import looking_again
from sentiment_operator.deciding.decide import decide
from sentiment_operator.deciding.plan import (
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
    Train,
)
from sentiment_operator.facts.jobs import JobState
from sentiment_operator.facts.observed import Child, ChildKind, Model, Observed, RegistryAway
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
    registered,
    revision,
    served,
    spec,
)


def plan(wanted: Model, seen: Observed) -> Plan:
    return decide(wanted, seen, SETTINGS, NOW)


def blocked(found: Plan) -> Blocked:
    assert isinstance(found.step, Blocked)
    return found.step


# An unknown label


def test_mlflow_is_asked_before_an_unknown_label_is_trained() -> None:
    found = plan(model(), observed())
    assert (found.step, found.needs_registry) == (AskRegistry(), True)


def test_an_unknown_label_starts_a_training() -> None:
    assert plan(model(), observed(registry=known())).step == Train("1", attempt=1)


def test_a_fresh_edit_is_given_time_to_be_followed_by_another() -> None:
    found = plan(model(edited_at=NOW - timedelta(seconds=1)), observed(registry=known()))
    assert found.step == Settle()
    assert found.requeue_after == pytest.approx(2.0)


def test_a_version_that_mlflow_knows_is_recorded_at_once() -> None:
    fresh, known_there = model(edited_at=NOW - timedelta(seconds=1)), registered()
    assert plan(fresh, observed()).step == AskRegistry()
    assert plan(fresh, observed(registry=known(known_there))).step == Record("1", known_there)


def test_a_label_that_stands_for_another_recipe_is_refused_once_the_edits_have_settled() -> None:
    taken = known(registered(of=spec("1", rows=7)))
    assert plan(model(edited_at=NOW - timedelta(seconds=1)), observed(registry=taken)).step == Settle()
    assert (
        blocked(plan(model(edited_at=NOW - timedelta(seconds=3)), observed(registry=taken))).reason == "VersionConflict"
    )


def test_an_edit_has_settled_when_its_second_and_two_more_are_over() -> None:
    assert isinstance(plan(model(edited_at=NOW - timedelta(seconds=3)), observed(registry=known())).step, Train)


def test_a_training_waits_while_as_many_run_as_may() -> None:
    assert plan(model(), observed(registry=known(), trainings_elsewhere=4)).step == Queued(4, 4)


def test_a_running_training_is_awaited_and_looked_at_again() -> None:
    running = job(JobState.RUNNING)
    found = plan(model(), observed(jobs=(running,)))
    assert found.step == AwaitTraining(running)
    assert found.requeue_after is not None


def test_a_finished_training_sends_to_mlflow_for_its_result() -> None:
    assert plan(model(), observed(jobs=(job(JobState.SUCCEEDED),))).step == AskRegistry()


def test_a_record_that_a_follower_still_needs_is_kept_beyond_the_limit() -> None:
    wanted = model(spec("4", rollout={"revisionHistoryLimit": 2}))
    facts = observed(*(served(str(day), day) for day in (1, 2, 3, 4)), live=deployment("4"), pods=(pod("4"),))
    assert plan(wanted, facts).obsolete_revisions == ("imdb.2", "imdb.1")
    assert plan(wanted, replace(facts, named_by_followers=frozenset("1"))).obsolete_revisions == ("imdb.2",)


def test_the_result_in_mlflow_becomes_the_revision() -> None:
    result = registered()
    seen = observed(jobs=(job(JobState.SUCCEEDED),), registry=known(result))
    assert plan(model(), seen).step == Record("1", result)


def test_a_label_that_mlflow_knows_from_the_same_recipe_is_not_trained_again() -> None:
    result = registered()
    assert plan(model(), observed(registry=known(result))).step == Record("1", result)


def test_a_label_that_mlflow_knows_from_another_recipe_keeps_its_meaning() -> None:
    seen = observed(registry=known(registered(of=spec(rows=500))))
    found = blocked(plan(model(), seen))
    assert (found.reason, found.dead_end) == ("VersionConflict", True)


def test_a_model_version_without_provable_tags_is_not_recorded() -> None:
    found = blocked(plan(model(), observed(registry=known(registered(artifact_digest="")))))
    assert found.reason == "RegistrationIncomplete"


def test_a_training_that_left_nothing_in_mlflow_is_a_dead_end() -> None:
    found = blocked(plan(model(), observed(jobs=(job(JobState.SUCCEEDED),), registry=known())))
    assert (found.reason, found.dead_end) == ("RegistrationMissing", True)


def test_a_training_that_left_nothing_in_mlflow_can_be_repeated() -> None:
    seen = observed(jobs=(job(JobState.SUCCEEDED),), registry=known())
    assert plan(model(retry="again"), seen).step == Train("1", attempt=2)


def test_mlflow_being_away_holds_up_whoever_needs_it_and_is_asked_again() -> None:
    found = plan(model(), observed(registry=RegistryAway("connection refused")))
    assert (blocked(found).reason, blocked(found).dead_end) == ("RegistryUnreachable", False)
    assert found.requeue_after is not None


def test_no_label_means_one_that_follows_the_recipe() -> None:
    wanted = spec(None)
    assert plan(model(wanted), observed(registry=known())).wanted == f"r{wanted.recipe().recipe_hash()[:10]}"


# A known label


def test_a_known_label_is_served_without_job_or_mlflow() -> None:
    one = revision()
    found = plan(model(), observed(one))
    assert (found.step, found.target, found.needs_registry) == (Roll(one), one, False)


def test_a_known_label_is_served_as_recorded_whatever_the_recipe_says_now() -> None:
    one = revision(of=spec(rows=500))
    assert plan(model(), observed(one)).target == one


def test_a_complete_deployment_is_probed_before_it_counts() -> None:
    found = plan(model(), observed(revision(), live=deployment(), pods=(pod(),)))
    assert isinstance(found.step, Roll)
    assert found.needs_probe


def test_a_version_is_proven_by_fresh_pods_and_its_own_answer() -> None:
    seen = observed(revision(), live=deployment(), pods=(pod(),), pods_are_fresh=True, probe=probe())
    assert plan(model(), seen).step == Steady(revision())


@pytest.mark.parametrize(
    "facts",
    [
        {"probe": probe("2")},
        {"probe": probe(digest="0" * 64)},
        {"probe": probe(error="no answer")},
        {"probe": probe(), "pods_are_fresh": False},
        {"probe": probe(), "pods": (pod(), pod("0", deleting=True))},
    ],
    ids=["another version answered", "another digest", "no answer", "the pods are hearsay", "an old pod is ending"],
)
def test_a_version_is_not_proven_while(facts: dict[str, Any]) -> None:
    seen = observed(revision(), live=deployment(), **{"pods": (pod(),), "pods_are_fresh": True, **facts})
    assert isinstance(plan(model(), seen).step, Roll)


@pytest.mark.parametrize(
    "status",
    [{"observedGeneration": 0}, {"updatedReplicas": 0}, {"availableReplicas": 0}, {"replicas": 2}],
    ids=["the controller has not looked", "nothing is updated", "nothing answers", "an old pod is left"],
)
def test_a_deployment_on_its_way_is_not_probed(status: dict[str, int]) -> None:
    found = plan(model(), observed(revision(), live=deployment(**status), pods=(pod(),)))
    assert isinstance(found.step, Roll)
    assert not found.needs_probe


def ready_status() -> SentimentModelStatus:
    return SentimentModelStatus.model_validate(
        {
            "servingVersion": "1",
            "lineage": {"artifactDigest": revision().spec.artifact_digest},
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True",
                    "reason": "Serving",
                    "observedGeneration": 1,
                    "lastTransitionTime": "2026-01-02T11:00:00Z",
                }
            ],
        }
    )


def test_a_proven_version_stays_so_without_being_asked_again() -> None:
    found = plan(model(status=ready_status()), observed(revision(), live=deployment(), pods=(pod(),)))
    assert (found.step, found.requeue_after, found.needs_probe) == (Steady(revision()), None, False)


def test_a_proven_version_stays_so_while_more_pods_of_it_start() -> None:
    live = deployment(wanted=3, availableReplicas=1)
    seen = observed(revision(), live=live, pods=(pod(), pod(ready=False), pod(ready=False)))
    assert plan(model(status=ready_status()), seen).step == Steady(revision())


def test_a_wiped_status_is_proven_anew_and_trains_nothing() -> None:
    found = plan(model(status=SentimentModelStatus()), observed(revision(), live=deployment(), pods=(pod(),)))
    assert isinstance(found.step, Roll)


def test_a_foreign_object_under_a_name_of_ours_is_a_dead_end() -> None:
    taken: dict[ChildKind, Child | None] = {ChildKind.SERVICE: Child({"metadata": {}}, ours=False)}
    found = blocked(plan(model(), observed(revision(), children=taken)))
    assert (found.reason, found.dead_end) == ("NameTaken", True)


# What serves until then


def test_the_old_version_keeps_serving_while_the_wanted_one_is_trained() -> None:
    old = served("0")
    assert plan(model(), observed(old, live=deployment("0"), jobs=(job(JobState.RUNNING),))).target == old


def test_nothing_can_serve_before_the_first_version_exists() -> None:
    assert plan(model(), observed(jobs=(job(JobState.RUNNING),))).target is None


# Suspended


def test_suspended_nothing_is_trained() -> None:
    assert plan(model(spec(suspend=True)), observed()).step == Held()


def test_suspended_nothing_is_rolled_out_and_what_serves_is_kept() -> None:
    old = served("0")
    found = plan(model(spec(suspend=True)), observed(old, revision(), live=deployment("0")))
    assert (found.step, found.target) == (Held(), old)


def test_suspended_a_running_training_may_end() -> None:
    running = job(JobState.RUNNING)
    found = plan(model(spec(suspend=True)), observed(jobs=(running,)))
    assert (found.step, found.obsolete_jobs) == (AwaitTraining(running), ())


# Failures


@pytest.mark.parametrize(
    "reason", [FailureReason.DATA_EMPTY, FailureReason.DATA_CHECK_FAILED, FailureReason.PARITY_FAILED]
)
def test_a_fault_of_the_data_is_not_tried_again_by_itself(reason: FailureReason) -> None:
    found = plan(model(), observed(jobs=(failed_job(reason),)))
    assert (blocked(found).reason, blocked(found).dead_end, found.requeue_after) == (reason, True, None)


@pytest.mark.parametrize("reason", ["OOMKilled", "DeadlineExceeded", "BackoffLimitExceeded"])
def test_a_training_that_died_is_not_tried_again_by_itself(reason: str) -> None:
    found = plan(model(), observed(jobs=(dead_job(reason),)))
    assert (blocked(found).reason, blocked(found).dead_end) == (reason, True)
    assert "Next:" in blocked(found).message


def test_a_new_value_of_the_retry_annotation_tries_again() -> None:
    seen = observed(jobs=(failed_job(FailureReason.DATA_EMPTY),))
    assert plan(model(retry="now"), seen).step == Train("1", attempt=2)


def test_the_value_that_was_tried_already_does_not() -> None:
    seen = observed(jobs=(failed_job(FailureReason.DATA_EMPTY, retry="now"),))
    assert isinstance(plan(model(retry="now"), seen).step, Blocked)


def test_another_recipe_under_the_same_label_is_tried() -> None:
    seen = observed(jobs=(failed_job(FailureReason.DATA_EMPTY),), registry=known())
    assert plan(model(spec(rows=500)), seen).step == Train("1", attempt=1)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 10), (2, 20), (3, 40), (6, 300), (12, 300)])
def test_a_fault_of_the_surroundings_is_tried_again_after_a_growing_pause(attempt: int, seconds: int) -> None:
    failed = failed_job(FailureReason.REPOSITORY_UNREACHABLE, attempt=attempt)
    early = replace(failed, finished_at=NOW - timedelta(seconds=seconds - 1))
    found = plan(model(), observed(jobs=(early,)))
    assert blocked(found).dead_end
    assert found.requeue_after == pytest.approx(1.0)
    late = replace(failed, finished_at=NOW - timedelta(seconds=seconds))
    assert plan(model(), observed(jobs=(late,))).step == Train("1", attempt=attempt + 1)


def test_an_outage_of_mlflow_that_ended_a_training_waits_for_nobody() -> None:
    failed = failed_job(FailureReason.REGISTRY_UNREACHABLE, finished_at=NOW)
    found = plan(model(), observed(jobs=(failed,)))
    assert (blocked(found).reason, blocked(found).dead_end) == ("RegistryUnreachable", False)
    assert found.requeue_after == pytest.approx(10.0)
    without_job = plan(model(status=remembered(reason="RegistryUnreachable", time="2026-01-02T12:00:00Z")), observed())
    assert (blocked(without_job).reason, blocked(without_job).dead_end) == ("RegistryUnreachable", False)


def test_a_trainer_without_advice_is_tried_again_when_somebody_says_so() -> None:
    answer = TrainingFailed(reason=FailureReason.DATA_EMPTY, message="It is empty")
    found = blocked(plan(model(), observed(jobs=(job(JobState.FAILED, answer=answer),))))
    assert found.message.startswith("It is empty. Next: kubectl -n reviews annotate smod imdb")


def remembered(**changes: Any) -> SentimentModelStatus:
    failure = LastFailure.model_validate(
        {
            "version": "1",
            "step": "DataVerified",
            "reason": "DataEmpty",
            "message": "empty",
            "time": "2026-01-02T11:00:00Z",
            "recipeHash": spec().recipe().recipe_hash(),
            "attempt": 2,
            **changes,
        }
    )
    return SentimentModelStatus(last_failure=failure)


def test_a_failure_whose_job_is_gone_is_remembered() -> None:
    assert blocked(plan(model(status=remembered()), observed())).reason == "DataEmpty"


def test_a_remembered_failure_yields_to_a_retry_with_a_new_name_for_the_job() -> None:
    found = plan(model(status=remembered(), retry="again"), observed(registry=known()))
    assert found.step == Train("1", attempt=3)


def test_a_remembered_failure_of_another_recipe_counts_for_nothing() -> None:
    found = plan(model(spec(rows=500), status=remembered()), observed(registry=known()))
    assert found.step == Train("1", attempt=1)


# Jobs that nobody waits for


def test_a_training_of_what_is_no_longer_wanted_is_removed() -> None:
    old = job(JobState.RUNNING, "0")
    assert plan(model(), observed(jobs=(old,), registry=known())).obsolete_jobs == (old.name,)


def test_a_training_is_removed_when_a_known_version_is_wanted_instead() -> None:
    other = job(JobState.RUNNING, "2", of=spec("2", rows=500))
    assert plan(model(), observed(revision(), jobs=(other,))).obsolete_jobs == (other.name,)


def test_the_awaited_training_is_kept() -> None:
    assert plan(model(), observed(jobs=(job(JobState.RUNNING),))).obsolete_jobs == ()


def test_only_the_latest_few_finished_trainings_are_kept() -> None:
    jobs = tuple(
        job(JobState.SUCCEEDED, str(n), of=spec(rows=100 + n), created_at=NOW - timedelta(hours=n)) for n in range(2, 9)
    )
    assert len(plan(model(), observed(revision(), jobs=jobs)).obsolete_jobs) == len(jobs) - 3


def test_back_at_a_recipe_whose_training_is_being_deleted_a_new_one_gets_a_new_name() -> None:
    seen = observed(jobs=(job(JobState.DELETING),), registry=known())
    assert plan(model(), seen).step == Train("1", attempt=2)


def test_a_second_label_of_the_same_recipe_gets_a_job_of_its_own() -> None:
    seen = observed(revision("0", of=spec("1")), jobs=(job(JobState.SUCCEEDED, "0", of=spec("1")),), registry=known())
    assert plan(model(), seen).step == Train("1", attempt=2)


# Rivals


def test_of_two_models_with_one_registered_model_the_younger_gives_way() -> None:
    old = served("0")
    found = plan(model(), observed(old, revision(), live=deployment("0"), rival="reviews/older"))
    assert found.requeue_after == looking_again.CONFLICT_SECONDS
    assert (blocked(found).reason, blocked(found).step, found.target) == ("Conflict", "Accepted", old)

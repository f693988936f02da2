"""How the rollout of a candidate goes on, rule by rule."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from sentiment_operator import names
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.rollout import FailedRollout, Rollout
from sentiment_operator.api.status import SentimentModelStatus
from sentiment_operator.children.candidate import candidate_deployment
from sentiment_operator.deciding.decide import decide
from sentiment_operator.deciding.plan import Blocked, Candidate, Roll, Seal, Shift, Step, TakeOver
from sentiment_operator.facts.jobs import Trouble
from sentiment_operator.facts.observed import Answered, Child, ChildKind, Model, Observed, Revision, ServingPod
from sentiment_operator.rollout import advance, explain, routing
from sentiment_operator.rollout.candidate import rollout_key, running
from sentiment_operator.rollout.progress import Progress
from sentiment_operator.rollout.stages import stages
from tests.support.builders import NOW, SETTINGS, deployment, model, observed, pod, revision, served, spec

STEPS = [{"weightPercent": 20, "pauseSeconds": 60, "minRequests": 100}, {"weightPercent": 50, "pauseSeconds": 60}]
CANARY: dict[str, Any] = {"strategy": "Canary", "steps": STEPS}
LIMITS = {"maxErrorPercent": 1}
OLD, NEW = served("1"), revision("2")
PATIENCE = timedelta(seconds=SETTINGS.progress_deadline_seconds)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LONG_AGO = NOW - timedelta(days=2)
FOUR = 4


def canary(**changes: Any) -> Model:
    """A model that wants version 2 by way of a canary."""
    rollout = CANARY | changes.pop("rollout", {})
    return model(spec("2", rollout=rollout), **({"edited_at": LONG_AGO} | changes))


MODEL = canary()
LIMITED = canary(rollout={"analysis": LIMITS})


def progress(of: Model = MODEL, **changes: Any) -> Progress:
    """Just entered the first stage, unless told otherwise."""
    return Progress(key=rollout_key(of, NEW, OLD), entered=NOW).model_copy(update=changes)


def candidate(of: Model, how_far: Progress, version: Revision = NEW, *, complete: bool, **metadata: Any) -> Child:
    """The Deployment of the candidate as it stands there."""
    way = stages(of.spec.rollout, FOUR)
    stage = way[min(how_far.stage, len(way) - 1)]
    body = candidate_deployment(of, Candidate(version, OLD, stage, how_far), SETTINGS)
    count = stage.pods if complete else 0
    counts = {"observedGeneration": 1, "replicas": stage.pods, "updatedReplicas": stage.pods}
    return Child(
        {
            **body,
            "metadata": {**body["metadata"], "generation": 1, **metadata},
            "status": {**counts, "availableReplicas": count},
        },
        ours=True,
    )


def seen(
    how_far: Progress | None = None,
    *,
    of: Model = MODEL,
    complete: bool = True,
    answered: dict[str, Answered] | None = None,
    pods: tuple[ServingPod, ...] = (),
) -> Observed:
    """Four pods of version 1 serve, and a candidate is that far; without one, there is none."""
    there = {} if how_far is None else {ChildKind.CANDIDATE: candidate(of, how_far, complete=complete)}
    return observed(OLD, NEW, live=deployment("1", wanted=FOUR), children=there, answered=answered, pods=pods)


def decided(facts: Observed, of: Model = MODEL, now: datetime = NOW, version: Revision = NEW) -> Step:
    return advance.advance(of, facts, version, OLD, SETTINGS, now)


def shift(step: Step) -> Shift:
    assert isinstance(step, Shift), step
    return step


def how_far(step: Step) -> Progress:
    there = shift(step).candidate
    assert there is not None
    return there.progress


def failure(step: Step) -> FailedRollout:
    assert isinstance(step, Seal), step
    (failed,) = step.failed_rollouts
    return failed


def counted(requests: int, others: int = 0, **more: Any) -> dict[str, Answered]:
    """One pod of each version answered so many."""
    told = Answered(requests=requests, by_pod={"new": requests})
    return {"2": replace(told, **more), "1": Answered(requests=others, by_pod={"old": others})}


def unready(reason: str) -> tuple[ServingPod, ...]:
    return (pod("2", ready=False, trouble=Trouble(reason, "it says so")),)


# 1. What failed in this very way is not tried again


def failed(of: Model, **changes: Any) -> Revision:
    entry = FailedRollout(key=rollout_key(of, NEW, OLD), step=1, reason="LimitExceeded", message="5 % failed", time="t")
    status = NEW.status.model_copy(update={"failed_rollouts": (entry.model_copy(update=changes),)})
    return replace(NEW, status=status)


def test_what_failed_is_not_tried_again_and_names_what_serves() -> None:
    blocked = decided(seen(), version=failed(MODEL))
    assert isinstance(blocked, Blocked)
    assert (blocked.reason, blocked.dead_end) == (Reason.ROLLED_BACK, True)
    assert "Version 2 failed in step 1 of its rollout and was removed: 5 % failed." in blocked.message
    assert "Version 1 has all requests." in blocked.message


HELD = {"onFailure": "Hold", "strategy": "BlueGreen", "steps": [{"pauseSeconds": 60}]}


@pytest.mark.parametrize(
    ("stage", "told"),
    [(0, "Version 1 serves beside it."), (1, "It has all requests, beside idle pods of version 1.")],
    ids=["before requests moved", "after requests moved"],
)
def test_held_a_failed_candidate_is_said_to_have_the_requests_that_it_has(stage: int, told: str) -> None:
    held = canary(rollout=HELD)
    blocked = decided(seen(progress(held, stage=stage), of=held), held, version=failed(held))
    assert isinstance(blocked, Blocked)
    assert blocked.reason == Reason.ROLLOUT_HELD
    assert told in blocked.message


@pytest.mark.parametrize(
    "other",
    [
        canary(retry="again"),
        canary(rollout={"analysis": {"maxErrorPercent": 50}}),
        canary(rollout={"steps": [{"weightPercent": 10}]}),
    ],
    ids=["retry", "limits", "steps"],
)
def test_another_way_or_another_wish_is_another_try(other: Model) -> None:
    assert how_far(decided(seen(), other, version=failed(MODEL))).stage == 0


@pytest.mark.parametrize(
    "same",
    [{"onFailure": "Hold"}, {"progressDeadlineSeconds": 30}, {"revisionHistoryLimit": 9}],
    ids=["on failure", "deadline", "history"],
)
def test_what_is_not_the_way_may_be_changed_and_is_no_other_try(same: dict[str, Any]) -> None:
    changed = canary(rollout=same)
    assert isinstance(decided(seen(), changed, version=failed(MODEL)), Blocked)
    assert how_far(decided(seen(progress()), changed)) == progress(since=None)


# 2. Another candidate goes first; then the stages begin with the first one


def test_without_a_candidate_the_first_stage_is_entered() -> None:
    step = shift(decided(seen()))
    assert step.candidate is not None
    assert (step.stages, step.candidate.stage.pods, step.candidate.progress) == (2, 1, progress())


@pytest.mark.parametrize(
    "other",
    [
        candidate(MODEL, progress(key="of another rollout"), complete=True),
        candidate(MODEL, progress(stage=2), complete=True),
        candidate(MODEL, progress(), revision("3"), complete=True),
        candidate(MODEL, progress(), complete=True, deletionTimestamp="now"),
        candidate(MODEL, progress(), complete=True, annotations={names.ROLLOUT_ANNOTATION: "edited by hand"}),
        candidate(MODEL, progress(), complete=True, annotations={}),
    ],
    ids=["another rollout", "beyond the last stage", "another version", "ending", "unreadable", "no progress"],
)
def test_another_candidate_in_the_place_goes_first(other: Child) -> None:
    facts = observed(OLD, NEW, live=deployment("1", wanted=FOUR), children={ChildKind.CANDIDATE: other})
    assert shift(decided(facts)).candidate is None


def test_a_candidate_of_somebody_else_is_none() -> None:
    other = replace(candidate(MODEL, progress(), complete=True), ours=False)
    assert running(observed(OLD, NEW, children={ChildKind.CANDIDATE: other})) is None


def test_no_candidate_begins_while_what_serves_is_being_rolled_out_itself() -> None:
    mixed = seen(pods=(pod("1"), pod("0")))
    step = shift(decided(mixed))
    assert (step.candidate, step.waits_for) == (None, "1")
    assert (
        explain.shifting(step) == "Version 1 is being rolled out; the pods of version 2 start once nothing else serves."
    )


@pytest.mark.parametrize(
    "other",
    [pod("0", ready=False), pod("0", deleting=True), replace(pod("0"), is_shadow=True), pod("2"), pod("1")],
    ids=["not ready", "ending", "a shadow", "the wanted version", "what serves"],
)
def test_pods_that_answer_nobody_do_not_keep_a_candidate_from_beginning(other: ServingPod) -> None:
    assert how_far(decided(seen(pods=(pod("1"), other)))) == progress()


# 3. Pods that will never run, or answers beyond a limit, fail the candidate at once


@pytest.mark.parametrize("reason", sorted(advance.LOST))
@pytest.mark.parametrize("since", [None, NOW], ids=["starting", "answering"])
def test_pods_that_will_never_run_fail_the_candidate_at_once(reason: str, since: datetime | None) -> None:
    found = failure(decided(seen(progress(since=since), complete=False, pods=unready(reason))))
    assert (found.reason, found.step, found.message) == (reason, 0 if since is None else 1, "it says so")


@pytest.mark.parametrize("reason", ["Unschedulable", "ImagePullBackOff", "RegistryUnreachable"])
def test_pods_that_may_still_run_are_waited_for(reason: str) -> None:
    assert how_far(decided(seen(progress(), complete=False, pods=unready(reason)))) == progress()


@pytest.mark.parametrize("of", ["1", "3"])
def test_the_trouble_of_other_versions_is_not_that_of_the_candidate(of: str) -> None:
    other = (pod(of, ready=False, trouble=Trouble("CrashLoopBackOff", "")),)
    assert how_far(decided(seen(progress(), complete=False, pods=other))) == progress()


def test_a_pod_that_is_ending_troubles_nobody() -> None:
    ending = (replace(unready("CrashLoopBackOff")[0], deleting=True),)
    assert how_far(decided(seen(progress(), complete=False, pods=ending))) == progress()


def test_an_answer_beyond_a_limit_fails_the_candidate_before_its_time_is_over() -> None:
    began = progress(LIMITED, since=NOW)
    facts = seen(began, of=LIMITED, answered=counted(100, errors=2))
    found = failure(decided(facts, LIMITED, NOW + SECOND))
    assert (found.reason, found.step) == ("LimitExceeded", 1)
    assert "2.0 % of 100 requests failed" in found.message


@pytest.mark.parametrize("reason", ["RegistryUnreachable", "Unschedulable"])
def test_an_answer_beyond_a_limit_fails_the_candidate_while_more_of_its_pods_start(reason: str) -> None:
    starts = progress(LIMITED, stage=1)
    facts = seen(starts, of=LIMITED, complete=False, answered=counted(100, errors=2), pods=unready(reason))
    found = failure(decided(facts, LIMITED, NOW + SECOND))
    assert (found.reason, found.step) == ("LimitExceeded", 1)


def test_too_few_answers_are_not_judged() -> None:
    began = progress(LIMITED, since=NOW)
    assert how_far(decided(seen(began, of=LIMITED, answered=counted(99, errors=99)), LIMITED, NOW + SECOND)) == began


# 4. A stage begins to count when all of its pods are ready; it ends when its time is over and enough was answered


def test_a_stage_begins_to_count_when_its_pods_are_ready_and_from_what_was_answered_by_then() -> None:
    step = decided(seen(progress(), answered=counted(30, 500)), now=NOW + SECOND)
    assert how_far(step) == progress(since=NOW + SECOND, requests={"new": 30}, stable_requests={"old": 500})


def test_it_does_not_begin_before_the_metrics_were_read() -> None:
    assert how_far(decided(seen(progress(), answered=None))) == progress()


def test_figures_that_nobody_gives_are_waited_for_and_are_no_fault_of_the_candidate() -> None:
    began = progress(since=NOW)
    step = decided(seen(began, answered=None), now=NOW + 100_000 * SECOND)
    assert isinstance(step, Shift)
    assert (how_far(step), step.lacking) == (began, explain.NO_FIGURES)
    assert "Prometheus does not give" in explain.shifting(step)


@pytest.mark.parametrize(
    ("after", "requests", "ends"),
    [(60, 130, True), (59, 130, False), (60, 129, False), (0, 10_000, False)],
    ids=["time and requests", "no time", "no requests", "only requests"],
)
def test_a_stage_ends_when_its_time_is_over_and_enough_was_answered(after: int, requests: int, *, ends: bool) -> None:
    began = progress(since=NOW, requests={"new": 30})
    now = NOW + after * SECOND
    step = decided(seen(began, answered=counted(requests)), now=now)
    assert how_far(step) == (progress(stage=1, entered=now) if ends else began)


def test_a_stage_does_not_end_without_all_of_its_pods() -> None:
    began = progress(since=NOW)
    step = decided(seen(began, answered=counted(1000), complete=False), now=NOW + 2 * MINUTE)
    assert how_far(step) == began


def test_after_the_last_stage_the_candidate_takes_over() -> None:
    began = progress(stage=1, since=NOW)
    step = decided(seen(began, answered=counted(1000)), now=NOW + MINUTE)
    assert isinstance(step, TakeOver)
    assert not step.hand_over


def test_what_answered_copies_only_is_rolled_out_and_not_taken_over() -> None:
    shadow = canary(rollout={"strategy": "Shadow", "steps": STEPS[1:]})
    began = progress(shadow, since=NOW)
    step = decided(seen(began, of=shadow, answered=counted(1000)), shadow, NOW + MINUTE)
    assert step == Roll(NEW)


def test_what_a_stage_waits_for_is_told_once_its_time_is_over() -> None:
    began = progress(since=NOW)
    facts = seen(began, answered=counted(40, 60))
    early, late = (shift(decided(facts, now=NOW + seconds * SECOND)) for seconds in (59, 60))
    assert (early.lacking, late.lacking) == ("", "40 of 100 requests")
    assert late.measured_percent == 40
    assert (late.not_before, late.deadline) == (NOW + MINUTE, NOW + MINUTE + PATIENCE)


def test_counters_that_began_anew_count_from_there() -> None:
    began = progress(since=NOW, requests={"new": 5000}, stable_requests={"old": 9000})
    step = shift(decided(seen(began, answered=counted(40, 60)), now=NOW + MINUTE))
    assert (step.lacking, step.measured_percent) == ("40 of 100 requests", 40)


def test_pods_that_are_gone_have_answered_nothing() -> None:
    began = progress(since=NOW)
    assert shift(decided(seen(began, answered={}), now=NOW + MINUTE)).lacking == "0 of 100 requests"


def test_the_requests_of_earlier_steps_do_not_count_where_a_pod_went() -> None:
    began = progress(since=NOW, requests={"new": 10_000, "gone": 10_000})
    assert shift(decided(seen(began, answered=counted(10_040)), now=NOW + MINUTE)).lacking == "40 of 100 requests"


def test_a_pod_that_is_new_counts_from_its_start() -> None:
    began = progress(since=NOW, requests={"gone": 10_000})
    assert how_far(decided(seen(began, answered=counted(100)), now=NOW + MINUTE)).stage == 1


SILENT: dict[str, Any] = {"silent": ("mute",)}


def test_a_stage_does_not_begin_before_every_ready_pod_tells_its_figures() -> None:
    facts = seen(progress(), answered=counted(30, 500, **SILENT))
    waiting = decided(facts, now=NOW + PATIENCE - SECOND)
    assert (how_far(waiting), shift(waiting).deadline) == (progress(), NOW + PATIENCE)
    found = failure(decided(facts, now=NOW + PATIENCE))
    assert (found.reason, found.step) == ("ProgressDeadlineExceeded", 0)
    assert found.message == "figures of its requests, which mute does not tell at /metrics"


def test_a_stage_does_not_end_before_every_ready_pod_tells_its_figures() -> None:
    facts = seen(progress(since=NOW), answered=counted(1000, **SILENT))
    assert "mute does not tell" in shift(decided(facts, now=NOW + MINUTE)).lacking
    assert "mute does not tell" in failure(decided(facts, now=NOW + MINUTE + PATIENCE)).message


def test_figures_that_nobody_needs_are_not_waited_for() -> None:
    facts = seen(progress(stage=1, since=NOW), answered=counted(1000, **SILENT))
    assert isinstance(decided(facts, now=NOW + MINUTE), TakeOver)


def test_of_a_pod_that_served_before_and_did_not_tell_when_the_stage_began_no_share_is_counted() -> None:
    stable = Answered(requests=500, by_pod={"old": 500}, silent=("slow",))
    began = how_far(decided(seen(progress(), answered=counted(30) | {"1": stable})))
    assert began.stable_requests == {"old": 500, "slow": None}
    told = Answered(requests=90_530, by_pod={"old": 530, "slow": 90_000})
    step = shift(decided(seen(began, answered=counted(40) | {"1": told}), now=NOW + MINUTE))
    assert step.measured_percent == 25


def test_limits_ask_for_samples_though_the_step_asks_for_no_requests() -> None:
    began = progress(LIMITED, stage=1, since=NOW)
    step = shift(decided(seen(began, of=LIMITED, answered=counted(99)), LIMITED, NOW + MINUTE))
    assert step.lacking == "99 of 100 requests"


# 5. What takes longer than the deadline has failed. An outage of the registry does not count


def test_pods_that_are_not_ready_in_time_fail_the_candidate() -> None:
    facts = seen(progress(), complete=False, pods=unready("Unschedulable"))
    waiting = shift(decided(facts, now=NOW + PATIENCE - SECOND))
    assert waiting.deadline == NOW + PATIENCE
    found = failure(decided(facts, now=NOW + PATIENCE))
    assert (found.reason, found.step) == ("ProgressDeadlineExceeded", 0)
    assert "Unschedulable: it says so" in found.message


def test_the_deadline_of_the_model_counts_before_that_of_the_operator() -> None:
    hasty = canary(rollout={"progressDeadlineSeconds": 30})
    facts = seen(progress(hasty), of=hasty, complete=False)
    assert isinstance(decided(facts, hasty, NOW + 29 * SECOND), Shift)
    assert failure(decided(facts, hasty, NOW + 30 * SECOND)).reason == "ProgressDeadlineExceeded"


def test_why_the_api_server_takes_no_more_pods_is_told() -> None:
    refused = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}
    there = candidate(MODEL, progress(), complete=False)
    there.body["status"]["conditions"] = [refused]
    facts = observed(OLD, NEW, live=deployment("1", wanted=FOUR), children={ChildKind.CANDIDATE: there})
    assert "exceeded quota" in failure(decided(facts, now=NOW + PATIENCE)).message


@pytest.mark.parametrize("complete", [True, False], ids=["too few requests", "too few pods"])
def test_a_stage_that_never_ends_has_failed_in_that_stage(*, complete: bool) -> None:
    never = canary(rollout={"steps": [STEPS[0], {"weightPercent": 50, "pauseSeconds": 60, "minRequests": 9}]})
    began = progress(never, stage=1, since=NOW)
    facts = seen(began, of=never, answered=counted(1000 if not complete else 0), complete=complete)
    assert isinstance(decided(facts, never, NOW + MINUTE + PATIENCE - SECOND), Shift)
    found = failure(decided(facts, never, NOW + MINUTE + PATIENCE))
    assert (found.reason, found.step) == ("ProgressDeadlineExceeded", 2)
    assert found.message == ("0 of 9 requests" if complete else "its pods were not all ready")


def test_while_the_registry_is_away_the_time_to_start_begins_anew_now_and_then() -> None:
    facts = seen(progress(), complete=False, pods=unready("RegistryUnreachable"))
    assert how_far(decided(facts, now=NOW + PATIENCE / 2)) == progress()
    later = NOW + PATIENCE / 2 + SECOND
    assert how_far(decided(facts, now=later)) == progress(entered=later)
    assert how_far(decided(facts, now=NOW + 9 * PATIENCE)) == progress(entered=NOW + 9 * PATIENCE)


def test_while_the_registry_is_away_a_stage_that_lost_a_pod_does_not_fail() -> None:
    began = progress(stage=1, since=NOW)
    facts = seen(began, complete=False, answered=counted(1000), pods=unready("RegistryUnreachable"))
    end = NOW + MINUTE + PATIENCE
    assert how_far(decided(facts, now=end - PATIENCE / 2)) == began
    renewed = how_far(decided(facts, now=end))
    assert renewed == began.model_copy(update={"entered": end})
    back = seen(renewed, complete=False, answered=counted(1000))
    assert isinstance(decided(back, now=end + PATIENCE - SECOND), Shift)
    assert isinstance(decided(back, now=end + PATIENCE), Seal)


COMPARED = canary(rollout={"analysis": {"maxDisagreementPercent": 5}})


def test_what_cannot_be_compared_with_is_no_fault_of_the_candidate() -> None:
    began = progress(COMPARED, since=NOW)
    facts = seen(began, of=COMPARED, answered=counted(1000))
    late = NOW + MINUTE + PATIENCE
    step = shift(decided(facts, COMPARED, late))
    assert "0 of 100 compared reviews, since not every pod has loaded version 1" in step.lacking
    assert how_far(step) == began.model_copy(update={"entered": late})


@pytest.mark.parametrize(
    "told", [counted(1000, comparing=1), counted(99)], ids=["it is loaded", "there are too few requests anyway"]
)
def test_too_few_comparisons_with_what_is_loaded_fail_the_candidate_in_the_end(told: dict[str, Answered]) -> None:
    facts = seen(progress(COMPARED, since=NOW), of=COMPARED, answered=told)
    assert failure(decided(facts, COMPARED, NOW + MINUTE + PATIENCE)).reason == "ProgressDeadlineExceeded"


@pytest.mark.parametrize("since", [None, NOW], ids=["starting", "answering"])
def test_a_rollout_that_was_suspended_for_long_has_its_time_anew(since: datetime | None) -> None:
    resumed = NOW + 100 * PATIENCE
    facts = seen(progress(since=since), complete=False, answered=counted(0))
    late = resumed + PATIENCE - SECOND
    assert isinstance(decided(facts, now=late), Seal)
    assert shift(decided(facts, canary(edited_at=resumed), late)).deadline == resumed + PATIENCE


# Without a candidate, or with what is left of one


@pytest.mark.parametrize(
    ("of", "version", "stable", "at_once"),
    [
        (MODEL, NEW, OLD, False),
        (MODEL, NEW, None, True),
        (MODEL, served("2"), OLD, True),
        (
            MODEL,
            replace(NEW, spec=NEW.spec.model_copy(update={"artifact_digest": OLD.spec.artifact_digest})),
            OLD,
            True,
        ),
        (model(spec("2")), NEW, OLD, True),
    ],
    ids=["a new version", "nothing serves", "it served before", "the same model", "no candidates wanted"],
)
def test_who_takes_over_at_once(of: Model, version: Revision, stable: Revision | None, *, at_once: bool) -> None:
    assert advance.takes_over_at_once(of, version, stable) is at_once


def handing(label: str = "2", *, paused: bool = True, **metadata: Any) -> Observed:
    """The model's own Deployment runs this version, and a candidate is there."""
    live = deployment(label, wanted=FOUR)
    live.body["spec"]["paused"] = paused
    there = candidate(MODEL, progress(stage=1), complete=True, **metadata)
    return observed(OLD, NEW, live=live, children={ChildKind.CANDIDATE: there})


def test_a_deployment_that_waits_for_the_pods_gets_them() -> None:
    assert advance.taking_over(handing(), NEW) == TakeOver(NEW, None, hand_over=True)


def test_what_ends_already_is_not_let_go_of_twice() -> None:
    assert advance.taking_over(handing(deletionTimestamp="now"), NEW) == TakeOver(NEW, None, hand_over=False)


@pytest.mark.parametrize(
    "facts",
    [handing(paused=False), handing("1"), observed(OLD, NEW, live=deployment("2")), observed(OLD, NEW)],
    ids=["not paused", "another version", "no candidate", "no Deployment"],
)
def test_nothing_is_handed_over_to_a_deployment_that_does_not_wait_for_it(facts: Observed) -> None:
    assert advance.taking_over(facts, NEW) is None


# What serves while another version does not come up


STUCK = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]


@pytest.mark.parametrize(
    ("strategy", "conditions", "wanted", "target"),
    [
        ("BlueGreen", STUCK, "2", "0"),
        ("BlueGreen", [], "2", "1"),
        ("BlueGreen", STUCK, "1", "1"),
        ("RollingUpdate", STUCK, "2", "2"),
    ],
    ids=["stuck", "on its way", "stuck and wanted", "without candidates"],
)
def test_what_answers_is_gone_back_to_where_what_is_deployed_does_not_come_up_and_is_not_wanted(
    strategy: str, conditions: list[dict[str, str]], wanted: str, target: str
) -> None:
    before, now_deployed = served("0"), served("1")
    of = model(spec(wanted, rollout={"strategy": strategy}), status=SentimentModelStatus(serving_version="0"))
    live = deployment("1", wanted=FOUR, updatedReplicas=0, conditions=conditions)
    facts = observed(before, now_deployed, NEW, live=live, pods=(pod("0"), pod("1", ready=False)))
    plan = decide(of, facts, SETTINGS, NOW)
    assert plan.target is not None
    assert plan.target.spec.version == target


def test_what_is_wanted_and_does_not_come_up_is_not_undone_by_a_suspension() -> None:
    of = model(
        spec("1", rollout={"strategy": "BlueGreen"}, suspend=True), status=SentimentModelStatus(serving_version="0")
    )
    live = deployment("1", wanted=FOUR, updatedReplicas=0, conditions=STUCK)
    plan = decide(of, observed(served("0"), served("1"), live=live, pods=(pod("0"),)), SETTINGS, NOW)
    assert plan.target is not None
    assert plan.target.spec.version == "1"


# Which version the Service leads to


@pytest.mark.parametrize(
    ("rollout", "stage", "version"),
    [
        (CANARY, 0, ""),
        (CANARY | {"router": "GatewayAPI", "gateway": {"name": "g"}}, 0, "1"),
        (CANARY | {"strategy": "Shadow"}, 0, ""),
        ({"strategy": "BlueGreen"}, 0, "1"),
        ({"strategy": "BlueGreen"}, 1, "2"),
    ],
    ids=["canary", "behind a gateway", "shadow", "before blue-green moves", "after blue-green moved"],
)
def test_requests_reach_the_versions_that_the_stage_is_for(rollout: dict[str, Any], stage: int, version: str) -> None:
    of = model(spec("2", rollout=rollout))
    there = Candidate(NEW, OLD, stages(of.spec.rollout, FOUR)[stage], progress())
    assert routing.only_version(of, seen(), Shift(NEW, there), there) == version


@pytest.mark.parametrize(
    ("news", "olds", "version"),
    [(4, 1, "2"), (3, 4, ""), (4, 0, "")],
    ids=["old pods end", "too few new ones", "nothing else is there"],
)
def test_blue_green_sends_no_request_back_to_pods_that_end(news: int, olds: int, version: str) -> None:
    pods = (*[pod("2")] * news, *[pod("1")] * olds)
    for strategy, only in (("BlueGreen", version), ("Canary", "")):
        of = canary(rollout={"strategy": strategy})
        assert routing.only_version(of, seen(pods=pods), Roll(NEW), None) == only


# What names a rollout


PLAIN: dict[str, Any] = {"strategy": "Canary", "steps": [{"weightPercent": 20}]}


@pytest.mark.parametrize(
    ("rollout", "key"),
    [
        (PLAIN, "7cb6100d918aba54"),
        (PLAIN | {"analysis": {"maxErrorPercent": 1}}, "6c12d88196ad5dc4"),
        ({"strategy": "BlueGreen", "steps": [{"pauseSeconds": 60}]}, "66845531a4496fe5"),
    ],
)
def test_what_names_a_rollout_is_the_same_in_every_release(rollout: dict[str, Any], key: str) -> None:
    # Any other key would try again whatever failed, and begin anew whatever runs, as soon as an operator is upgraded.
    assert rollout_key(model(spec("2", rollout=rollout)), NEW, OLD) == key


class LaterRollout(Rollout):
    """The way to take over as a later release may know it."""

    mirror_percent: int = 5


def test_a_field_that_a_later_release_adds_is_no_other_rollout() -> None:
    today = model(spec("2", rollout=PLAIN))
    later = replace(today, spec=today.spec.model_copy(update={"rollout": LaterRollout.model_validate(PLAIN)}))
    assert rollout_key(later, NEW, OLD) == rollout_key(today, NEW, OLD)


def test_a_default_that_is_written_down_names_the_same_rollout() -> None:
    written = PLAIN | {
        "router": "Replicas",
        "analysis": {"minSamples": 100},
        "steps": [{"weightPercent": 20, "pauseSeconds": 0}],
    }
    assert rollout_key(model(spec("2", rollout=written)), NEW, OLD) == rollout_key(
        model(spec("2", rollout=PLAIN)), NEW, OLD
    )

"""What a trained version has to pass before it serves, rule by rule."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sentiment_contract.gates import Compared, Figures, Verdict
from sentiment_contract.training import FailureReason, TrainingFailed
from sentiment_operator.api.promotion import Decision
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.status import HistoryEntry, Metric, SentimentModelStatus
from sentiment_operator.deciding import gating
from sentiment_operator.deciding.approving import Awaiting
from sentiment_operator.deciding.decide import decide
from sentiment_operator.deciding.plan import (
    AwaitApproval,
    AwaitComparison,
    Blocked,
    Compare,
    Held,
    Plan,
    Queued,
    Roll,
    Seal,
    Settle,
    Steady,
)
from sentiment_operator.facts.jobs import ComparisonJob, JobState
from sentiment_operator.facts.observed import Model, Observed, Revision
from tests.support.builders import (
    NOW,
    SETTINGS,
    answer,
    comparison,
    deployment,
    model,
    observed,
    pod,
    probe,
    revision,
    served,
    spec,
    with_evidence,
)

ACCURATE = {"name": "accurate", "metric": "accuracy", "threshold": "0.9"}
TOO_STRICT = {"name": "strict", "metric": "accuracy", "threshold": "0.99"}
NO_WORSE = {"name": "no-worse", "metric": "f1", "compareWith": "Serving", "maxDecrease": "0.01"}
SHORT = {"name": "short", "metric": "accuracy", "threshold": "0.8", "slice": {"maxWords": 50}}
MANUAL = {"approval": {"policy": "Manual"}}
BETTER = Figures(gate="no-worse", value="0.91", baseline_value="0.9", low="-0.002", high="0.02", samples=2000)
WORSE = Figures(gate="no-worse", value="0.8", baseline_value="0.9", low="-0.12", high="-0.08", samples=2000)
NOISE = Figures(gate="no-worse", value="0.9", baseline_value="0.9", low="-0.03", high="0.03", samples=60)


def wanting(version: str, *gates: dict[str, Any], promotion: dict[str, Any] | None = None, **changes: Any) -> Model:
    """A model with these gates."""
    return model(spec(version, gates=list(gates), **({"promotion": promotion} if promotion else {})), **changes)


def plan(wanted: Model, seen: Observed) -> Plan:
    return decide(wanted, seen, SETTINGS, NOW)


def seal(found: Plan) -> Seal:
    assert isinstance(found.step, Seal), found.step
    return found.step


def compare(found: Plan) -> Compare:
    assert isinstance(found.step, Compare), found.step
    return found.step


def serving_one(*more: Revision, **facts: Any) -> Observed:
    """Version 1 serves."""
    return observed(served("1"), *more, live=deployment("1"), pods=(pod("1"),), **facts)


def judged(wanted: Model, figures: Figures, candidate: Revision | None = None) -> Revision:
    """Version 2 after the comparison gave these figures."""
    two = candidate or revision("2")
    step = compare(plan(wanted, serving_one(two)))
    job = comparison(step, JobState.SUCCEEDED, answer=Compared(figures=(figures,)))
    return with_evidence(two, *seal(plan(wanted, serving_one(two, comparisons=(job,)))).gates)


# Gates on figures of the training


def test_a_gate_on_a_figure_of_the_training_is_judged_at_once() -> None:
    found = seal(plan(wanting("1", ACCURATE), observed(revision("1"))))
    assert [(entry.name, entry.verdict, entry.value) for entry in found.gates] == [("accurate", Verdict.PASSED, "0.91")]


def test_what_passed_is_rolled_out() -> None:
    wanted = wanting("1", ACCURATE)
    passed = with_evidence(revision("1"), *seal(plan(wanted, observed(revision("1")))).gates)
    assert plan(wanted, observed(passed)).step == Roll(passed)


def test_what_failed_does_not_serve_and_waits_for_a_person() -> None:
    wanted = wanting("2", TOO_STRICT)
    failed = with_evidence(revision("2"), *seal(plan(wanted, serving_one(revision("2")))).gates)
    found = plan(wanted, serving_one(failed))
    assert isinstance(found.step, Blocked)
    assert (found.step.reason, found.step.dead_end, found.target) == (Reason.GATE_FAILED, True, served("1"))
    assert "0.91" in found.step.message
    assert "0.99" in found.step.message


@pytest.mark.parametrize("value", ["", "NaN", "Infinity", "not a number"])
def test_a_figure_that_is_none_does_not_pass(value: str) -> None:
    plain = revision("1")
    told = replace(
        plain, spec=plain.spec.model_copy(update={"metrics": (Metric(name="accuracy", value=value),) if value else ()})
    )
    wanted = wanting("1", ACCURATE)
    sealed = with_evidence(told, *seal(plan(wanted, observed(told))).gates)
    found = plan(wanted, observed(sealed)).step
    assert isinstance(found, Blocked)
    assert found.reason == Reason.GATE_INCONCLUSIVE


def test_a_gate_that_only_warns_does_not_block() -> None:
    wanted = wanting("1", {**TOO_STRICT, "onFailure": "Warn"})
    failed = with_evidence(revision("1"), *seal(plan(wanted, observed(revision("1")))).gates)
    assert plan(wanted, observed(failed)).step == Roll(failed)


def test_turning_a_warning_into_a_block_needs_no_new_evidence() -> None:
    warned = wanting("1", {**TOO_STRICT, "onFailure": "Warn"})
    failed = with_evidence(revision("1"), *seal(plan(warned, observed(revision("1")))).gates)
    assert isinstance(plan(wanting("1", TOO_STRICT), observed(failed)).step, Blocked)


def test_another_threshold_is_judged_anew() -> None:
    strict = wanting("1", TOO_STRICT)
    failed = with_evidence(revision("1"), *seal(plan(strict, observed(revision("1")))).gates)
    milder = wanting("1", {**TOO_STRICT, "threshold": "0.9"})
    assert seal(plan(milder, observed(failed))).gates[0].verdict is Verdict.PASSED


def test_a_retry_judges_anew_what_did_not_pass_and_nothing_else() -> None:
    wanted = wanting("1", ACCURATE, TOO_STRICT)
    sealed = with_evidence(revision("1"), *seal(plan(wanted, observed(revision("1")))).gates)
    again = seal(plan(replace(wanted, retry="now"), observed(sealed)))
    assert [entry.name for entry in again.gates] == ["strict"]


# What served before


def test_a_version_that_served_needs_no_new_gate() -> None:
    assert plan(wanting("1", TOO_STRICT), observed(served("1"), live=deployment("2"))).step == Roll(served("1"))


def test_a_new_gate_does_not_touch_what_serves() -> None:
    seen = serving_one(pods_are_fresh=True, probe=probe("1"))
    assert plan(wanting("1", TOO_STRICT, promotion=MANUAL), seen).step == Steady(served("1"))


def test_suspended_nothing_is_compared() -> None:
    wanted = model(spec("2", gates=[NO_WORSE], suspend=True))
    assert plan(wanted, serving_one(revision("2"))).step == Held()


# Comparisons


def test_a_comparison_is_made_with_what_served_last() -> None:
    seen = observed(served("1", day=1), served("0", day=9), revision("2"), live=deployment("0"))
    found = compare(plan(wanting("2", NO_WORSE), seen))
    assert found.baseline == served("0", day=9)
    assert found.attempt == 1


def test_what_served_by_the_history_alone_is_compared_with_too() -> None:
    began = (HistoryEntry(version="1", since="2026-01-02T11:59:59Z"),)
    wanted = wanting("2", NO_WORSE, status=SentimentModelStatus(history=began))
    seen = observed(served("0"), revision("1"), revision("2"), live=deployment("1"))
    assert compare(plan(wanted, seen)).baseline == revision("1")


@pytest.mark.parametrize(("old_pods", "baseline"), [(0, revision("1")), (1, served("0"))])
def test_what_serves_is_compared_with_although_it_was_never_seen_to_begin(old_pods: int, baseline: Revision) -> None:
    rolled = deployment("1", replicas=1 + old_pods)
    seen = observed(served("0"), revision("1"), revision("2"), live=rolled, pods=(pod("1"),))
    assert compare(plan(wanting("2", NO_WORSE), seen)).baseline == baseline


def test_a_comparison_starts_once_the_edits_have_settled() -> None:
    found = plan(wanting("2", NO_WORSE, edited_at=NOW), serving_one(revision("2")))
    assert isinstance(found.step, Settle)
    assert found.target == served("1")
    assert found.requeue_after is not None


def test_what_serves_keeps_serving_meanwhile() -> None:
    assert plan(wanting("2", NO_WORSE), serving_one(revision("2"))).target == served("1")


def test_without_anything_that_served_there_is_nothing_to_be_worse_than() -> None:
    found = seal(plan(wanting("1", NO_WORSE), observed(revision("1"))))
    assert found.gates[0].verdict is Verdict.PASSED
    assert "nothing served" in found.gates[0].message


def test_without_anything_that_served_no_slice_of_it_is_missed() -> None:
    found = seal(plan(wanting("1", {**NO_WORSE, "slice": {"maxWords": 50}}), observed(revision("1"))))
    assert found.gates[0].verdict is Verdict.PASSED


def test_what_serves_without_a_record_is_not_taken_for_nothing() -> None:
    found = seal(plan(wanting("2", NO_WORSE), observed(revision("2"), live=deployment("1"))))
    assert found.gates[0].verdict is Verdict.INCONCLUSIVE
    assert "version 1" in found.gates[0].message


def test_a_slice_is_measured_even_where_nothing_served() -> None:
    assert compare(plan(wanting("1", SHORT), observed(revision("1")))).baseline is None


def test_gates_that_need_scoring_share_one_job() -> None:
    wanted = wanting("2", SHORT, NO_WORSE)
    assert [gate.name for gate in compare(plan(wanted, serving_one(revision("2")))).gates] == ["short", "no-worse"]


def test_a_running_comparison_is_awaited() -> None:
    wanted, seen = wanting("2", NO_WORSE), serving_one(revision("2"))
    running = comparison(compare(plan(wanted, seen)), JobState.RUNNING)
    found = plan(wanted, replace(seen, comparisons=(running,)))
    assert found.step == AwaitComparison(running)
    assert found.requeue_after is not None
    assert found.obsolete_jobs == ()


def test_a_comparison_waits_while_as_many_jobs_run_as_may() -> None:
    seen = serving_one(revision("2"), trainings_elsewhere=4)
    assert plan(wanting("2", NO_WORSE), seen).step == Queued(4, 4)


@pytest.mark.parametrize(
    ("figures", "verdict", "reason"),
    [(WORSE, Verdict.FAILED, Reason.GATE_FAILED), (NOISE, Verdict.INCONCLUSIVE, Reason.GATE_INCONCLUSIVE)],
)
def test_what_is_worse_or_cannot_be_told_is_refused_with_both_figures(
    figures: Figures, verdict: Verdict, reason: Reason
) -> None:
    wanted = wanting("2", NO_WORSE)
    sealed = judged(wanted, figures)
    assert sealed.status.gates[0].verdict is verdict
    found = plan(wanted, serving_one(sealed))
    assert isinstance(found.step, Blocked)
    assert found.step.reason == reason
    assert figures.value in found.step.message
    assert figures.baseline_value in found.step.message
    assert "95 %" in found.step.message
    assert found.target == served("1")


def test_what_is_no_worse_is_rolled_out() -> None:
    wanted = wanting("2", NO_WORSE)
    sealed = judged(wanted, BETTER)
    assert plan(wanted, serving_one(sealed)).step == Roll(sealed)


def test_another_serving_version_needs_another_comparison() -> None:
    wanted = wanting("2", NO_WORSE)
    sealed = judged(wanted, WORSE)
    seen = observed(served("1", day=1), served("0", day=2), sealed, live=deployment("0"))
    assert compare(plan(wanted, seen)).baseline == served("0", day=2)


def test_a_retry_compares_again_under_another_name() -> None:
    wanted = wanting("2", NO_WORSE)
    first = compare(plan(wanted, serving_one(revision("2"))))
    sealed = judged(wanted, NOISE)
    done = comparison(first, JobState.SUCCEEDED, answer=Compared(figures=(NOISE,)))
    again = compare(plan(replace(wanted, retry="now"), serving_one(sealed, comparisons=(done,))))
    assert again.key != first.key


def test_a_comparison_that_forgot_a_gate_does_not_pass_it() -> None:
    wanted = wanting("2", NO_WORSE)
    step = compare(plan(wanted, serving_one(revision("2"))))
    job = comparison(step, JobState.SUCCEEDED, answer=Compared(figures=()))
    assert seal(plan(wanted, serving_one(revision("2"), comparisons=(job,)))).gates[0].verdict is Verdict.INCONCLUSIVE


def test_a_comparison_that_died_does_not_pass_and_is_not_repeated_by_itself() -> None:
    wanted = wanting("2", NO_WORSE)
    step = compare(plan(wanted, serving_one(revision("2"))))
    dead = comparison(step, JobState.FAILED)
    looked = serving_one(revision("2"), comparisons=(dead,), pods_are_fresh=True)
    sealed = with_evidence(revision("2"), *seal(plan(wanted, looked)).gates)
    found = plan(wanted, serving_one(sealed, comparisons=(dead,)))
    assert isinstance(found.step, Blocked)
    assert found.step.reason == Reason.GATE_INCONCLUSIVE
    assert found.requeue_after is None


@pytest.mark.parametrize("state", [JobState.SUCCEEDED, JobState.FAILED])
def test_before_an_ended_comparison_is_said_to_be_silent_its_pods_are_looked_at(state: JobState) -> None:
    wanted = wanting("2", NO_WORSE)
    step = compare(plan(wanted, serving_one(revision("2"))))
    found = plan(wanted, serving_one(revision("2"), comparisons=(comparison(step, state),)))
    assert isinstance(found.step, AwaitComparison)
    assert (found.needs_pods, found.obsolete_jobs) == (True, ())


def test_the_surroundings_may_hinder_a_comparison_for_a_while() -> None:
    wanted = wanting("2", NO_WORSE)
    step = compare(plan(wanted, serving_one(revision("2"))))
    away = TrainingFailed(reason=FailureReason.REGISTRY_UNREACHABLE, message="MLflow is away. Next: wait")
    just_now = comparison(step, JobState.FAILED, answer=away, finished_at=NOW)
    found = plan(wanted, serving_one(revision("2"), comparisons=(just_now,)))
    assert isinstance(found.step, Blocked)
    assert (found.step.reason, found.step.dead_end) == (FailureReason.REGISTRY_UNREACHABLE, False)
    assert found.requeue_after is not None
    long_ago = replace(just_now, finished_at=NOW - timedelta(minutes=6))
    again = compare(plan(wanted, serving_one(revision("2"), comparisons=(long_ago,))))
    assert (again.key, again.attempt) == (step.key, 2)


def test_a_comparison_of_what_is_no_longer_wanted_is_removed() -> None:
    step = compare(plan(wanting("2", NO_WORSE), serving_one(revision("2"))))
    running = comparison(step, JobState.RUNNING)
    found = plan(wanting("1", NO_WORSE), serving_one(revision("2"), comparisons=(running,)))
    assert found.obsolete_jobs == (running.name,)


def test_suspended_a_comparison_that_runs_may_end() -> None:
    step = compare(plan(wanting("2", NO_WORSE), serving_one(revision("2"))))
    running = comparison(step, JobState.RUNNING)
    found = plan(model(spec("2", gates=[NO_WORSE], suspend=True)), serving_one(revision("2"), comparisons=(running,)))
    assert (found.step, found.obsolete_jobs) == (Held(), ())


def test_the_latest_ended_comparison_stays_to_be_read() -> None:
    step = compare(plan(wanting("2", NO_WORSE), serving_one(revision("2"))))
    old = comparison(step, JobState.SUCCEEDED, name="old", created_at=NOW - timedelta(hours=1))
    new = comparison(step, JobState.SUCCEEDED, name="new")
    seen = serving_one(comparisons=(old, new))
    assert gating.obsolete_comparisons(seen, Steady(served("1"))) == ("old",)


# People


def test_a_version_waits_for_a_person_once_its_gates_are_passed() -> None:
    wanted = wanting("2", ACCURATE, promotion=MANUAL)
    sealed = with_evidence(revision("2"), *seal(plan(wanted, serving_one(revision("2")))).gates)
    found = plan(wanted, serving_one(sealed))
    assert isinstance(found.step, AwaitApproval)
    assert isinstance(found.step.standing, Awaiting)
    assert (found.target, found.requeue_after) == (served("1"), None)


def test_nobody_is_asked_about_what_failed() -> None:
    wanted = wanting("2", TOO_STRICT, promotion=MANUAL)
    failed = with_evidence(revision("2"), *seal(plan(wanted, serving_one(revision("2")))).gates)
    sealed = with_evidence(failed, answers=seal(plan(wanted, serving_one(failed, answers=(answer("ana"),)))).approvals)
    assert isinstance(plan(wanted, serving_one(sealed)).step, Blocked)


def test_an_answer_is_kept_before_anything_else_is_known_of_the_version() -> None:
    wanted = wanting("2", NO_WORSE, promotion=MANUAL)
    early = serving_one(revision("2"), answers=(answer("bob", Decision.REJECT),))
    assert seal(plan(wanted, early)).approvals == (answer("bob", Decision.REJECT),)


def test_one_model_under_two_labels_is_not_compared_with_itself() -> None:
    twin = replace(
        revision("2"), spec=revision("2").spec.model_copy(update={"artifact_digest": served("1").spec.artifact_digest})
    )
    found = seal(plan(wanting("2", NO_WORSE), serving_one(twin)))
    assert (found.gates[0].verdict, "under another label" in found.gates[0].message) == (Verdict.PASSED, True)


def test_a_hand_written_deployment_proves_nothing() -> None:
    forged = observed(served("1"), revision("2"), live=deployment("2"))
    assert isinstance(plan(wanting("2", promotion=MANUAL), forged).step, AwaitApproval)


def test_an_approval_is_sealed_and_counts_when_it_is_gone() -> None:
    wanted = wanting("2", promotion=MANUAL)
    found = seal(plan(wanted, serving_one(revision("2"), answers=(answer("ana"),))))
    assert found.approvals == (answer("ana"),)
    sealed = with_evidence(revision("2"), answers=found.approvals)
    assert plan(wanted, serving_one(sealed)).step == Roll(sealed)


def test_a_rejection_is_a_dead_end_with_the_name_and_the_note() -> None:
    wanted = wanting("2", promotion=MANUAL)
    sealed = with_evidence(revision("2"), answers=(answer("ana", Decision.REJECT, note="too few rows"),))
    found = plan(wanted, serving_one(sealed)).step
    assert isinstance(found, Blocked)
    assert (found.reason, found.dead_end) == (Reason.REJECTED, True)
    assert "ana" in found.message
    assert "too few rows" in found.message


def test_the_requester_does_not_count_where_duties_are_separate() -> None:
    separate = {
        "approval": {"policy": "Manual", "separationOfDuties": "Required"},
        "requestedBy": "ana",
    }
    wanted = wanting("2", promotion=separate)
    sealed = with_evidence(revision("2"), answers=(answer("ana"),))
    assert isinstance(plan(wanted, serving_one(sealed)).step, AwaitApproval)
    other = with_evidence(sealed, answers=(answer("bob"),))
    assert plan(wanted, serving_one(other)).step == Roll(other)


def test_who_wrote_the_commit_does_not_count_where_duties_are_separate() -> None:
    separate = {
        "approval": {"policy": "Manual", "separationOfDuties": "Required"},
        "requestedBy": "ana",
    }
    wanted, two = wanting("2", promotion=separate), revision("2")
    written = replace(two, spec=two.spec.model_copy(update={"git_author": "bob@example.org"}))
    sealed = with_evidence(written, answers=(answer("oidc:Bob@example.org"),))
    assert isinstance(plan(wanted, serving_one(sealed)).step, AwaitApproval)
    other = with_evidence(sealed, answers=(answer("eve@example.org"),))
    assert plan(wanted, serving_one(other)).step == Roll(other)


# Deciding is idempotent and ends


@pytest.mark.parametrize("figures", [BETTER, WORSE, NOISE])
def test_a_seal_is_never_repeated(figures: Figures) -> None:
    wanted = wanting("2", ACCURATE, NO_WORSE, promotion=MANUAL)
    two, sealed = revision("2"), 0
    jobs: tuple[ComparisonJob, ...] = ()
    for _ in range(10):
        step = plan(wanted, serving_one(two, comparisons=jobs)).step
        match step:
            case Seal():
                two, sealed = with_evidence(two, *step.gates), sealed + 1
            case Compare():
                jobs = (comparison(step, JobState.SUCCEEDED, answer=Compared(figures=(figures,))),)
            case _:
                break
    assert sealed == 2
    assert isinstance(step, AwaitApproval if figures is BETTER else Blocked)

"""The same world with gates and people: nothing serves that was not let through, and nobody is asked twice.

Whatever comes between, a version that passes and is approved serves in the end, one that does not never does, and what
served before serves on. That a Deployment is written for nothing else is asked at every write of it.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from sentiment_contract.gates import Compared, ComparisonOrder, Figures, OnFailure
from sentiment_contract.names import VERSION_LABEL
from sentiment_contract.training import FailureReason, TrainingFailed
from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.api.promotion import Decision
from sentiment_operator.api.status import ConditionType
from sentiment_operator.deciding.approving import answers
from sentiment_operator.facts.observed import Manifest, Model, Revision
from sentiment_operator.kinds import APPROVAL, DEPLOYMENT, JOB, MODEL, POD, REVISION, Kind
from sentiment_operator.names import ARTIFACT_DIGEST_ANNOTATION
from sentiment_operator.reading import extract, workload
from sentiment_operator.reading.raw import is_unfinished, uid_of
from tests.support.builders import spec
from tests.support.seeds import seeds
from tests.unit.operator.simulated_world import (
    MOVE,
    NAME,
    Killed,
    Operator,
    World,
    every_moment,
    for_seconds,
    killed_before_each_write,
    turn,
    until_quiet,
)
from tests.unit.operator.test_convergence import (
    assert_honest,
    assert_ready,
    assert_rests,
    labels_of_starts,
    said,
    told,
)

ACCURATE = {"name": "accurate", "metric": "accuracy", "threshold": "0.9"}
TOO_STRICT = {"name": "accurate", "metric": "accuracy", "threshold": "0.99"}
NO_WORSE = {"name": "no-worse", "metric": "f1", "compareWith": "Serving", "maxDecrease": "0.01"}
SHORT = {"name": "short", "metric": "f1", "threshold": "0.8", "slice": {"maxWords": 50}}
QUALITY = {"1": 0.90, "2": 0.92, "3": 0.85, "4": 0.915}
"""What a comparison finds, by label: 3 is worse than any other, the others are no worse than each other by the margin."""
WORSE = "3"
MARGIN = 0.01 + 0.001
GATES: tuple[tuple[dict[str, Any], ...], ...] = (
    (),
    (ACCURATE,),
    (NO_WORSE,),
    (ACCURATE, NO_WORSE, SHORT),
    (TOO_STRICT,),
)
KEPT_OUT = {"GateFailed", "AwaitingApproval", "Rejected"}
AWAY = TrainingFailed(reason=FailureReason.REPOSITORY_UNREACHABLE, message="The remote is away. Next: wait")
CRASH = TrainingFailed(reason=FailureReason.TRAINER_ERROR, message="It broke. Next: look")


def gated(label: str, *gates: dict[str, Any], manual: int = 0, suspend: bool = False) -> SentimentModelSpec:
    """A label with a recipe of its own, these gates, and so many people who have to agree."""
    approval = {"approval": {"policy": "Manual", "minApprovals": manual}} if manual else {}
    return spec(label, rows=1000 + int(label), gates=list(gates), promotion=approval, suspend=suspend)


def measured(order: ComparisonOrder) -> Compared:
    """The quality of both versions, with little noise."""
    value = QUALITY[order.candidate.version]
    baseline = QUALITY[order.baseline.version] if order.baseline is not None else None
    compared = {} if baseline is None else {"baselineValue": f"{baseline}", "low": f"{value - baseline - 0.001:.4f}"}
    figures = [{"gate": gate.name, "value": f"{value}", "samples": 1000} | compared for gate in order.gates]
    return Compared(figures=tuple(Figures.model_validate(entry) for entry in figures))


def new(*wanted: SentimentModelSpec) -> Operator:
    """A world in which this was just applied, and an operator that is watched at every step."""
    operator = Operator(World(compares=measured), after_pass=assert_in_order, before_rollout=assert_let_through)
    for one in wanted:
        operator.world.edit(one)
    return operator


def serving(label: str) -> Operator:
    """A world in which this version serves, without gates, and nothing moves."""
    operator = new(gated(label))
    until_quiet(operator)
    assert_ready(operator, label)
    return operator


def wanting(wanted: SentimentModelSpec) -> Operator:
    """Version 1 serves, this is wanted, and nothing moves any more."""
    operator = serving("1")
    operator.world.edit(wanted)
    until_quiet(operator)
    return operator


def revisions(operator: Operator) -> dict[str, Revision]:
    """What stands on record, by label."""
    return extract.revisions(operator.world.of(REVISION), uid_of(operator.world.objects[MODEL, NAME]))


def compared(operator: Operator) -> list[str]:
    """The label of every version that a comparison was made of."""
    return [one.order.candidate.version for one in operator.world.comparisons]


def comparing(operator: Operator) -> list[str]:
    """Names of the comparisons that have not ended."""
    jobs = [job for job in operator.world.of(JOB) if workload.is_comparison(job) and is_unfinished(job)]
    return [job["metadata"]["name"] for job in jobs]


# What has to hold on the way


def assert_in_order(operator: Operator, before: Manifest) -> None:
    assert_honest(operator, before)
    assert len(comparing(operator)) <= 1


def assert_let_through(operator: Operator, model: Model, desired: Manifest) -> None:
    """What the Deployment is about to run serves, has served, or has passed every gate and was approved."""
    template = desired["spec"]["template"]["metadata"]
    label, digest = template["labels"][VERSION_LABEL], template["annotations"][ARTIFACT_DIGEST_ANNOTATION]
    body = operator.world.objects.get((REVISION, f"{NAME}.{label}")) or operator.known[REVISION, f"{NAME}.{label}"]
    revision = extract.revisions([body], model.uid)[label]
    assert revision.spec.artifact_digest == digest
    if not _has_served(operator, model, revision):
        assert_passed(model, revision)
        assert_approved(model, revision)


def _has_served(operator: Operator, model: Model, revision: Revision) -> bool:
    live = operator.world.objects.get((DEPLOYMENT, NAME), {})
    template = live.get("spec", {}).get("template", {}).get("metadata", {})
    runs = template.get("annotations", {}).get(ARTIFACT_DIGEST_ANNOTATION) == revision.spec.artifact_digest
    known = [entry.version for entry in model.status.history]
    return runs or bool(revision.status.serving) or revision.spec.version in known


def assert_passed(model: Model, revision: Revision) -> None:
    passed = {(entry.name, entry.threshold) for entry in revision.status.gates if entry.verdict == "Passed"}
    blocking = [gate for gate in model.spec.gates if gate.on_failure is OnFailure.BLOCK]
    assert {(gate.name, gate.threshold or "") for gate in blocking} <= passed


def assert_approved(model: Model, revision: Revision) -> None:
    if model.spec.promotion.approval.policy == "Manual":
        decisions = [answer.decision for answer in answers(revision.status.approvals)]
        assert Decision.REJECT not in decisions
        assert len(decisions) >= model.spec.promotion.approval.min_approvals


# What an end has to be


def assert_end(operator: Operator, wanted: SentimentModelSpec) -> None:
    """The wanted version serves exactly where it may; else what served last serves on. Nothing moves either way."""
    label, on_record = wanted.wanted_label(), revisions(operator)
    others = [one for other, one in on_record.items() if other != label and one.status.serving]
    last = max(others, key=lambda one: one.status.serving[-1].since, default=None)
    # An edit may come after a rollout was let through and before it was seen to end: that version serves too.
    answering = operator.world.answer().version
    assert answering or last is None
    if expected := "" if on_record[label].status.serving else _kept_out_by(operator, wanted, answering):
        assert said(operator, ConditionType.READY) == ("False", expected)
        assert answering != label
        assert comparing(operator) == []
    else:
        assert_ready(operator, label)
    assert [one.name for one in operator.world.comparisons if one.was_known] == []
    assert_rests(operator)


def _kept_out_by(operator: Operator, wanted: SentimentModelSpec, baseline: str) -> str:
    """Why the version may not serve, found without looking at what the operator made of it; empty where it may."""
    label = wanted.wanted_label()
    if TOO_STRICT in (
        gate.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True) for gate in wanted.gates
    ):
        return "GateFailed"
    is_compared = any(gate.compare_with is not None for gate in wanted.gates)
    if is_compared and baseline and QUALITY[label] < QUALITY[baseline] - MARGIN + 1e-9:
        return "GateFailed"
    if wanted.promotion.approval.policy == "None":
        return ""
    standing = answers(revisions(operator)[label].status.approvals)
    if any(answer.decision is Decision.REJECT for answer in standing):
        return "Rejected"
    return "" if len(standing) >= wanted.promotion.approval.min_approvals else "AwaitingApproval"


# Forward, back, and what is remembered


@pytest.mark.parametrize(
    ("label", "gates", "reason"),
    [
        ("2", (), "Serving"),
        ("2", (ACCURATE,), "Serving"),
        ("2", (TOO_STRICT,), "GateFailed"),
        ("2", (NO_WORSE,), "Serving"),
        (WORSE, (NO_WORSE,), "GateFailed"),
        (WORSE, ({**NO_WORSE, "onFailure": "Warn"},), "Serving"),
        ("2", (ACCURATE, NO_WORSE, SHORT), "Serving"),
        ("2", (TOO_STRICT, NO_WORSE), "GateFailed"),
    ],
)
def test_a_version_serves_if_it_passes(label: str, gates: tuple[dict[str, Any], ...], reason: str) -> None:
    operator = wanting(gated(label, *gates))
    assert said(operator, ConditionType.READY) == (str(reason == "Serving"), reason)
    assert operator.world.answer().version == (label if reason == "Serving" else "1")
    assert_rests(operator)


def test_the_very_first_version_has_nothing_to_be_worse_than() -> None:
    sliced = {**NO_WORSE, "name": "short-no-worse", "slice": {"maxWords": 50}}
    operator = new(gated("1", NO_WORSE, sliced))
    until_quiet(operator)
    assert_ready(operator, "1")
    assert compared(operator) == []


def test_forward_and_back_costs_one_comparison_and_one_approval() -> None:
    operator = wanting(gated("2", NO_WORSE, manual=1))
    assert said(operator, ConditionType.READY) == ("False", "AwaitingApproval")
    assert operator.world.answer().version == "1"
    operator.world.answer_for("ana", "2")
    for label in ("2", "1", "2", "1"):
        operator.world.edit(gated(label, NO_WORSE, manual=1))
        until_quiet(operator)
        assert_ready(operator, label)
    assert compared(operator) == ["2"]
    assert labels_of_starts(operator) == ["1", "2"]
    assert [entry.approved_by for entry in revisions(operator)["2"].status.approvals] == ["ana"]
    assert_rests(operator)


def test_gates_that_were_tightened_do_not_touch_what_served() -> None:
    operator = wanting(gated("2"))
    for label in ("2", "1", "2"):
        operator.world.edit(gated(label, TOO_STRICT, manual=3))
        until_quiet(operator)
        assert_ready(operator, label)
    assert said(operator, ConditionType.GATES_PASSED) == ("True", "EvidenceReused")


def test_gates_edited_there_and_back_cost_one_comparison() -> None:
    operator = wanting(gated(WORSE, NO_WORSE))
    for gates in ((NO_WORSE, TOO_STRICT), (NO_WORSE,)):
        operator.world.edit(gated(WORSE, *gates))
        until_quiet(operator)
        assert said(operator, ConditionType.READY) == ("False", "GateFailed")
    assert compared(operator) == [WORSE]
    assert_rests(operator)


def test_a_gate_that_is_taken_away_lets_the_version_through() -> None:
    operator = wanting(gated(WORSE, NO_WORSE))
    assert operator.world.answer().version == "1"
    operator.world.edit(gated(WORSE))
    until_quiet(operator)
    assert_ready(operator, WORSE)


def test_twenty_quick_edits_of_gates_cost_one_comparison() -> None:
    operator = wanting(gated("2", TOO_STRICT))
    for number in range(20):
        operator.world.edit(gated("2", {**SHORT, "threshold": f"0.{50 + number}"}))
        for_seconds(operator, 0.25)
    until_quiet(operator)
    assert_ready(operator, "2")
    assert compared(operator) == ["2"]


@pytest.mark.parametrize("seconds", range(12))
def test_there_and_back_while_it_is_compared_ends_at_what_served(seconds: int) -> None:
    operator = wanting(gated("2", TOO_STRICT))
    operator.world.edit(gated("2", NO_WORSE))
    for_seconds(operator, seconds)
    operator.world.edit(gated("1", NO_WORSE))
    operator.hear_and_pass()
    assert comparing(operator) == []
    until_quiet(operator)
    assert_ready(operator, "1")
    assert len(compared(operator)) <= 1
    assert_rests(operator)


# Comparisons that do not get to an answer


def test_surroundings_that_are_away_are_tried_again_and_come_back() -> None:
    operator = serving("1")
    operator.world.compares = lambda order: AWAY
    operator.world.edit(gated("2", NO_WORSE))
    for_seconds(operator, 1800)
    assert 5 < len(compared(operator)) < 12
    assert said(operator, ConditionType.READY) == ("False", AWAY.reason)
    assert operator.world.answer().version == "1"
    operator.world.compares = measured
    until_quiet(operator)
    assert_ready(operator, "2")
    assert_rests(operator)


@pytest.mark.parametrize("answer", [CRASH, None], ids=["with a word", "without a word"])
def test_a_comparison_that_dies_is_repeated_for_each_value_of_the_retry_annotation_only(
    answer: TrainingFailed | None,
) -> None:
    operator = serving("1")
    operator.world.compares = lambda order: answer
    operator.world.edit(gated("2", NO_WORSE))
    for value, tries in (("", 1), ("a", 2), ("a", 2), ("b", 3)):
        if value:
            operator.world.annotate_retry(value)
        for_seconds(operator, 3600)
        assert said(operator, ConditionType.READY) == ("False", "GateInconclusive")
        assert len(compared(operator)) == tries
    assert_rests(operator)
    operator.world.compares = measured
    operator.world.annotate_retry("c")
    until_quiet(operator)
    assert_ready(operator, "2")


@pytest.mark.parametrize("seconds", range(12))
def test_mlflow_that_goes_away_in_the_middle_only_delays_it(seconds: int) -> None:
    operator = serving("1")
    operator.world.edit(gated("2", NO_WORSE))
    for_seconds(operator, 6 + seconds)
    operator.world.mlflow_is_away = True
    for_seconds(operator, 600)
    assert operator.world.answer().version in ("1", "2")
    operator.world.mlflow_is_away = False
    until_quiet(operator)
    assert_end(operator, gated("2", NO_WORSE))


def test_a_job_deleted_by_hand_at_any_moment_only_delays_it() -> None:
    undisturbed, moments = wanting(gated("2", TOO_STRICT)), 0
    undisturbed.world.edit(gated("2", NO_WORSE, manual=1))
    undisturbed.world.answer_for("ana", "2")
    for operator in every_moment(undisturbed):
        for job in filter(workload.is_comparison, operator.world.of(JOB)):
            operator.world.delete(JOB, job["metadata"]["name"])
        until_quiet(operator)
        assert_ready(operator, "2")
        assert len(compared(operator)) <= 2
        assert_rests(operator)
        moments += 1
    assert moments > 10, "there were many moments"


@pytest.mark.parametrize("first", [(), (CRASH,), (None,)], ids=["the only pod", "after a crash", "after a silent end"])
def test_that_a_job_ended_may_be_heard_before_what_its_last_pod_said(first: tuple[TrainingFailed | None, ...]) -> None:
    operator = wanting(gated("2", TOO_STRICT))
    given = iter(first)
    operator.world.compares = lambda order: next(given, measured(order))
    operator.world.edit(gated("2", NO_WORSE))
    while not comparing(operator):
        assert turn(operator)
    for _ in first:
        while not any(pod["status"]["phase"] == "Failed" for pod in operator.world.of(POD)):
            move(operator)
        operator.hear_and_pass()
    while comparing(operator):
        move(operator)
    operator.hear_of(JOB)
    operator.run_pass()
    until_quiet(operator)
    assert_ready(operator, "2")
    assert compared(operator) == ["2"]


def move(operator: Operator) -> None:
    """The cluster gets on, and the operator hears nothing."""
    operator.world.moves()[0]()
    operator.world.now += MOVE


# People


def test_an_approval_before_the_gates_are_passed_counts_once_they_are() -> None:
    operator = wanting(gated("2", TOO_STRICT))
    operator.world.answer_for("ana", "2")
    operator.world.edit(gated("2", NO_WORSE, manual=1))
    until_quiet(operator)
    assert_ready(operator, "2")
    assert_rests(operator)


def test_an_approval_that_is_deleted_later_still_counts() -> None:
    operator = wanting(gated("2", manual=2))
    for person in ("ana", "bob"):
        operator.world.answer_for(person, "2", name=person)
        until_quiet(operator)
        operator.world.delete(APPROVAL, person)
        until_quiet(operator)
    assert_ready(operator, "2")
    operator.world.edit(gated("1", manual=2))
    until_quiet(operator)
    operator.world.edit(gated("2", manual=2))
    until_quiet(operator)
    assert_ready(operator, "2")
    assert_rests(operator)


def test_two_approvals_of_one_person_are_one() -> None:
    operator = wanting(gated("2", manual=2))
    operator.world.answer_for("ana", "2")
    operator.world.answer_for("ana", "2")
    until_quiet(operator)
    assert said(operator, ConditionType.READY) == ("False", "AwaitingApproval")
    assert operator.world.answer().version == "1"
    assert_rests(operator)


def test_an_approval_of_other_bytes_or_of_another_version_does_not_count() -> None:
    operator = wanting(gated("2", manual=1))
    operator.world.answer_for("ana", "2", digest="0" * 64)
    operator.world.answer_for("ana", "1")
    until_quiet(operator)
    assert said(operator, ConditionType.READY) == ("False", "AwaitingApproval")
    assert_rests(operator)


def test_a_rejection_ends_it_until_the_same_person_approves() -> None:
    operator = wanting(gated("2", manual=1))
    operator.world.answer_for("bob", "2", "Reject")
    until_quiet(operator)
    operator.world.answer_for("ana", "2")
    until_quiet(operator)
    assert said(operator, ConditionType.READY) == ("False", "Rejected")
    assert said(operator, ConditionType.STALLED) == ("True", "Rejected")
    assert operator.world.answer().version == "1"
    assert_rests(operator)
    operator.world.answer_for("bob", "2")
    until_quiet(operator)
    assert_ready(operator, "2")


def test_a_rejection_of_what_serves_changes_nothing() -> None:
    operator = wanting(gated("2", manual=1))
    operator.world.answer_for("ana", "2")
    until_quiet(operator)
    operator.world.answer_for("bob", "2", "Reject")
    until_quiet(operator)
    assert_ready(operator, "2")
    assert_rests(operator)


# What the operator knows may be late, cut off or gone


def lose(operator: Operator, *lost: tuple[Kind, str]) -> None:
    """Somebody deletes the objects, or the status of the model."""
    for kind, name in lost:
        if kind == MODEL:
            operator.world.write_status(MODEL, NAME, {})
        else:
            operator.world.delete(kind, name)
    operator.restart()
    until_quiet(operator)


WAITING = {
    "for a person": gated("2", manual=1),
    "after a gate failed": gated(WORSE, NO_WORSE),
    "suspended": gated("2", suspend=True),
}


@pytest.mark.parametrize("lost", [((DEPLOYMENT, NAME),), ((MODEL, NAME),), ((MODEL, NAME), (DEPLOYMENT, NAME))])
@pytest.mark.parametrize("wanted", WAITING.values(), ids=WAITING)
def test_what_served_comes_back_while_another_version_waits(
    wanted: SentimentModelSpec, lost: tuple[tuple[Kind, str], ...]
) -> None:
    operator = wanting(wanted)
    reason = said(operator, ConditionType.READY)
    lose(operator, *lost)
    assert operator.world.answer().version == "1"
    assert said(operator, ConditionType.READY) == reason
    assert_rests(operator)


def test_a_version_trained_anew_under_a_label_that_serves_is_another_one() -> None:
    operator = serving("1")
    operator.world.edit(gated("1", TOO_STRICT))
    for_seconds(operator, 60)
    served = operator.world.answer().digest
    (known,) = operator.world.versions
    operator.world.versions = (replace(known, artifact_digest="a" * 64),)
    operator.world.delete(REVISION, f"{NAME}.1")
    until_quiet(operator)
    assert operator.world.answer().digest == served
    assert said(operator, ConditionType.READY) == ("False", "GateFailed")


def test_a_record_that_is_lost_is_not_taken_for_nothing_that_served() -> None:
    operator = serving("1")
    operator.world.delete(REVISION, f"{NAME}.1")
    operator.world.edit(gated(WORSE, NO_WORSE))
    until_quiet(operator)
    assert said(operator, ConditionType.READY) == ("False", "GateInconclusive")
    assert operator.world.answer().version == "1"
    assert_rests(operator)


def test_a_template_edited_by_hand_to_a_version_that_may_not_serve_is_put_back() -> None:
    operator = wanting(gated(WORSE, NO_WORSE))
    live = operator.world.objects[DEPLOYMENT, NAME]
    labels = {**live["spec"]["template"]["metadata"]["labels"], VERSION_LABEL: WORSE}
    metadata = {**live["spec"]["template"]["metadata"], "labels": labels}
    template = {**live["spec"]["template"], "metadata": metadata}
    operator.world.write(DEPLOYMENT, {**live, "spec": {**live["spec"], "template": template}})
    until_quiet(operator)
    assert operator.world.answer().version == "1"
    assert operator.world.objects[DEPLOYMENT, NAME]["spec"]["template"] == live["spec"]["template"]


def test_killed_before_it_is_on_record_what_served_is_compared_with_all_the_same() -> None:
    operator = new(gated(WORSE, TOO_STRICT))
    until_quiet(operator)
    operator.world.edit(gated("1"))
    while not told(operator).history:
        assert turn(operator)
    revision = operator.world.objects[REVISION, f"{NAME}.1"]
    operator.world.write(REVISION, {**revision, "status": {}})
    operator.world.edit(gated(WORSE, NO_WORSE))
    operator.restart()
    until_quiet(operator)
    assert said(operator, ConditionType.READY) == ("False", "GateFailed")
    assert operator.world.answer().version == "1"


def test_a_new_leader_that_has_not_heard_all_the_last_one_wrote_takes_nothing_off_the_record() -> None:
    operator = wanting(gated("2", manual=2))
    operator.world.answer_for("ana", "2", name="ana")
    late = Operator(operator.world, before_rollout=assert_let_through)
    late.hear()
    until_quiet(operator)
    operator.world.delete(APPROVAL, "ana")
    operator.world.answer_for("bob", "2")
    late.hear_of(APPROVAL)
    late.run_pass()
    late.restart()
    until_quiet(late)
    assert [entry.approved_by for entry in revisions(late)["2"].status.approvals] == ["ana", "bob"]
    assert_ready(late, "2")


STORY = (gated("2", NO_WORSE, manual=1), gated(WORSE, NO_WORSE), gated("1", TOO_STRICT))


def edit_to(wanted: SentimentModelSpec) -> Callable[[Operator], object]:
    return lambda operator: operator.world.edit(wanted)


def approval(operator: Operator) -> None:
    operator.world.answer_for("ana", "2")


ACTS = tuple(
    act for wanted in STORY for act in (edit_to(wanted), *[approval] * (wanted.promotion.approval.policy == "Manual"))
)
"""The story, with an approval in its time."""


def assert_told(operator: Operator) -> None:
    assert_ready(operator, "1")
    assert compared(operator) == ["2", WORSE]
    assert [entry.version for entry in told(operator).history] == ["1", "2", "1"]
    assert {label: len(one.status.serving) for label, one in revisions(operator).items()} == {"1": 2, "2": 1, "3": 0}
    assert_rests(operator)


def test_a_kill_after_any_write_costs_no_comparison_and_no_approval() -> None:
    operator, kills = serving("1"), 0
    for number, act in enumerate(ACTS, 1):
        act(operator)
        for killed in killed_before_each_write(operator, turn):
            until_quiet(killed)
            for later in ACTS[number:]:
                later(killed)
                until_quiet(killed)
            assert_told(killed)
            kills += 1
    assert_told(operator)
    assert kills > 10


# Suspended


@pytest.mark.parametrize("seconds", range(3, 6))
def test_suspended_a_comparison_that_runs_may_end_and_counts_afterwards(seconds: int) -> None:
    operator = wanting(gated("2", TOO_STRICT))
    operator.world.edit(gated("2", NO_WORSE))
    for_seconds(operator, seconds)
    (job,) = comparing(operator)
    operator.world.edit(gated("2", NO_WORSE, suspend=True))
    operator.writes.clear()
    until_quiet(operator)
    assert set(operator.writes) == {"status SentimentModel"}
    assert (JOB, job) in operator.world.objects
    assert said(operator, ConditionType.READY) == ("False", "Suspended")
    operator.world.edit(gated("2", NO_WORSE))
    until_quiet(operator)
    assert_ready(operator, "2")
    assert compared(operator) == ["2"]


def test_suspended_nobody_is_asked_and_nothing_is_compared() -> None:
    operator = wanting(gated("2", NO_WORSE, manual=1, suspend=True))
    assert compared(operator) == []
    assert said(operator, ConditionType.AWAITING_APPROVAL)[0] == "False"
    assert_rests(operator)


# Whatever comes between


def an_edit(operator: Operator, chance: Random) -> None:
    operator.world.edit(any_model(chance))


def any_model(chance: Random) -> SentimentModelSpec:
    suspend = chance.random() < 0.1
    return gated(
        chance.choice(("1", "2", "3")), *chance.choice(GATES), manual=chance.choice((0, 1, 2)), suspend=suspend
    )


def an_answer(operator: Operator, chance: Random) -> None:
    decision = "Reject" if chance.random() < 0.15 else "Approve"
    operator.world.answer_for(chance.choice(("ana", "bob", "eve")), chance.choice(("1", "2", "3")), decision)


def an_answer_taken_away(operator: Operator, chance: Random) -> None:
    if given := operator.world.of(APPROVAL):
        operator.world.delete(APPROVAL, chance.choice(given)["metadata"]["name"])


def a_retry(operator: Operator, chance: Random) -> None:
    operator.world.annotate_retry(str(chance.randrange(5)))


def an_outage(operator: Operator, chance: Random) -> None:
    operator.world.mlflow_is_away = not operator.world.mlflow_is_away


def an_unlucky_time(operator: Operator, chance: Random) -> None:
    answer = chance.choice((AWAY, CRASH, None))
    operator.world.compares = chance.choice((measured, lambda order: answer))


def a_pass(operator: Operator, chance: Random) -> None:
    operator.hear_and_pass()


def a_pass_that_has_heard_of_some_kinds_only(operator: Operator, chance: Random) -> None:
    if operator.known:
        for kind in chance.sample((MODEL, JOB, POD, REVISION, DEPLOYMENT, APPROVAL), 3):
            operator.hear_of(kind)
        operator.run_pass()


def a_pass_that_has_not_heard_the_news(operator: Operator, chance: Random) -> None:
    if operator.known:
        operator.run_pass()


def a_kill(operator: Operator, chance: Random) -> None:
    operator.restart()
    operator.writes_left = chance.randrange(5)
    with suppress(Killed):
        operator.run_pass()
    operator.restart()


def a_loss(operator: Operator, chance: Random) -> None:
    """Anything but the record of a version, which only the operator may delete."""
    kind, name = chance.choice([address for address in operator.world.objects if address[0] != REVISION])
    if kind == MODEL:
        operator.world.write_status(MODEL, NAME, {})
    else:
        operator.world.delete(kind, name)


def a_move(operator: Operator, chance: Random) -> None:
    if moves := operator.world.moves():
        chance.choice(moves)()


def a_while(operator: Operator, chance: Random) -> None:
    operator.world.now += timedelta(seconds=chance.uniform(0, 5))


def a_quiet_time(operator: Operator, chance: Random) -> None:
    for_seconds(operator, chance.uniform(0, 30))


PEOPLE = (an_edit, an_edit, an_answer, an_answer_taken_away, a_retry)
FAULTS = (
    a_pass_that_has_heard_of_some_kinds_only,
    a_pass_that_has_not_heard_the_news,
    a_kill,
    an_outage,
    an_unlucky_time,
    a_loss,
)
COURSE = (*[a_pass] * 3, *[a_move] * 5, a_while, *[a_quiet_time] * 3)


@pytest.mark.parametrize("seed", seeds(30, 150))
def test_whatever_comes_between_what_may_serve_serves_in_the_end(seed: int) -> None:
    chance = Random(seed)
    operator = new(any_model(chance))
    for _ in range(60):
        chance.choice((*PEOPLE, *FAULTS, *COURSE))(operator, chance)
    operator.world.mlflow_is_away, operator.world.compares = False, measured
    wanted = gated(chance.choice(("1", "2", "3")), *chance.choice(GATES), manual=chance.choice((0, 1)))
    operator.world.edit(wanted)
    operator.world.annotate_retry("at last")
    operator.restart()
    until_quiet(operator)
    assert_end(operator, wanted)

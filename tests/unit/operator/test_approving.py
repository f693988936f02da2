"""Who has to agree and whether they do: what answers come to, which count, and what is kept of them."""

import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sentiment_operator.api.approval import SentimentModelApprovalSpec
from sentiment_operator.api.promotion import Approval, ApprovalEvidence, Decision, Promotion
from sentiment_operator.api.revision import SentimentModelRevisionStatus
from sentiment_operator.deciding.approving import (
    MOST_RECORDED,
    Awaiting,
    Granted,
    Rejected,
    Standing,
    answers,
    answers_for,
    missing,
    new_answers,
    on_record,
)
from sentiment_operator.facts.observed import Manifest, Revision
from tests.support.builders import digest, revision

ADA, BOB, DANA = "ada", "bob", "dana"
"""Two that may approve, and one that asks."""


def answer(
    by: str = ADA, decision: Decision = Decision.APPROVE, second: int = 0, uid: str = "", **more: Any
) -> ApprovalEvidence:
    plain = ApprovalEvidence(
        approval=f"imdb.1-{by}",
        uid=uid or f"{by}-{second}-{decision}",
        approved_by=by,
        decision=decision,
        time=f"2026-01-02T03:{second // 60:02}:{second % 60:02}Z",
    )
    return plain.model_copy(update=more)


def no(by: str = ADA, second: int = 0, **more: Any) -> ApprovalEvidence:
    return answer(by, Decision.REJECT, second, **more)


def asked(policy: str = "Manual", least: int = 1, separation: str = "None", by: str | None = DANA) -> Promotion:
    wanted = {"policy": policy, "minApprovals": least, "separationOfDuties": separation}
    return Promotion(approval=Approval.model_validate(wanted), requested_by=by)


COMMIT = "0123456789ab" + "c" * 28


def come_to(promotion: Promotion, said: Iterable[ApprovalEvidence], author: str = "") -> Standing:
    """What the answers come to, for a version trained from a commit that was written by that address."""
    plain = revision()
    spec = plain.spec.model_copy(update={"git_commit": COMMIT, "git_author": author})
    # A copy is not held to the bounds of a status: how an answer is heard does not depend on how many there are.
    status = plain.status.model_copy(update={"approvals": tuple(said)})
    return missing(promotion, replace(plain, spec=spec, status=status))


PEOPLE = st.sampled_from([ADA, BOB, DANA, "eve"])
ANSWERS = st.lists(
    st.builds(answer, PEOPLE, st.sampled_from(Decision), st.integers(0, 5), st.uuids().map(str)),
    max_size=12,
    unique_by=lambda given: given.uid,
)
PROMOTIONS = st.builds(asked, st.just("Manual"), st.integers(1, 4), st.sampled_from(["None", "Required"]))


# What answers come to


def test_where_nobody_is_asked_nothing_is_missing_whatever_was_said() -> None:
    assert come_to(asked("None", by=None), [no(), answer(BOB)]) == Granted(by=())


def test_nobody_answered_yet() -> None:
    assert come_to(asked(least=2), []) == Awaiting(have=0, need=2)


def test_as_many_people_as_are_needed_approve() -> None:
    assert come_to(asked(least=2), [answer(ADA, second=1)]) == Awaiting(have=1, need=2)
    assert come_to(asked(least=2), [answer(ADA, second=1), answer(BOB)]) == Granted(by=(BOB, ADA))


def test_one_person_counts_once() -> None:
    twice = [answer(ADA, second=1), answer(ADA, second=2)]
    assert come_to(asked(least=2), twice) == Awaiting(have=1, need=2)


def test_one_no_outweighs_every_yes_and_is_named_with_its_note() -> None:
    said = [answer(ADA), answer(BOB), no("eve", note="Too early."), answer(DANA, second=9)]
    assert come_to(asked(), said) == Rejected(by="eve", note="Too early.")


def test_of_several_noes_the_latest_is_told() -> None:
    assert come_to(asked(), [no(BOB, 2, note="late"), no(ADA, 1, note="early")]) == Rejected(BOB, "late")


def test_a_person_may_come_to_another_answer() -> None:
    assert come_to(asked(), [no(ADA, 1), answer(ADA, second=2)]) == Granted(by=(ADA,))
    assert come_to(asked(), [answer(ADA, second=1), no(ADA, 2)]) == Rejected(ADA, "")


def test_of_a_yes_and_a_no_in_one_second_the_no_counts() -> None:
    for uids in (("a", "b"), ("b", "a")):
        said = [answer(ADA, uid=uids[0]), no(ADA, uid=uids[1])]
        assert come_to(asked(), said) == Rejected(ADA, "")


def test_who_asked_does_not_count_where_duties_are_separated() -> None:
    strict = asked(separation="Required")
    why = (
        "The approval by dana does not count: the same person asked, and separationOfDuties is Required, so somebody else"
        " has to approve"
    )
    assert come_to(strict, [answer(DANA)]) == Awaiting(have=0, need=1, not_counted=(why,))
    assert come_to(strict, [answer(DANA), answer(ADA)]) == Granted(by=(ADA,))
    assert come_to(asked(), [answer(DANA)]) == Granted(by=(DANA,))


def test_who_asked_may_still_say_no() -> None:
    assert come_to(asked(separation="Required"), [no(DANA), answer(ADA)]) == Rejected(DANA, "")


DANAS = "dana@example.org"
"""Her address, as a training records it."""
HER_NAMES = [DANAS, "Dana@Example.ORG", f"oidc:{DANAS}", f"https://login.example.org#{DANAS}", f"oidc/staff/{DANAS}"]
"""User names that tell whose they are."""


@pytest.mark.parametrize("name", HER_NAMES)
def test_who_wrote_the_commit_does_not_count_where_duties_are_separated(name: str) -> None:
    strict = asked(separation="Required", by=BOB)
    why = (
        f"The approval by {name} does not count: the same person wrote commit 0123456789ab, which the version was trained"
        " from, and separationOfDuties is Required, so somebody else has to approve"
    )
    assert come_to(strict, [answer(name)], DANAS) == Awaiting(have=0, need=1, not_counted=(why,))
    assert come_to(strict, [answer(name), answer(ADA)], DANAS) == Granted(by=(ADA,))
    assert come_to(asked(by=BOB), [answer(name)], DANAS) == Granted(by=(name,))


@pytest.mark.parametrize("recorded", ["Dana@Example.org", "DANA@EXAMPLE.ORG"])
def test_an_address_is_the_same_in_capitals_wherever_they_stand(recorded: str) -> None:
    assert isinstance(come_to(asked(separation="Required", by=BOB), [answer(DANAS)], recorded), Awaiting)


def test_who_wrote_the_commit_may_still_say_no() -> None:
    assert come_to(asked(separation="Required", by=BOB), [no(DANAS), answer(ADA)], DANAS) == Rejected(DANAS, "")


def test_who_asked_and_wrote_the_commit_is_told_that_they_asked() -> None:
    standing = come_to(asked(separation="Required", by=DANAS), [answer(DANAS)], DANAS)
    assert isinstance(standing, Awaiting)
    assert len(standing.not_counted) == 1
    assert "the same person asked" in standing.not_counted[0]


@pytest.mark.parametrize(
    ("name", "author"),
    [
        pytest.param(DANAS, "", id="a revision from before, or data from nowhere near git"),
        pytest.param(DANA, DANAS, id="a user name that is no address"),
        pytest.param(DANA, DANA, id="an author without an address"),
        pytest.param("system:serviceaccount:reviews:dana", "dana", id="an account of a program"),
        pytest.param(f"jor{DANAS}", DANAS, id="an address that ends alike"),
        pytest.param(f"{DANAS}.uk", DANAS, id="an address that begins alike"),
        pytest.param("ada@example.org", DANAS, id="a colleague"),
    ],
)
def test_where_nothing_tells_that_the_same_person_wrote_the_commit_the_approval_counts(name: str, author: str) -> None:
    assert come_to(asked(separation="Required", by=BOB), [answer(name)], author) == Granted(by=(name,))


def test_where_nobody_knows_who_asked_nobody_counts() -> None:
    """Admission refuses that; a model from before would else be approved by who asked."""
    standing = come_to(asked(separation="Required", by=None), [answer(ADA)])
    assert isinstance(standing, Awaiting)
    assert standing.have == 0
    assert "requestedBy does not say who asked" in standing.not_counted[0]


@given(PROMOTIONS, ANSWERS, st.randoms(use_true_random=False))
def test_the_order_in_which_answers_are_heard_changes_nothing(
    promotion: Promotion, said: list[ApprovalEvidence], chance: random.Random
) -> None:
    shuffled = chance.sample(said, len(said))
    assert come_to(promotion, shuffled) == come_to(promotion, said)


@given(PROMOTIONS, ANSWERS)
def test_what_was_taken_back_changes_nothing(promotion: Promotion, said: list[ApprovalEvidence]) -> None:
    assert come_to(promotion, answers(said)) == come_to(promotion, said)


@given(PROMOTIONS, ANSWERS)
def test_granted_means_that_enough_different_people_agree_and_nobody_objects(
    promotion: Promotion, said: list[ApprovalEvidence]
) -> None:
    last = {given.approved_by: given.decision for given in answers(said)}
    agree = {person for person, decision in last.items() if decision is Decision.APPROVE}
    counting = agree - ({DANA} if promotion.approval.separation_of_duties == "Required" else set[str]())
    enough = len(counting) >= promotion.approval.min_approvals
    match come_to(promotion, said):
        case Granted(by=by):
            assert enough
            assert agree == set(last)
            assert set(by) == counting
            assert len(by) == len(counting)
        case Awaiting(have=have, need=need):
            assert not enough
            assert agree == set(last)
            assert (have, need) == (len(counting), promotion.approval.min_approvals)
        case Rejected(by=by):
            assert last[by] is Decision.REJECT


@given(PROMOTIONS, ANSWERS)
def test_one_more_person_who_agrees_takes_nothing_away(promotion: Promotion, said: list[ApprovalEvidence]) -> None:
    if isinstance(come_to(promotion, said), Granted):
        assert isinstance(come_to(promotion, [*said, answer("zoe", second=3)]), Granted)


@given(PROMOTIONS, ANSWERS, PEOPLE)
def test_whoever_says_no_last_stops_it(promotion: Promotion, said: list[ApprovalEvidence], who: str) -> None:
    assert isinstance(come_to(promotion, [*said, no(who, 6)]), Rejected)


@given(ANSWERS)
def test_there_is_one_answer_of_each_person_and_none_is_later(said: list[ApprovalEvidence]) -> None:
    latest = answers(said)
    assert [given.approved_by for given in latest] == list(dict.fromkeys(given.approved_by for given in latest))
    assert {given.approved_by for given in latest} == {given.approved_by for given in said}
    assert [given.time for given in latest] == sorted(given.time for given in latest)
    times = {given.approved_by: given.time for given in latest}
    assert all(given.time <= times[given.approved_by] for given in said)


# What is an answer to this revision


def an_approval(**spec: Any) -> Manifest:
    return {
        "metadata": {"name": "imdb.1-ada", "uid": "u1", "creationTimestamp": "2026-01-02T03:04:05Z"},
        "spec": {
            "modelRef": {"name": "imdb"},
            "version": "1",
            "revisionDigest": digest("1"),
            "decision": "Approve",
            "approvedBy": ADA,
            **spec,
        },
    }


def test_an_approval_is_told_with_who_gave_it_and_when() -> None:
    said = answers_for([an_approval(decision="Reject", note="Too early.\n")], revision())
    assert said == (
        ApprovalEvidence(
            approval="imdb.1-ada",
            uid="u1",
            approved_by=ADA,
            decision=Decision.REJECT,
            note="Too early.",
            time="2026-01-02T03:04:05Z",
        ),
    )


@pytest.mark.parametrize(
    "spec",
    [
        {"modelRef": {"name": "other"}},
        {"version": "2"},
        {"revisionDigest": digest("2")},
        {"decision": "Maybe"},
        {"approvedBy": ""},
        {"approvedBy": None},
        {"note": 1},
        {"unheardOf": True},
    ],
    ids=str,
)
def test_an_answer_to_something_else_or_one_that_cannot_be_read_does_not_count(spec: dict[str, Any]) -> None:
    assert answers_for([an_approval(**spec), {"metadata": {}}], revision()) == ()


def test_answers_stand_in_the_order_in_which_they_were_given() -> None:
    bodies = [an_approval(), an_approval(), an_approval()]
    for body, (uid, time) in zip(bodies, (("c", "05"), ("b", "05"), ("d", "04")), strict=True):
        body["metadata"] |= {"uid": uid, "creationTimestamp": f"2026-01-02T03:04:{time}Z"}
    assert [given.uid for given in answers_for(bodies, revision())] == ["d", "b", "c"]


def test_an_answer_that_is_being_deleted_was_given() -> None:
    body = an_approval()
    body["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:06Z"
    assert len(answers_for([body], revision())) == 1


def test_the_shape_says_what_admission_says_too() -> None:
    for wrong in ({"note": ""}, {"note": "x" * 1025}, {"note": "\x1b[2J"}, {"approvedBy": "a\nb"}, {"version": "V1"}):
        with pytest.raises(ValidationError):
            SentimentModelApprovalSpec.model_validate(an_approval(**wrong)["spec"])


# What is kept


def recorded(*approvals: ApprovalEvidence) -> Revision:
    return replace(revision(), status=SentimentModelRevisionStatus(approvals=approvals))


def test_only_what_is_not_on_record_is_new() -> None:
    known, later = answer(ADA), answer(BOB, second=1)
    assert new_answers(recorded(known), [later, known]) == (later,)
    assert new_answers(recorded(known, later), [later, known]) == ()


def test_what_was_taken_back_goes_on_record_too() -> None:
    said = (no(ADA, 1), answer(ADA, second=2))
    assert new_answers(recorded(), said) == said


def test_a_deleted_approval_stays_on_record() -> None:
    kept = answer(ADA)
    assert new_answers(recorded(kept), []) == ()
    assert come_to(asked(), recorded(kept).status.approvals) == Granted(by=(ADA,))


def flood(by: str = ADA, begin: int = 10) -> list[ApprovalEvidence]:
    return [answer(by, second=begin + number) for number in range(MOST_RECORDED + 5)]


def test_no_more_goes_on_record_than_there_is_room_for_and_a_no_is_not_pushed_out() -> None:
    objection = no(BOB)
    kept = on_record([objection, *flood()])
    assert len(kept) == MOST_RECORDED
    assert kept[0] == objection
    assert kept[-1] == flood()[-1]
    assert come_to(asked(), kept) == Rejected(BOB, "")


def test_of_more_people_than_there_is_room_for_those_who_object_stay() -> None:
    crowd = [answer(f"p{number}", second=number + 10) for number in range(MOST_RECORDED)]
    assert no(BOB) in on_record([no(BOB), *crowd])


@given(st.lists(st.integers(0, 200), max_size=80, unique=True), st.integers(0, 50))
def test_recording_comes_to_an_end_however_many_answers_there_are(seconds: list[int], cut: int) -> None:
    """A pass appends what is new and keeps the last that there is room for; some day nothing is new."""
    people = (ADA, BOB, DANA)
    live = [answer(people[second % 3], list(Decision)[second % 2], second) for second in seconds]
    status = on_record(live[:cut])
    for _ in range(10):
        new = new_answers(recorded(*status), live)
        if not new:
            break
        status = (*status, *new)[-MOST_RECORDED:]
    assert new_answers(recorded(*status), live) == ()
    assert come_to(asked(), status) == come_to(asked(), live)

"""Which version served at a moment, and what is said where none did."""

import pytest

from kubectl_rotten.moments import asked
from kubectl_rotten.shapes import WhoRan
from kubectl_rotten.text import Page
from kubectl_rotten.who_ran import lines_of, who_ran
from tests.unit.kubectl_plugin.documents import (
    ADA,
    BOB,
    NOW,
    Manifest,
    began,
    gate,
    model,
    promoted,
    revision,
    revisions,
    said,
    seen,
)

T1, T2 = "2026-01-01T10:00:00Z", "2026-01-03T10:00:00Z"
FIRST = revision("1", serving=[began(T1)], gates=[gate()], approvals=[said(ADA, note="Looked at it.")])
SECOND = revision("2", created="2026-01-03T09:00:00Z", serving=[began(T2, "RecipeFollowed")])


def answered(at: str, *given: Manifest, document: Manifest | None = None) -> WhoRan:
    return who_ran(seen(document or model(servingVersion="2")), revisions(*given), (), asked(at, NOW), NOW)


def test_what_served_is_told_with_its_interval_lineage_and_evidence() -> None:
    assert lines_of(answered("2026-01-02", FIRST, SECOND), Page(width=120), NOW) == [
        "imdb at 2026-01-02T23:59:59Z: version 1 served.",
        "2026-01-02 without a time is the end of that day, UTC.",
        "",
        "  Since      2026-01-01T10:00:00Z (9d)",
        "  Until      2026-01-03T10:00:00Z (7d), when version 2 began",
        "  Reason     Wanted, spec.version asked for it",
        "  Trained    2026-01-01T09:00:00Z",
        "  Accuracy   0.9052",
        "  Commit     9f2c1e7d",
        f"  Data       sha256:{'da' * 32}",
        f"  Run        {'0f' * 16}",
        "  Registry   reviews.imdb 1 in http://mlflow:5000",
        f"  Digest     sha256:{'a1' * 32}",
        "  Image      sha256:beef",
        "",
        "Gates when it began:",
        "  ✓   no-worse   Passed   accuracy 0.91 against 0.90 of version 1, difference at least 0.002",
        "",
        "Approvals when it began:",
        "  ✓ ada@example.com approved 2026-01-01T09:40:00Z (9d): Looked at it.",
    ]


def test_a_version_that_was_promoted_says_from_where() -> None:
    lines = lines_of(answered("2026-01-02", promoted("1", serving=[began(T1, "Promoted")])), Page(), NOW)
    assert "  Reason     Promoted, the followed model has proven it" in lines
    assert lines[lines.index("  Promoted   2026-01-01T09:00:00Z") + 1] == "  From       staging/imdb"


def test_the_interval_that_is_not_over_lasts_until_now() -> None:
    lines = lines_of(answered("2026-01-10", FIRST, SECOND), Page(), NOW)
    assert "  Until      now" in lines
    assert "  Reason     RecipeFollowed, it is what the recipe comes to" in lines
    assert lines[-5:] == [
        "Gates when it began:",
        "  none was judged",
        "",
        "Approvals when it began:",
        "  none was given",
    ]


def test_a_reason_of_a_newer_operator_is_told_as_it_is() -> None:
    lines = lines_of(answered("2026-01-10", revision(serving=[began(T1, "Foreseen")])), Page(), NOW)
    assert "  Reason     Foreseen" in lines


def test_of_a_candidate_that_had_all_requests_it_is_said_that_it_was_on_trial() -> None:
    lines = lines_of(answered("2026-01-10", revision(serving=[began(T1, "OnTrial")])), Page(), NOW)
    assert "  Reason     OnTrial, its rollout gave it all requests, and was not over" in lines


def test_evidence_is_that_of_the_time_when_it_began() -> None:
    gates = [gate("early", "Passed"), gate("early", "Failed", time="2026-01-02T00:00:00Z")]
    answers = [said(ADA), said(ADA, "Reject", "2026-01-02T00:00:00Z"), said(BOB, "Approve", "2026-01-02T01:00:00Z")]
    ran = answered("2026-01-10", revision(serving=[began(T1)], gates=gates, approvals=answers)).ran
    assert ran is not None
    assert ran.revision is not None
    assert [entry.verdict for entry in ran.revision.gates] == ["Passed"]
    assert [(one.by, one.decision) for one in ran.revision.answers] == [(ADA, "Approve")]
    assert [(one.by, one.decision) for one in ran.answered_later] == [(ADA, "Reject"), (BOB, "Approve")]


def test_answers_that_came_later_are_shown_as_such() -> None:
    late = revision(serving=[began(T1)], approvals=[said(BOB, "Reject", "2026-01-02T01:00:00Z")])
    lines = lines_of(answered("2026-01-10", late), Page(), NOW)
    assert lines[-2:] == ["Answered later:", "  ✗ bob@example.com rejected 2026-01-02T01:00:00Z (8d)"]


NO_ANSWER = {
    "before the first": (
        "2026-01-01T09:59:59Z",
        (FIRST, SECOND),
        "Nothing of imdb served at 2026-01-01T09:59:59Z: version 1 was the first, from 2026-01-01T10:00:00Z.",
    ),
    "a day before the first": (
        "2025-12-31",
        (FIRST,),
        (
            "Nothing of imdb served at 2025-12-31T23:59:59Z: version 1 was the first, from 2026-01-01T10:00:00Z."
            " 2025-12-31 without a time is the end of that day, UTC."
        ),
    ),
    "the future": (
        "2026-01-10T12:00:01Z",
        (FIRST, SECOND),
        "2026-01-10T12:00:01Z is in the future: nobody knows what imdb will serve. It is 2026-01-10T12:00:00Z now.",
    ),
    "no revision": ("2026-01-02T00:00:00Z", (), "imdb has no revision that served."),
    "a revision that never served": ("2026-01-02T00:00:00Z", (revision(),), "imdb has no revision that served."),
}


@pytest.mark.parametrize(("at", "given", "message"), NO_ANSWER.values(), ids=NO_ANSWER)
def test_it_is_said_why_there_is_no_answer(at: str, given: tuple[Manifest, ...], message: str) -> None:
    answer = answered(at, *given)
    assert (answer.ran, answer.message, answer.warnings) == (None, message, ())
    assert lines_of(answer, Page(width=400), NOW) == [message]


NOW_ANSWERS = {"1": "Version 1 answers by now, and has not all traffic yet.", "": "Nothing answers now."}


@pytest.mark.parametrize(("serving", "warning"), NOW_ANSWERS.items())
def test_what_began_last_need_not_be_what_answers(serving: str, warning: str) -> None:
    assert answered("2026-01-10", SECOND, document=model(servingVersion=serving)).warnings == (warning,)
    assert answered("2026-01-02", FIRST, SECOND, document=model(servingVersion=serving)).warnings == ()


def test_a_revision_that_is_gone_is_said_to_be() -> None:
    document = model(servingVersion="1", history=[{"version": "1", "since": T1, "reason": "Wanted"}])
    answer = answered("2026-01-02", document=document)
    assert answer.ran is not None
    assert (answer.ran.version, answer.ran.revision) == ("1", None)
    assert answer.warnings == (
        "The revision of version 1 is gone: the history of the model alone tells that it served.",
    )
    assert lines_of(answer, Page(), NOW)[-1] == "  Reason   Wanted, spec.version asked for it"


def test_the_shape_for_programs_is_stable() -> None:
    document = answered("2026-01-02", FIRST, SECOND).model_dump(mode="json", by_alias=True)
    assert list(document) == ["apiVersion", "kind", "namespace", "model", "at", "ran", "message", "warnings"]
    assert list(document["ran"]) == ["since", "until", "reason", "version", "endedBy", "revision", "answeredLater"]
    assert (document["apiVersion"], document["kind"], document["at"]) == ("rotten/v1", "WhoRan", "2026-01-02T23:59:59Z")
    assert (document["ran"]["since"], document["ran"]["until"]) == (T1, T2)

"""The table of versions, and the same for programs."""

import pytest

from kubectl_rotten.versions import HEADINGS, table_of, versions
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

T1, T2 = "2026-01-09T10:00:00Z", "2026-01-10T10:00:00Z"


def rows(document: Manifest, *given: Manifest) -> list[dict[str, str]]:
    """The table, a dictionary for each row."""
    lines = table_of(versions(seen(document), revisions(*given), ()), NOW)
    starts = [lines[0].index(heading) for heading in HEADINGS]
    cuts = list(zip(starts, [*starts[1:], None], strict=True))
    return [
        {heading: line[start:end].strip() for heading, (start, end) in zip(HEADINGS, cuts, strict=True)}
        for line in lines[1:]
    ]


def test_a_row_tells_what_a_version_is_who_let_it_and_when_it_served() -> None:
    proven = revision(
        "1", serving=[began(T1)], gates=[gate("a", "Failed"), gate("b"), gate("a")], approvals=[said(ADA), said(BOB)]
    )
    new = revision(
        "2", created="2026-01-10T09:59:00Z", serving=[began(T2)], gates=[gate("a", "Inconclusive"), gate("b")]
    )
    assert rows(model(), new, proven) == [
        {
            "VERSION": "1",
            "NOW": "serves",
            "ACCURACY": "0.9052",
            "TRAINED": "2026-01-01T09:00:00Z (9d)",
            "DATA": "dadadada",
            "DIGEST": "a1a1a1a1",
            "GATES": "2/2",
            "APPROVED BY": f"{ADA}, {BOB}",
            "SERVED SINCE": "2026-01-09T10:00:00Z (26h)",
            "SERVED UNTIL": "2026-01-10T10:00:00Z (2h)",
        },
        {
            "VERSION": "2",
            "NOW": "wanted",
            "ACCURACY": "0.9052",
            "TRAINED": "2026-01-10T09:59:00Z (2h)",
            "DATA": "dadadada",
            "DIGEST": "a1a1a1a1",
            "GATES": "1/2",
            "APPROVED BY": "-",
            "SERVED SINCE": "2026-01-10T10:00:00Z (2h)",
            "SERVED UNTIL": "now",
        },
    ]


def test_a_line_for_each_model_tells_what_was_promoted_from_it() -> None:
    given = revisions(promoted("1"), promoted("2", "canary"), promoted("3"), revision("4"))
    answer = versions(seen(model(wantedVersion="4")), given, ())
    assert table_of(answer, NOW)[-2:] == [
        "Promoted from canary/imdb, at the time under TRAINED: 2",
        "Promoted from staging/imdb, at the time under TRAINED: 1, 3",
    ]
    assert [one.promoted_from for one in answer.versions] == ["staging/imdb", "canary/imdb", "staging/imdb", ""]


def test_versions_stand_in_the_order_they_were_trained_and_tell_when_they_served_last() -> None:
    again = revision("b", created="2026-01-01T09:00:00Z", serving=[began(T1), began("2026-01-10T11:00:00Z")])
    younger = revision("a", created="2026-01-02T09:00:00Z", serving=[began(T2)])
    found = rows(model(wantedVersion="b"), younger, again)
    assert [(row["VERSION"], row["SERVED SINCE"][:20], row["SERVED UNTIL"][:20]) for row in found] == [
        ("b", "2026-01-10T11:00:00Z", "now"),
        ("a", T2, "2026-01-10T11:00:00Z"),
    ]


def test_a_version_may_be_several_things() -> None:
    document = model(wantedVersion="1", servingVersion="1", candidateVersion="1")
    assert rows(document, revision("1"))[0]["NOW"] == "serves, wanted, candidate"


def test_a_no_is_shown_as_one_and_the_latest_answer_of_a_person_counts() -> None:
    answers = [
        said(ADA, "Approve", "2026-01-01T09:40:00Z"),
        said(BOB, "Reject", "2026-01-01T09:41:00Z"),
        said(ADA, "Reject", "2026-01-01T09:40:00Z"),
        said(BOB, "Approve", "2026-01-01T09:42:00Z"),
    ]
    assert rows(model(), revision("1", approvals=answers))[0]["APPROVED BY"] == f"{ADA} (Reject), {BOB}"


def test_what_is_not_known_is_a_dash() -> None:
    bare = {"metadata": revision()["metadata"], "spec": {"version": "1"}, "status": {}}
    row = rows(model(servingVersion=""), bare)[0]
    assert [row[name] for name in HEADINGS if name not in ("VERSION", "TRAINED")] == ["-"] * 8


def test_a_wanted_version_without_a_revision_is_named() -> None:
    lines = table_of(versions(seen(model()), revisions(revision("1")), ()), NOW)
    assert lines[-1] == "Version 2 is wanted and not trained yet: kubectl rotten why imdb"
    assert table_of(versions(seen(model()), [], ()), NOW)[0] == "imdb has no versions yet."


def test_warnings_name_what_is_missing() -> None:
    document = model(history=[{"version": "old", "since": T1}])
    assert versions(seen(document), [], ("unread",)).warnings == (
        "unread",
        "Version old served, and its revision is gone.",
    )


STABLE = {
    "": [
        "apiVersion",
        "kind",
        "namespace",
        "model",
        "wantedVersion",
        "servingVersion",
        "candidateVersion",
        "versions",
        "warnings",
    ],
    "versions": [
        *("version", "trainedAt", "accuracy", "gitCommit", "dataHash", "artifactDigest", "imageDigest", "trackingURL"),
        *(
            "registeredModel",
            "registryVersion",
            "runID",
            "promotedFrom",
            "gates",
            "answers",
            "serves",
            "wanted",
            "served",
        ),
    ],
    "versions.gates": [
        *("name", "verdict", "metric", "value", "threshold", "baselineVersion", "baselineValue", "low", "onFailure"),
        *("message", "time"),
    ],
    "versions.answers": ["by", "decision", "note", "time"],
    "versions.served": ["since", "until", "reason"],
}


@pytest.mark.parametrize(("path", "names"), STABLE.items(), ids=STABLE)
def test_the_shape_for_programs_is_stable(path: str, names: list[str]) -> None:
    given = revision("1", serving=[began(T1)], gates=[gate()], approvals=[said()])
    place = versions(seen(model()), revisions(given), ()).model_dump(mode="json", by_alias=True)
    assert (place["apiVersion"], place["kind"]) == ("rotten/v1", "Versions")
    for step in filter(None, path.split(".")):
        place = place[step][0]
    assert list(place) == names


def test_times_for_programs_are_utc() -> None:
    given = revision("1", created="2026-01-01T11:00:00+02:00", serving=[began("2026-01-02T11:00:00+02:00")])
    document = versions(seen(model()), revisions(given), ()).model_dump(mode="json", by_alias=True)
    assert document["versions"][0]["served"] == [{"since": "2026-01-02T09:00:00Z", "until": None, "reason": "Wanted"}]
    assert document["versions"][0]["trainedAt"] == "2026-01-01T09:00:00Z"

"""Who served when, from what all revisions and the history of the model record."""

from datetime import datetime

from kubectl_rotten.intervals import MOST_RECORDED, Interval, doubts, interval_at, intervals
from kubectl_rotten.moments import rfc3339
from tests.unit.kubectl_plugin.documents import Manifest, began, model, revision, revisions, seen

T1, T2, T3 = "2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z", "2026-01-03T10:00:00Z"


def told(found: tuple[Interval, ...]) -> list[tuple[str, str, str | None]]:
    return [(one.began.version, rfc3339(one.began.since), one.until and rfc3339(one.until)) for one in found]


def at(found: tuple[Interval, ...], moment: str) -> str | None:
    chosen = interval_at(found, datetime.fromisoformat(moment))
    return chosen.began.version if chosen is not None else None


def history(*entries: tuple[str, str]) -> list[Manifest]:
    """The latest first."""
    return [{"version": version, "since": since, "reason": "Wanted"} for version, since in entries]


def test_an_interval_ends_where_the_next_of_any_revision_begins() -> None:
    found = intervals(
        seen(model()), revisions(revision("1", serving=[began(T1), began(T3)]), revision("2", serving=[began(T2)]))
    )
    assert told(found) == [("1", T1, T2), ("2", T2, T3), ("1", T3, None)]
    assert [one.ended_by for one in found] == ["2", "1", ""]


def test_the_second_in_which_one_begins_belongs_to_it() -> None:
    found = intervals(seen(model()), revisions(revision("1", serving=[began(T1)]), revision("2", serving=[began(T2)])))
    moments = ["2026-01-01T09:59:59Z", T1, "2026-01-02T09:59:59Z", T2, "2030-01-01T00:00:00Z"]
    assert [at(found, moment) for moment in moments] == [None, "1", "1", "2", "2"]


def test_the_order_in_which_entries_are_recorded_does_not_matter() -> None:
    found = intervals(seen(model()), revisions(revision("1", serving=[began(T3), began(T1)])))
    assert told(found) == [("1", T1, T3), ("1", T3, None)]


def test_no_revision_means_no_interval() -> None:
    assert intervals(seen(model()), []) == ()
    assert intervals(seen(model()), revisions(revision())) == ()


def test_the_history_of_the_model_tells_of_a_revision_that_is_gone() -> None:
    document = model(history=history(("1", T3), ("2", T2), ("1", T1)))
    one = revisions(revision("1", serving=[began(T1), began(T3)]))
    found = intervals(seen(document), one)
    assert told(found) == [("1", T1, T2), ("2", T2, T3), ("1", T3, None)]
    assert [one.recorded for one in found] == [True, False, True]
    assert doubts(found, found[1], found[1].began.since, one) == [
        "The revision of version 2 is gone: the history of the model alone tells that it served."
    ]


def test_an_interval_that_its_revision_does_not_record_is_doubted() -> None:
    given = revisions(revision("1"))
    found = intervals(seen(model(history=history(("1", T1)))), given)
    assert "may have been an older training of that label" in doubts(found, found[0], found[0].began.since, given)[0]


def test_of_two_in_one_second_the_history_knows_the_later() -> None:
    given = revisions(revision("1", serving=[began(T1)]), revision("2", serving=[began(T1)]))
    for first, second in (("1", "2"), ("2", "1")):
        found = intervals(seen(model(history=history((second, T1), (first, T1)))), given)
        assert told(found) == [(first, T1, T1), (second, T1, None)]
        assert at(found, T1) == second


def test_of_two_in_one_second_without_a_history_the_younger_revision_is_later() -> None:
    older = revision("2", created="2026-01-01T08:00:00Z", serving=[began(T1)])
    younger = revision("1", created="2026-01-01T09:00:00Z", serving=[began(T1)])
    given = revisions(younger, older)
    found = intervals(seen(model()), given)
    assert told(found) == [("2", T1, T1), ("1", T1, None)]
    assert doubts(found, found[1], found[1].began.since, given) == [
        "Version 2 began in the same second, and times are whole seconds."
    ]


def test_a_revision_whose_oldest_intervals_were_dropped_is_doubted_before_its_first() -> None:
    full = [began(f"2026-01-05T10:00:{second:02}Z") for second in range(MOST_RECORDED)]
    given = revisions(revision("1", serving=[began(T1)]), revision("2", serving=full))
    found = intervals(seen(model()), given)
    assert "keeps only its latest 50 intervals" in doubts(found, found[0], datetime.fromisoformat(T2), given)[0]
    assert doubts(found, found[-1], found[-1].began.since, given) == []

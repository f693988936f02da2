"""Moments as people write and read them."""

from datetime import UTC, datetime, timedelta

import pytest

from kubectl_rotten.moments import Unreadable, age, asked, rfc3339, with_age
from tests.unit.kubectl_plugin.documents import NOW

WRITTEN = {
    "2026-01-02T15:04:05Z": "2026-01-02T15:04:05Z",
    "2026-01-02t15:04:05z": "2026-01-02T15:04:05Z",
    "2026-01-02T15:04:05+02:00": "2026-01-02T13:04:05Z",
    "2026-01-02T23:30-05:30": "2026-01-03T05:00:00Z",
    "2026-01-02 15:04:05.9Z": "2026-01-02T15:04:05Z",
    "2024-02-29": "2024-02-29T23:59:59Z",
}


@pytest.mark.parametrize(("text", "meant"), WRITTEN.items(), ids=WRITTEN)
def test_a_moment_is_understood(text: str, meant: str) -> None:
    assert rfc3339(asked(text, NOW).moment) == meant


def test_a_date_is_the_end_of_that_day_and_it_says_so() -> None:
    assert asked("2026-01-02", NOW).note == "2026-01-02 without a time is the end of that day, UTC."


def test_the_day_that_is_not_over_is_now_and_it_says_so() -> None:
    today = asked("2026-01-10", NOW)
    assert today.moment == NOW
    assert today.note == "2026-01-10 is not over in UTC: this is of now."


def test_which_day_it_is_is_asked_of_utc() -> None:
    late = datetime.fromisoformat("2026-01-10T23:00:00-05:00")
    assert asked("2026-01-10", late).moment == datetime(2026, 1, 10, 23, 59, 59, tzinfo=UTC)
    assert asked("2026-01-11", late).moment == late


def test_a_time_without_an_offset_is_utc_and_it_says_so() -> None:
    read = asked("2026-01-02T15:04:05", NOW)
    assert (rfc3339(read.moment), read.note) == (
        "2026-01-02T15:04:05Z",
        "2026-01-02T15:04:05 without an offset is UTC.",
    )


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "",
        "2026-13-01",
        "2026-02-30",
        "20260102",
        "2026-W01-1",
        "2026-01-02T25:00:00Z",
        "2026-01-02Tnoon",
        "9999-12-31T23:59:59-05:00",
        "٢٠٢٦-٠١-٠٢",
    ],
)
def test_what_is_no_moment_is_said_to_be_none(text: str) -> None:
    with pytest.raises(Unreadable, match="is no moment"):
        asked(text, NOW)


AGES = {
    -5: "0s",
    0: "0s",
    119: "119s",
    120: "2m",
    7199: "119m",
    7200: "2h",
    172_799: "47h",
    172_800: "2d",
    9e7: "1041d",
}


@pytest.mark.parametrize(("seconds", "told"), AGES.items())
def test_an_age_is_told_in_one_unit(seconds: float, told: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == told


def test_a_moment_is_shown_in_utc_with_its_age() -> None:
    assert with_age(datetime.fromisoformat("2026-01-10T12:00:00+02:00"), NOW) == "2026-01-10T10:00:00Z (2h)"

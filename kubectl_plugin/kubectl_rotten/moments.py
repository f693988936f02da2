"""Moments: as a person writes and as a person reads them. The clock is a parameter."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}.*")
_END_OF_DAY = time(23, 59, 59, tzinfo=UTC)
_UNITS = ((60, "s", 120), (60, "m", 120), (24, "h", 48))
"""How many make one of the next unit, its sign, and how many are told in it before the next one is taken."""


class Unreadable(Exception):
    """What was written is no moment."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A moment that is asked for."""

    moment: datetime
    note: str = ""
    """How it was read, where that had to be decided."""


def asked(text: str, now: datetime) -> Asked:
    """The moment that was written: RFC 3339, or a date. A date is the end of that day UTC, or now while it lasts."""
    try:
        if _DATE.fullmatch(text):
            return _of_day(date.fromisoformat(text), now)
        if _MOMENT.fullmatch(text):
            return _of_time(datetime.fromisoformat(text.upper()), text)
    except (ValueError, OverflowError) as error:
        raise _no_moment(text) from error
    raise _no_moment(text)


def _no_moment(text: str) -> Unreadable:
    return Unreadable(f"--at {text} is no moment. Next: write it as 2026-01-02, or as 2026-01-02T15:04:05Z")


def _of_day(day: date, now: datetime) -> Asked:
    if day == now.astimezone(UTC).date():
        return Asked(now, f"{day} is not over in UTC: this is of now.")
    return Asked(datetime.combine(day, _END_OF_DAY), f"{day} without a time is the end of that day, UTC.")


def _of_time(moment: datetime, text: str) -> Asked:
    if moment.tzinfo is None:
        return Asked(moment.replace(tzinfo=UTC), f"{text} without an offset is UTC.")
    return Asked(moment.astimezone(UTC))


def rfc3339(moment: datetime) -> str:
    """In whole seconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def age(moment: datetime, now: datetime) -> str:
    """How long ago, in one unit."""
    count = max(0, int((now - moment).total_seconds()))
    for of_next, sign, most in _UNITS:
        if count < most:
            return f"{count}{sign}"
        count //= of_next
    return f"{count}d"


def with_age(moment: datetime, now: datetime) -> str:
    """The moment, and how long ago it is."""
    return f"{rfc3339(moment)} ({age(moment, now)})"

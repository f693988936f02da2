"""Time to ready: from an edit to a right answer, beside a tutorial's pod."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from bench.report.shapes import Goal, Section, Table

_OURS, _PEER = "SentimentModel", "tutorial"
_ANSWERED = "first right answer"
_One = Mapping[str, Any]


def cold(found: Sequence[_One]) -> Section:
    """Of `ready-cold.json`."""
    answered = {who: [one["reached"][_ANSWERED] for one in found if one["who"] == who] for who in (_OURS, _PEER)}
    ours = answered[_OURS]
    goals = (
        Goal("cold apply → right answer, p50", 3.5, statistics.median(ours), more=False, unit=" s"),
        Goal(f"cold apply → right answer, worst of {len(ours)}", 8, max(ours), more=False, unit=" s"),
    )
    rows = tuple(
        (
            who,
            str(len(times)),
            f"{statistics.median(times):.2f}",
            f"{max(times):.2f}",
            _times(times, ours),
            _cpu(found, who),
        )
        for who, times in answered.items()
        if times
    )
    return Section(
        told=(
            "From the apply to the first right answer through the Service; the image is on the node, the version known.",
        ),
        goals=goals,
        tables=(
            Table("Cold apply", ("who", "times", "p50 s", "worst s", "× ours", "s of CPU of the pod"), rows),
            Table("Seconds from the apply", ("milestone", *answered), _milestones(found, tuple(answered))),
        ),
        pictures=(("ready-cold.png", "Where the time of a cold apply goes"),),
    )


def _cpu(found: Sequence[_One], who: str) -> str:
    return f"{statistics.median(one['cpu_seconds'] for one in found if one['who'] == who):.2f}"


def _times(times: Sequence[float], ours: Sequence[float]) -> str:
    return f"{statistics.median(times) / statistics.median(ours):.1f}"


def _milestones(found: Sequence[_One], who: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    names = dict.fromkeys(name for one in found for name in one["reached"])
    return tuple((name, *(_reached(found, one, name) for one in who)) for name in names)


def _reached(found: Sequence[_One], who: str, name: str) -> str:
    times = [one["reached"][name] for one in found if one["who"] == who and name in one["reached"]]
    return f"{statistics.median(times):.2f}" if times else "–"


def switches(found: Sequence[_One]) -> Section:
    """Of `ready-switch.json`."""
    ours = [one for one in found if one["who"] == _OURS]
    goals = (
        Goal("switch: first new answer, worst", 3, max(one["first_answer"] for one in ours), more=False, unit=" s"),
        Goal("switch: Ready, worst", 10, max(one["ready"] for one in ours), more=False, unit=" s"),
        Goal("switch: failed requests", 0, sum(one["failed"] for one in ours), more=False),
    )
    cases = dict.fromkeys((one["who"], one["back"]) for one in found)
    rows = tuple(
        _row(who, back, [one for one in found if (one["who"], one["back"]) == (who, back)]) for who, back in cases
    )
    head = ("who", "times", "first answer: p50 s", "worst s", "ready: p50 s", "worst s", "failed requests")
    return Section(
        told=("One field is edited, under load.",),
        goals=goals,
        tables=(Table("Switch of versions", head, rows),),
        pictures=(("ready-switch.png", "Every switch of versions"),),
    )


def _row(who: str, back: bool, own: Sequence[_One]) -> tuple[str, ...]:
    first, ready = [one["first_answer"] for one in own], [one["ready"] for one in own]
    failed = f"{sum(one['failed'] for one in own)} of {sum(one['requests'] for one in own):,}"
    medians = [f"{figure:.2f}" for times in (first, ready) for figure in (statistics.median(times), max(times))]
    return (f"{who}, back" if back else who, str(len(own)), *medians, failed)

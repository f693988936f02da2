"""Statuses of a model one after another, as passes would write them."""

from datetime import datetime, timedelta

from sentiment_operator.api.conditions import Truth, Verdict, conditions, timestamp
from sentiment_operator.api.status import (
    Condition,
    ConditionType,
    HistoryEntry,
    LastFailure,
    Metric,
    SentimentModelStatus,
    TrainingStatus,
)
from sentiment_operator.facts.observed import Origin
from sentiment_operator.telling.history import KEPT_HISTORY
from tests.support.builders import NOW

ORIGIN = Origin("reviews", "imdb", "uid-1", generation=1, retry="")
NEW = SentimentModelStatus()
Found = dict[str, tuple[Truth, str]]

WELL: Found = {
    "Ready": ("True", "Serving"),
    "Available": ("True", "Serving"),
    "Trained": ("True", "Recorded"),
    "Stalled": ("False", "NoDeadEnd"),
    "AwaitingApproval": ("False", "NotRequired"),
}


def at(minutes: float) -> datetime:
    """So long after the beginning."""
    return NOW + timedelta(minutes=minutes)


def status(
    before: SentimentModelStatus,
    minutes: float,
    found: Found,
    *,
    wanted: str = "1",
    serving: str = "",
    history: tuple[HistoryEntry, ...] | None = None,
    job: str = "",
    failure: LastFailure | None = None,
) -> SentimentModelStatus:
    """The status that a pass would write at that time, before it is looked at for news."""
    verdicts = {
        ConditionType(kind): Verdict(truth, reason, f"{kind} is {truth}.") for kind, (truth, reason) in found.items()
    }
    return SentimentModelStatus(
        observed_generation=1,
        wanted_version=wanted,
        serving_version=serving,
        history=(before.history if history is None else history)[:KEPT_HISTORY],
        training=TrainingStatus(job_name=job, metrics=(Metric(name="accuracy", value="0.91"),)),
        gates_summary="2/2",
        last_failure=failure,
        notifications=before.notifications,
        conditions=conditions(verdicts, before.conditions, 1, at(minutes)),
    )


def served(*versions: tuple[str, float]) -> tuple[HistoryEntry, ...]:
    """History of versions with the minute at which each began to serve, the latest first."""
    return tuple(HistoryEntry(version=version, since=timestamp(at(minutes))) for version, minutes in versions)


def ready(before: SentimentModelStatus = NEW, minutes: float = 0, version: str = "1") -> SentimentModelStatus:
    """The version has all traffic since that minute."""
    history = (*served((version, minutes)), *before.history)
    return status(before, minutes, WELL, wanted=version, serving=version, history=history)


def not_ready(before: SentimentModelStatus, minutes: float, version: str = "1", **more: str) -> SentimentModelStatus:
    """What serves goes on; the wanted version is on its way."""
    found: Found = {**WELL, "Ready": ("False", "RollingOut")}
    return status(before, minutes, found, wanted=version, serving=before.serving_version, **more)


def stalled(
    before: SentimentModelStatus,
    minutes: float,
    station: str,
    reason: str,
    version: str = "2",
    failure: LastFailure | None = None,
) -> SentimentModelStatus:
    """The way of the version ends at that station."""
    found: Found = {**WELL, "Ready": ("False", reason), station: ("False", reason), "Stalled": ("True", reason)}
    return status(before, minutes, found, wanted=version, serving=before.serving_version, failure=failure)


def condition(found: SentimentModelStatus, kind: ConditionType) -> Condition:
    """The condition of that type."""
    return next(entry for entry in found.conditions if entry.type == kind)

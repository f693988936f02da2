"""Situations of a model that follows another one: what that one has proven, and where it is not to be had."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sentiment_operator.api.conditions import timestamp
from sentiment_operator.api.status import Condition, ConditionType, HistoryEntry, SentimentModelStatus
from sentiment_operator.facts.observed import Model, Observed, Source

Situation = tuple[Model, Observed]

SOAK = 3600
_FOLLOWED = {"modelRef": {"name": "followed"}, "namespace": "stage-before", "soakSeconds": SOAK}
_HOUR = timedelta(hours=1)


def situations_of_stages(model: Model, proven: Observed, now: datetime) -> Iterator[Situation]:
    """Situations of a model that follows another one. `proven`: its wanted version serves."""
    ((label, revision),) = proven.revisions.items()
    since = HistoryEntry(version=label, since=timestamp(now - 9 * _HOUR))
    served = replace(revision, status=revision.status.model_copy(update={"serving": (since,)}))
    proven = replace(proven, revisions={label: served})
    here, named = _following(model, None), _following(model, label)
    nothing = replace(proven, revisions={}, children={}, pods=(), probe=None)
    yield here, nothing
    yield here, replace(nothing, source=Source(allows=False))
    yield here, replace(nothing, source=_source(proven, label, now - _HOUR / 2))
    yield named, replace(nothing, source=Source(allows=True))
    yield named, replace(nothing, source=_gone_back(proven, label, now))
    yield here, replace(nothing, source=_source(proven, label, now - 2 * _HOUR))
    yield here, replace(proven, source=_source(proven, label, now - 2 * _HOUR))
    yield here, replace(proven, source=_source(proven, "3", now - _HOUR / 2))
    yield here, proven
    yield here, replace(proven, source=Source(allows=False))
    yield here, replace(proven, source=_source(proven, "3", now, available="False"))
    yield named, replace(proven, source=_source(proven, "3", now - 2 * _HOUR, before=label))


def _following(model: Model, label: str | None) -> Model:
    document: dict[str, Any] = {"promotion": {"from": _FOLLOWED}, **({"version": label} if label else {})}
    return replace(model, spec=type(model.spec).model_validate(document))


def _source(
    proven: Observed,
    label: str,
    since: datetime,
    *,
    available: str = "True",
    before: str = "",
    gap: timedelta = 2 * _HOUR,
) -> Source:
    """The followed model serves that label since then, and another one before."""
    (wanted,) = proven.revisions.values()
    told = [
        HistoryEntry(version=label, since=timestamp(since)),
        *([HistoryEntry(version=before, since=timestamp(since - gap))] if before else []),
    ]
    status = SentimentModelStatus(
        serving_version=label,
        wanted_version=label,
        history=tuple(told),
        conditions=tuple(_condition(kind, available, since) for kind in (ConditionType.AVAILABLE, ConditionType.READY)),
    )
    labels = {label, *([before] if before else [])}
    wanted = replace(wanted, status=type(wanted.status)())
    revisions = {one: replace(wanted, spec=wanted.spec.model_copy(update={"version": one})) for one in labels}
    return Source(allows=True, status=status, revisions=revisions)


def _gone_back(proven: Observed, label: str, now: datetime) -> Source:
    source = _source(proven, "1", now, before=label)
    first = HistoryEntry(version="1", since=timestamp(now - 9 * _HOUR))
    return replace(source, status=source.status.model_copy(update={"history": (*source.status.history, first)}))


def _condition(kind: ConditionType, status: Any, since: datetime) -> Condition:
    return Condition(
        type=kind.value, status=status, reason="WHY", observed_generation=1, last_transition_time=timestamp(since)
    )

"""When which version served: what the revisions record, in one line of time. Pure.

An interval begins where a revision, or the history of the model, says that its version began to serve, and ends where the
next one of any version begins. It says which version had the traffic, not that it answered all the time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from kubectl_rotten.objects import Began
from kubectl_rotten.objects_model import Model
from kubectl_rotten.objects_revision import Revision

MOST_RECORDED = 50
"""As many beginnings as the status of a revision holds; the oldest go first."""
_OLDER = -1_000


@dataclass(frozen=True, slots=True)
class Interval:
    """One version that served without another in between."""

    began: Began
    until: datetime | None
    """None: no other version has begun since."""
    ended_by: str
    """The version that began then."""
    revision: Revision | None
    """None: it is gone."""
    recorded: bool
    """False: the history of the model alone tells of it."""


def intervals(model: Model, revisions: Sequence[Revision]) -> tuple[Interval, ...]:
    """All of them, the oldest first."""
    by_version = {revision.spec.version: revision for revision in revisions}
    recorded = {
        (revision.spec.version, began.since): began.model_copy(update={"version": revision.spec.version})
        for revision in revisions
        for began in revision.status.serving
    }
    everything = {(began.version, began.since): began for began in model.status.history} | recorded
    in_order = sorted(everything.values(), key=lambda began: _age(began, model, by_version))
    following: list[Began | None] = [*in_order[1:], None]
    return tuple(
        Interval(
            began,
            until=after.since if after is not None else None,
            ended_by=after.version if after is not None else "",
            revision=by_version.get(began.version),
            recorded=(began.version, began.since) in recorded,
        )
        for began, after in zip(in_order, following, strict=False)
    )


def _age(began: Began, model: Model, by_version: dict[str, Revision]) -> tuple[datetime, int, datetime, str]:
    """Times are whole seconds: of two in one, the history of the model knows the later, else the younger revision is."""
    known = [(entry.version, entry.since) for entry in model.status.history]
    place = (began.version, began.since)
    rank = -known.index(place) if place in known else _OLDER
    revision = by_version.get(began.version)
    return began.since, rank, revision.metadata.creation_timestamp if revision else began.since, began.version


def interval_at(found: Iterable[Interval], moment: datetime) -> Interval | None:
    """The interval that the moment falls into; None before the first."""
    return next((one for one in reversed(tuple(found)) if one.began.since <= moment), None)


def doubts(found: Sequence[Interval], chosen: Interval, moment: datetime, revisions: Iterable[Revision]) -> list[str]:
    """What somebody has to know who relies on that answer."""
    version = chosen.began.version
    others = sorted({one.began.version for one in found if one.began.since == chosen.began.since} - {version})
    told = [f"Version {other} began in the same second, and times are whole seconds." for other in others]
    if chosen.revision is None:
        told.append(f"The revision of version {version} is gone: the history of the model alone tells that it served.")
    elif not chosen.recorded:
        told.append(
            f"The revision of version {version} does not record this interval, the history of the model alone does: what"
            " served may have been an older training of that label."
        )
    return told + [_full(one) for one in revisions if _is_full(one) and one.status.serving[0].since > moment]


def _is_full(revision: Revision) -> bool:
    return len(revision.status.serving) >= MOST_RECORDED


def _full(revision: Revision) -> str:
    return (
        f"Version {revision.spec.version} keeps only its latest {MOST_RECORDED} intervals, and all of them are later:"
        " it may have served then."
    )

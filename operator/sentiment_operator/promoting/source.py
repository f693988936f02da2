"""What the followed model has proven of a version: read from when it began to serve what, and from its conditions.

It serves in good health while it answers and, unless it is on its way to another version, is Ready. A version is proven
once that held for the soak time without a break; a version that served for so long before needs no second soak, so that
going back travels at once. What the followed model went back from is not proven any more. All of it is on record at the
followed model, so any pass may be the first one. It does not know what follows from it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sentiment_operator.api.status import Condition, ConditionType
from sentiment_operator.facts.observed import Revision, Source


@dataclass(frozen=True, slots=True)
class Interval:
    """One time that a version served."""

    version: str
    digest: str
    """Empty where the version is not on record any more."""
    since: datetime
    until: datetime | None
    """When another version began to serve; None: none did."""
    on_trial: bool = False
    """It had all requests as a candidate, and did not take over."""


@dataclass(frozen=True, slots=True)
class Proven:
    """It has served there long enough."""

    revision: Revision


@dataclass(frozen=True, slots=True)
class Soaking:
    """It serves there in good health; time alone is missing."""

    version: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Awaited:
    """It does not serve there, or not in good health."""

    why: str


@dataclass(frozen=True, slots=True)
class Turned:
    """It was refused there, or given up: it comes here only if it serves there anew."""

    why: str


Standing = Proven | Soaking | Awaited | Turned


def standing(source: Source, label: str, soak: timedelta, now: datetime) -> Standing:
    """What the followed model has proven of this version."""
    revision, served = source.revisions.get(label), intervals(source)
    own = [one for one in served if revision is not None and _is_of(one, revision)]
    if revision is None or not own:
        return _not_served(source, label)
    has_soaked = any(one.until is not None and one.until - one.since >= soak and not one.on_trial for one in own)
    if own[0] is served[0] and source.status.serving_version == label:
        return _serving(source, revision, own[0], soak, now, has_soaked=has_soaked)
    after = served[served.index(own[0]) - 1] if own[0] is not served[0] else None
    if after is not None and any(one.version == after.version and one.since < own[0].since for one in served):
        return Turned(f"went back from it to version {after.version}")
    if has_soaked:
        return Proven(revision)
    if after is None or (after.until is None and source.status.serving_version != after.version):
        return Awaited(f"does not serve it now, and did not for {_seconds(soak)} without a break")
    return Turned(f"left it for version {after.version} before it had served for {_seconds(soak)}")


def intervals(source: Source) -> tuple[Interval, ...]:
    """What served when, the latest first. The history of the model knows it first, the revisions know it longer."""
    recorded = {
        (entry.version, entry.since): (revision.spec.artifact_digest, entry.on_trial)
        for revision in source.revisions.values()
        for entry in revision.status.serving
    }
    told = {
        (entry.version, entry.since): (_digest(source, entry.version), entry.on_trial)
        for entry in source.status.history
    }
    began = sorted(
        (
            (datetime.fromisoformat(since), version, digest, on_trial)
            for (version, since), (digest, on_trial) in (told | recorded).items()
        ),
        reverse=True,
    )
    ends = [None, *(since for since, *_ in began)]
    return tuple(
        Interval(version, digest, since, end, on_trial)
        for (since, version, digest, on_trial), end in zip(began, ends, strict=False)
    )


def _digest(source: Source, label: str) -> str:
    revision = source.revisions.get(label)
    return revision.spec.artifact_digest if revision is not None else ""


def _is_of(interval: Interval, revision: Revision) -> bool:
    return (interval.version, interval.digest) == (revision.spec.version, revision.spec.artifact_digest)


def _serving(
    source: Source, revision: Revision, interval: Interval, soak: timedelta, now: datetime, *, has_soaked: bool
) -> Standing:
    since = _healthy_since(source, interval)
    if isinstance(since, str):
        return Awaited(since)
    if has_soaked or now >= since + soak:
        return Proven(revision)
    return Soaking(interval.version, since, since + soak)


def _healthy_since(source: Source, interval: Interval) -> datetime | str:
    """Since when the version that serves does so in good health; why it does not."""
    if interval.on_trial:
        return "serves it as a candidate, whose rollout is not over"
    asked = [ConditionType.AVAILABLE]
    if source.status.wanted_version == interval.version:
        asked.append(ConditionType.READY)
    found = {condition.type: condition for condition in source.status.conditions}
    since = interval.since
    for kind in asked:
        condition = found.get(kind.value)
        if condition is None or condition.status != "True":
            return f"serves it, but not in good health: {_words(kind, condition)}"
        since = max(since, datetime.fromisoformat(condition.last_transition_time))
    return since


def _not_served(source: Source, label: str) -> Standing:
    status = source.status
    stalled = next((entry for entry in status.conditions if entry.type == ConditionType.STALLED), None)
    serves = f"it serves version {status.serving_version}" if status.serving_version else "nothing serves there"
    if label and status.wanted_version == label:
        if stalled is not None and stalled.status == "True":
            return Turned(f"does not serve it: {_words(ConditionType.STALLED, stalled)}")
        ready = next((entry for entry in status.conditions if entry.type == ConditionType.READY), None)
        return Awaited(f"does not serve it yet: {_words(ConditionType.READY, ready)}")
    return Awaited(f"does not serve it: {serves}" if label else "has not served anything yet")


def _words(kind: ConditionType, condition: Condition | None) -> str:
    if condition is None:
        return f"{kind} is unknown"
    return f"{kind} is {condition.status}, {condition.reason}. {condition.message}".strip()


def _seconds(soak: timedelta) -> str:
    return f"{soak.total_seconds():.0f} seconds"

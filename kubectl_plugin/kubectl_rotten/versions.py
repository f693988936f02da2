"""All versions of a model, as a value for programs and as a table for people. Pure; the clock is a parameter."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from kubectl_rotten.evidence import APPROVE, answers, passed_of, verdicts
from kubectl_rotten.intervals import Interval, intervals
from kubectl_rotten.moments import with_age
from kubectl_rotten.objects import Answer, GateEvidence, accuracy
from kubectl_rotten.objects_model import Model
from kubectl_rotten.objects_revision import Revision
from kubectl_rotten.shapes import ListedVersion, Said, Served, Version, Versions
from kubectl_rotten.text import table

SHORT = 8
NOTHING = "-"
HEADINGS = (
    *("VERSION", "NOW", "ACCURACY", "TRAINED", "DATA", "DIGEST", "GATES"),
    *("APPROVED BY", "SERVED SINCE", "SERVED UNTIL"),
)


def versions(model: Model, revisions: Sequence[Revision], unreadable: Iterable[str]) -> Versions:
    """All versions that there are revisions of, in the order they were trained."""
    status, found = model.status, intervals(model, revisions)
    in_order = sorted(revisions, key=lambda one: (one.metadata.creation_timestamp, one.spec.version))
    gone = sorted({one.began.version for one in found if one.revision is None})
    return Versions(
        namespace=model.metadata.namespace,
        model=model.metadata.name,
        wanted_version=status.wanted_version,
        serving_version=status.serving_version,
        candidate_version=status.candidate_version,
        versions=tuple(_listed(model, revision, found) for revision in in_order),
        warnings=(*unreadable, *(f"Version {version} served, and its revision is gone." for version in gone)),
    )


def _listed(model: Model, revision: Revision, found: Iterable[Interval]) -> ListedVersion:
    label = revision.spec.version
    return ListedVersion(
        **dict(version_of(revision, revision.status.gates, revision.status.approvals)),
        serves=label == model.status.serving_version,
        wanted=label == model.status.wanted_version,
        served=tuple(served(one) for one in found if one.began.version == label),
    )


def served(interval: Interval) -> Served:
    """The interval as programs read it."""
    return Served(since=interval.began.since, until=interval.until, reason=interval.began.reason)


def version_of(revision: Revision, gates: Iterable[GateEvidence], given: Iterable[Answer]) -> Version:
    """The version, with that evidence."""
    spec = revision.spec
    return Version(
        version=spec.version,
        trained_at=revision.metadata.creation_timestamp,
        accuracy=accuracy(spec.metrics),
        git_commit=spec.git_commit,
        data_hash=spec.data_hash,
        artifact_digest=spec.artifact_digest,
        image_digest=spec.image_digest,
        trackingURL=spec.registry.tracking_url,
        registered_model=spec.registry.model_name,
        registry_version=spec.registry.version,
        runID=spec.registry.run_id,
        promoted_from=spec.promoted_from.told() if spec.promoted_from is not None else "",
        gates=verdicts(gates),
        answers=answers(given),
    )


def table_of(answer: Versions, now: datetime) -> list[str]:
    """The table, and what it cannot show."""
    below: list[str] = []
    if answer.wanted_version and not any(version.wanted for version in answer.versions):
        below.append(
            f"Version {answer.wanted_version} is wanted and not trained yet: kubectl rotten why {answer.model}"
        )
    if not answer.versions:
        return [f"{answer.model} has no versions yet.", *below]
    rows = [_row(version, answer, now) for version in answer.versions]
    return [*table([HEADINGS, *rows]), *_promoted(answer.versions), *below]


def _promoted(listed: Sequence[ListedVersion]) -> list[str]:
    """Which versions were trained elsewhere, a line for each model that they came from."""
    origins = sorted({version.promoted_from for version in listed} - {""})
    labels = {origin: [one.version for one in listed if one.promoted_from == origin] for origin in origins}
    return [f"Promoted from {origin}, at the time under TRAINED: {', '.join(of)}" for origin, of in labels.items()]


def _row(version: ListedVersion, answer: Versions, now: datetime) -> tuple[str, ...]:
    last = version.served[-1] if version.served else None
    cells = (
        version.version,
        _now(version, answer),
        version.accuracy,
        with_age(version.trained_at, now),
        version.data_hash[:SHORT],
        version.artifact_digest[:SHORT],
        passed_of(version.gates),
        ", ".join(_name(said) for said in version.answers),
        with_age(last.since, now) if last is not None else "",
        _until(last, now) if last is not None else "",
    )
    return tuple(cell or NOTHING for cell in cells)


def _now(version: ListedVersion, answer: Versions) -> str:
    roles = {
        "serves": version.serves,
        "wanted": version.wanted,
        "candidate": version.version == answer.candidate_version,
    }
    return ", ".join(role for role, has in roles.items() if has)


def _name(said: Said) -> str:
    return said.by if said.decision == APPROVE else f"{said.by} ({said.decision})"


def _until(interval: Served, now: datetime) -> str:
    return with_age(interval.until, now) if interval.until is not None else "now"

"""Which version served at a moment, and where it comes from. Pure; the clock is a parameter."""

from collections.abc import Sequence
from datetime import UTC, datetime

from kubectl_rotten.evidence import all_answers, answer_lines, gate_lines
from kubectl_rotten.intervals import Interval, doubts, interval_at, intervals
from kubectl_rotten.moments import Asked, rfc3339, with_age
from kubectl_rotten.objects_model import Model
from kubectl_rotten.objects_revision import Revision
from kubectl_rotten.shapes import Ran, Said, Version, WhoRan
from kubectl_rotten.text import INDENT, Page, table, wrapped
from kubectl_rotten.versions import served, version_of

REASONS = {
    "Wanted": "spec.version asked for it",
    "RecipeFollowed": "it is what the recipe comes to",
    "Promoted": "the followed model has proven it",
    "OnTrial": "its rollout gave it all requests, and was not over",
    "RolledBack": "the version that had all requests failed its rollout",
    "CandidateRemoved": "the rollout of the version that had all requests was broken off",
}


def who_ran(
    model: Model, revisions: Sequence[Revision], unreadable: Sequence[str], asked: Asked, now: datetime
) -> WhoRan:
    """The answer, or why there is none."""
    found = intervals(model, revisions)
    chosen = interval_at(found, asked.moment) if asked.moment <= now else None
    warned = doubts(found, chosen, asked.moment, revisions) if chosen is not None else []
    if chosen is not None and chosen.until is None:
        warned += _now(model, chosen)
    return WhoRan(
        namespace=model.metadata.namespace,
        model=model.metadata.name,
        at=asked.moment.astimezone(UTC),
        ran=_ran(chosen) if chosen is not None else None,
        message=" ".join(
            filter(None, (_nothing(model, found, asked.moment, now) if chosen is None else "", asked.note))
        ),
        warnings=(*unreadable, *warned),
    )


def _now(model: Model, chosen: Interval) -> list[str]:
    """What answers now, where it is not what began last."""
    serving = model.status.serving_version
    if serving == chosen.began.version:
        return []
    return [f"Version {serving} answers by now, and has not all traffic yet." if serving else "Nothing answers now."]


def _nothing(model: Model, found: Sequence[Interval], moment: datetime, now: datetime) -> str:
    name = model.metadata.name
    if moment > now:
        return f"{rfc3339(moment)} is in the future: nobody knows what {name} will serve. It is {rfc3339(now)} now."
    if not found:
        return f"{name} has no revision that served."
    first = found[0].began
    return f"Nothing of {name} served at {rfc3339(moment)}: version {first.version} was the first, from {rfc3339(first.since)}."


def _ran(interval: Interval) -> Ran:
    since = interval.began.since
    return Ran(
        **dict(served(interval)),
        version=interval.began.version,
        ended_by=interval.ended_by,
        revision=_then(interval.revision, since) if interval.revision is not None else None,
        answered_later=_later(interval.revision, since) if interval.revision is not None else (),
    )


def _then(revision: Revision, since: datetime) -> Version:
    """The version with the evidence that was there when it began to serve."""
    gates = [entry for entry in revision.status.gates if entry.time <= since]
    return version_of(revision, gates, [answer for answer in revision.status.approvals if answer.time <= since])


def _later(revision: Revision, since: datetime) -> tuple[Said, ...]:
    return all_answers(answer for answer in revision.status.approvals if answer.time > since)


def lines_of(answer: WhoRan, page: Page, now: datetime) -> list[str]:
    """The answer for people."""
    ran = answer.ran
    if ran is None:
        return wrapped(answer.message, page, "")
    head = f"{answer.model} at {rfc3339(answer.at)}: version {ran.version} served."
    facts = [*_serving(ran, now), *(_lineage(ran.revision) if ran.revision is not None else [])]
    known = [(name, fact) for name, fact in facts if fact]
    evidence = _evidence(ran.revision, ran, page, now) if ran.revision is not None else []
    return [*wrapped(head, page, ""), *wrapped(answer.message, page, ""), "", *table(known, INDENT), *evidence]


def _serving(ran: Ran, now: datetime) -> list[tuple[str, str]]:
    meaning = f", {REASONS[ran.reason]}" if ran.reason in REASONS else ""
    until = f"{with_age(ran.until, now)}, when version {ran.ended_by} began" if ran.until is not None else "now"
    return [("Since", with_age(ran.since, now)), ("Until", until), ("Reason", f"{ran.reason}{meaning}")]


def _lineage(version: Version) -> list[tuple[str, str]]:
    return [
        ("Promoted" if version.promoted_from else "Trained", rfc3339(version.trained_at)),
        ("From", version.promoted_from),
        ("Accuracy", version.accuracy),
        ("Commit", version.git_commit),
        ("Data", _sha256(version.data_hash)),
        ("Run", version.run_id),
        ("Registry", f"{version.registered_model} {version.registry_version} in {version.tracking_url}"),
        ("Digest", _sha256(version.artifact_digest)),
        ("Image", version.image_digest),
    ]


def _sha256(digits: str) -> str:
    return f"sha256:{digits}" if digits else ""


def _evidence(version: Version, ran: Ran, page: Page, now: datetime) -> list[str]:
    gates, given = gate_lines(version.gates, page), answer_lines(version.answers, page, now)
    later = answer_lines(ran.answered_later, page, now)
    return [
        *_titled("Gates when it began", gates or [f"{INDENT}none was judged"]),
        *_titled("Approvals when it began", given or [f"{INDENT}none was given"]),
        *(_titled("Answered later", later) if later else []),
    ]


def _titled(title: str, lines: list[str]) -> list[str]:
    return ["", f"{title}:", *lines]

"""What gates and people said of a version, as values and in lines. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from kubectl_rotten.moments import with_age
from kubectl_rotten.objects import Answer, GateEvidence
from kubectl_rotten.shapes import Said, Verdict
from kubectl_rotten.text import INDENT, Marks, Page, table, wrapped

PASSED = "Passed"
APPROVE = "Approve"
_SAID = {APPROVE: "approved", "Reject": "rejected"}


def verdicts(evidence: Iterable[GateEvidence]) -> tuple[Verdict, ...]:
    """The latest evidence of each gate; the objects have the latest last."""
    latest = {entry.name: entry for entry in evidence}
    return tuple(Verdict(**dict(entry)) for entry in latest.values())


def passed_of(judged: Sequence[Verdict]) -> str:
    """How many of the gates that were judged are passed; empty where none was."""
    return f"{sum(entry.verdict == PASSED for entry in judged)}/{len(judged)}" if judged else ""


def answers(given: Iterable[Answer]) -> tuple[Said, ...]:
    """The latest answer of each person, the latest last. Of two in one second the no counts, as for the operator."""
    by_age = sorted(given, key=lambda answer: (answer.time, answer.decision != APPROVE))
    latest = {answer.approved_by: answer for answer in by_age}
    return all_answers(latest.values())


def all_answers(given: Iterable[Answer]) -> tuple[Said, ...]:
    """Every answer, the latest last."""
    in_order = sorted(given, key=lambda answer: answer.time)
    return tuple(
        Said(by=answer.approved_by, decision=answer.decision, note=answer.note, time=answer.time) for answer in in_order
    )


def gate_lines(judged: Iterable[Verdict], page: Page, not_judged: Iterable[str] = ()) -> list[str]:
    """One line for each gate: name, verdict, what was measured, and against what."""
    rows = [(_mark(entry, page.marks), entry.name, entry.verdict, against(entry)) for entry in judged]
    rows += [(page.marks.open, name, "not judged yet", "") for name in not_judged]
    return table(rows, INDENT)


def _mark(entry: Verdict, marks: Marks) -> str:
    return marks.good if entry.verdict == PASSED else marks.bad


def against(entry: Verdict) -> str:
    """The figure and what it was held against; in the operator's words where there are no two figures."""
    told = f"{entry.metric} {entry.value}"
    if entry.value and entry.baseline_version:
        told += f" against {entry.baseline_value or '?'} of version {entry.baseline_version}"
        told += f", difference at least {entry.low}" if entry.low else ""
    elif entry.value and entry.threshold:
        told += f" against {entry.threshold}"
    else:
        told = entry.message
    return f"{told}, warns only" if entry.on_failure == "Warn" else told


def answer_lines(given: Iterable[Said], page: Page, now: datetime) -> list[str]:
    """Who answered what, when, and what they wrote."""
    return [line for said in given for line in _answer_lines(said, page, now)]


def _answer_lines(said: Said, page: Page, now: datetime) -> list[str]:
    mark = page.marks.good if said.decision == APPROVE else page.marks.bad
    note = f": {said.note}" if said.note else ""
    text = f"{mark} {said.by} {_SAID.get(said.decision, said.decision)} {with_age(said.time, now)}{note}"
    return wrapped(text, page, INDENT * 3, first=INDENT)

"""The figures of one size as a table: ours, the usual operator's, how many times better ours is, and what it has to be.

It measures nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.operator.figures import Cell

_MOST_WRITES = 20
_MOST_MIB_AT_1000 = 400
_LONGEST_RESTART_AT_5000 = 60.0
_LONGEST_WAIT = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `of_usual`: how many times better than the usual operator it has to be; `most`: what it may be at most."""

    name: str
    figure: Callable[[Cell], float | None]
    form: str
    more_is_better: bool = False
    of_usual: float | None = None
    most: float | None = None
    at: int | None = None
    """The goal counts only with so many models."""


ROWS = (
    Row("models/s until they serve", lambda cell: cell.models_a_second, ".1f", more_is_better=True, of_usual=1.5),
    Row("made → children, p50 s", lambda cell: cell.made.to_children.p50, ".2f"),
    Row("made → children, p99 s", lambda cell: cell.made.to_children.p99, ".2f"),
    Row("edit → children, p50 ms", lambda cell: cell.edited.recorded.p50 * 1000, ".0f"),
    Row("edit → children, p99 ms", lambda cell: cell.edited.recorded.p99 * 1000, ".0f"),
    Row("requests/model", lambda cell: cell.requests_a_model, ".1f"),
    Row("writes/model", lambda cell: cell.writes_a_model, ".1f", of_usual=2.0, most=_MOST_WRITES),
    Row("objects/model", lambda cell: cell.made.objects / cell.models, ".1f"),
    Row("status writes/model", lambda cell: cell.made.status_writes / cell.models, ".1f"),
    Row("operator CPU-ms/model", lambda cell: cell.cpu_ms_a_model, ".1f"),
    Row("operator CPU-ms/object and status", lambda cell: cell.cpu_ms_a_write, ".2f", of_usual=5.0),
    Row("operator CPU-ms/edit", lambda cell: cell.edited.cpu_seconds / cell.edited.edits * 1000, ".1f"),
    Row(
        "control plane CPU-ms/model",
        lambda cell: sum(cell.made.control_plane_cpu_seconds.values()) / cell.models * 1000,
        ".0f",
    ),
    Row("writes while nothing changes", lambda cell: cell.quiet.writes, ".0f", most=0),
    Row("CPU-ms/s while nothing changes", lambda cell: cell.quiet.cpu_seconds / cell.quiet.seconds * 1000, ".1f"),
    Row("peak RSS, MiB", lambda cell: cell.peak_mib, ".0f", most=_MOST_MIB_AT_1000, at=1000),
    Row("idle RSS, MiB", lambda cell: cell.quiet.resident_mib, ".0f"),
    Row("restart to caught up, s", lambda cell: cell.restarted.seconds, ".1f", most=_LONGEST_RESTART_AT_5000, at=5000),
    Row("restart, CPU-s", lambda cell: cell.restarted.cpu_seconds, ".2f"),
    Row("restart, writes", lambda cell: cell.restarted.writes, ".0f", most=0),
    Row("health answered, worst ms", lambda cell: cell.made.stall.worst * 1000, ".0f"),
    Row("beside hot and poisoned, p99 s", lambda cell: cell.beside.to_children.p99, ".2f"),
    Row("longest wait in the queue then, s", lambda cell: cell.beside.queue_oldest_seconds, ".2f", most=_LONGEST_WAIT),
)
_HEAD = f"{'':34}{'ours':>10}{'usual':>10}{'times better':>14}  goal"


def lines(cells: Sequence[Cell], ours: str) -> list[str]:
    """Of the cells of one size."""
    own = next((cell for cell in cells if cell.operator == ours), None)
    other = next((cell for cell in cells if cell.operator != ours), None)
    size = cells[0].models
    autoscaled, trained = cells[0].autoscaled, cells[0].trained
    head = f"{size:,} models{', each trained first' * trained}{', each with an autoscaler' * autoscaled}"
    return ["", head, _HEAD, *[_line(row, own, other, size) for row in ROWS]]


def _line(row: Row, own: Cell | None, other: Cell | None, size: int) -> str:
    mine, its = (row.figure(cell) if cell is not None else None for cell in (own, other))
    better = _times_better(row, mine, its)
    told = "" if better is None else f"{better:.1f}"
    return f"{row.name:34}{_told(row, mine):>10}{_told(row, its):>10}{told:>14}  {_goals(row, mine, better, size)}".rstrip()


def _told(row: Row, figure: float | None) -> str:
    return "–" if figure is None else format(figure, row.form)


def _times_better(row: Row, mine: float | None, its: float | None) -> float | None:
    if mine is None or its is None:
        return None
    above, below = (mine, its) if row.more_is_better else (its, mine)
    return above / below if below else None


def _goals(row: Row, mine: float | None, better: float | None, size: int) -> str:
    told: list[str] = []
    if row.of_usual is not None and better is not None:
        told.append(f"≥ {row.of_usual:g}×: {_verdict(better >= row.of_usual)}")
    if row.most is not None and mine is not None and row.at in (None, size):
        told.append(f"≤ {row.most:g}: {_verdict(mine <= row.most)}")
    return ", ".join(told)


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "MISSED"

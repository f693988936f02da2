"""The operator with many models, beside the usual kopf operator in the same run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.report.shapes import Goal, Section, Table

_Cell = Mapping[str, Any]
_USUAL = "usual"


@dataclass(frozen=True)
class _Row:
    """One figure. `of_usual`: how many times better than the usual operator it has to be; `most`: what it may be at most,
    where there are `at` models or, without that, always."""

    name: str
    figure: Callable[[_Cell], float]
    form: str = ".1f"
    more: bool = False
    of_usual: float | None = None
    most: float | None = None
    at: int | None = None


def _cpu_a_write(cell: _Cell) -> float:
    return cell["cpu_seconds"] / max(1, cell["objects"] + cell["status_writes"]) * 1000


_ROWS = (
    _Row(
        "models a second until they serve",
        lambda cell: cell["models"] / cell["settled_seconds"],
        more=True,
        of_usual=1.5,
    ),
    _Row("edit → children, p50 ms", lambda cell: cell["edit_to_children"]["p50"] * 1000, ".0f"),
    _Row("edit → children, p99 ms", lambda cell: cell["edit_to_children"]["p99"] * 1000, ".0f"),
    _Row("requests a model", lambda cell: sum(cell["requests_by_verb"].values()) / cell["models"]),
    _Row("writes a model, Events included", lambda cell: cell["writes"] / cell["models"], of_usual=2, most=20),
    _Row("operator CPU ms a model", lambda cell: cell["cpu_seconds"] / cell["models"] * 1000),
    _Row("operator CPU ms, each object and status", _cpu_a_write, ".2f", of_usual=5),
    _Row("writes while nothing changes", lambda cell: cell["quiet_writes"], ".0f", most=0),
    _Row("memory at its most, MiB", lambda cell: cell["peak_mib"], ".0f", most=400, at=1000),
    _Row("memory at rest, MiB", lambda cell: cell["idle_mib"], ".0f"),
    _Row("restart to caught up, s", lambda cell: cell["restart_seconds"], most=60, at=5000),
    _Row("restart, CPU s", lambda cell: cell["restart_cpu_seconds"], ".2f"),
    _Row("restart, writes", lambda cell: cell["restart_writes"], ".0f", most=0),
    _Row("longest stall, ms", lambda cell: cell["stall"]["worst"] * 1000, ".0f"),
)


def section(cells: Sequence[_Cell]) -> Section:
    """Of `operator.json`."""
    sizes = sorted({cell["models"] for cell in cells})
    found = [_of_size(cells, size) for size in sizes]
    return Section(
        told=(
            "A real control plane; nodes and pods are KWOK's, MLflow and what answers are stand-ins.",
            "The usual operator is written as kopf's documentation teaches: handlers for create and update, the official client.",
        ),
        goals=tuple(goal for goals, _ in found for goal in goals),
        tables=tuple(table for _, table in found),
        pictures=(("operator.png", "Our operator beside the usual one, by the number of models"),),
    )


def _of_size(cells: Sequence[_Cell], size: int) -> tuple[list[Goal], Table]:
    own = next((cell for cell in cells if cell["models"] == size and _USUAL not in cell["operator"]), None)
    other = next((cell for cell in cells if cell["models"] == size and _USUAL in cell["operator"]), None)
    rows = tuple(_row(row, own, other) for row in _ROWS)
    goals = [goal for row in _ROWS for goal in _goals(row, own, other, size)]
    return goals, Table(f"{size:,} models", ("", "ours", "usual", "times better"), rows)


def _row(row: _Row, own: _Cell | None, other: _Cell | None) -> tuple[str, ...]:
    better = _times_better(row, own, other)
    told = [format(row.figure(cell), row.form) if cell is not None else "–" for cell in (own, other)]
    return (row.name, *told, f"{better:.1f}" if better is not None else "–")


def _times_better(row: _Row, own: _Cell | None, other: _Cell | None) -> float | None:
    if own is None or other is None:
        return None
    mine, its = row.figure(own), row.figure(other)
    above, below = (mine, its) if row.more else (its, mine)
    return above / below if below else None


def _goals(row: _Row, own: _Cell | None, other: _Cell | None, size: int) -> list[Goal]:
    named, goals = f"{size:,} models: {row.name}", list[Goal]()
    better = _times_better(row, own, other)
    if row.of_usual is not None and better is not None:
        goals.append(Goal(f"{named}, better than the usual operator", row.of_usual, better, more=True, unit="×"))
    if row.most is not None and own is not None and row.at in (None, size):
        goals.append(Goal(named, row.most, row.figure(own), more=False))
    return goals

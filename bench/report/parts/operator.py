"""The operator with many models, beside the usual kopf operator in the same run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.report.shapes import Goal, Section, Table

_Cell = Mapping[str, Any]
_USUAL = "usual"
_MOST_OF_ONE = 1.2
"""So many times the processor time of one replica at most, however many share the work."""


@dataclass(frozen=True)
class _Row:
    """One figure. `of_usual`: how many times better than the usual operator it has to be; `most`: what it may be at most,
    where there are `at` models or, without that, always."""

    name: str
    figure: Callable[[_Cell], float | None]
    form: str = ".1f"
    more: bool = False
    of_usual: float | None = None
    most: float | None = None
    at: int | None = None


def _cpu_a_write(cell: _Cell) -> float:
    made = cell["made"]
    return made["cpu_seconds"] / max(1, made["objects"] + made["status_writes"]) * 1000


_ROWS = (
    _Row(
        "models a second until they serve",
        lambda cell: cell["models"] / cell["made"]["settled_seconds"],
        more=True,
        of_usual=1.5,
    ),
    _Row("made → children, p99 s", lambda cell: cell["made"]["to_children"]["p99"], ".2f"),
    _Row("edit → children, p50 ms", lambda cell: cell["edited"]["recorded"]["p50"] * 1000, ".0f"),
    _Row("edit → children, p99 ms", lambda cell: cell["edited"]["recorded"]["p99"] * 1000, ".0f"),
    _Row("requests a model", lambda cell: sum(cell["made"]["requests_by_verb"].values()) / cell["models"]),
    _Row("writes a model, Events included", lambda cell: cell["made"]["writes"] / cell["models"], of_usual=2, most=20),
    _Row("operator CPU ms a model", lambda cell: cell["made"]["cpu_seconds"] / cell["models"] * 1000),
    _Row("operator CPU ms, each object and status", _cpu_a_write, ".2f", of_usual=5),
    _Row("writes while nothing changes", lambda cell: cell["quiet"]["writes"], ".0f", most=0),
    _Row("memory at its most, MiB", lambda cell: cell["peak_mib"], ".0f", most=400, at=1000),
    _Row("memory at rest, MiB", lambda cell: cell["quiet"]["resident_mib"], ".0f"),
    _Row("restart to caught up, s", lambda cell: cell["restarted"]["seconds"], most=60, at=5000),
    _Row("restart, CPU s", lambda cell: cell["restarted"]["cpu_seconds"], ".2f"),
    _Row("restart, writes", lambda cell: cell["restarted"]["writes"], ".0f", most=0),
    _Row("longest stall, ms", lambda cell: cell["made"]["stall"]["worst"] * 1000, ".0f"),
    _Row(
        "beside a hot and a poisoned model, edit → children, p99 s",
        lambda cell: cell["beside"]["to_children"]["p99"],
        ".2f",
    ),
    _Row("longest wait in the queue then, s", lambda cell: cell["beside"]["queue_oldest_seconds"], ".2f", most=1),
)


def section(cells: Sequence[_Cell]) -> Section:
    """Of `operator.json`."""
    kinds = sorted({(cell["models"], cell["trained"]) for cell in cells})
    found = [_of_kind([cell for cell in cells if (cell["models"], cell["trained"]) == kind], *kind) for kind in kinds]
    return Section(
        told=(
            "A real control plane; nodes and pods are KWOK's, MLflow and what answers are stand-ins.",
            "The usual operator is written as kopf's documentation teaches: handlers for create and update, the official client.",
        ),
        goals=tuple(goal for goals, _ in found for goal in goals),
        tables=tuple(table for _, table in found),
        pictures=(("operator.png", "Our operator beside the usual one, by the number of models"),),
    )


def shards(found: Sequence[_Cell]) -> Section:
    """Of `shards.json`."""
    sizes = sorted({one["models"] for one in found})
    of_sizes = [sorted((one for one in found if one["models"] == size), key=_replicas) for size in sizes]
    return Section(
        told=("With several replicas there are as many shards, and figures are those of all replicas together.",),
        goals=tuple(goal for same in of_sizes for goal in _goals_of_shards(same)),
        tables=tuple(_table_of_shards(same) for same in of_sizes),
    )


def _replicas(one: _Cell) -> int:
    return one["replicas"]


def _cpu_a_model(one: _Cell) -> float:
    return sum(one["cpu_seconds"]) / one["models"] * 1000


def _of_one(one: _Cell, same: Sequence[_Cell]) -> float | None:
    """How many times the processor time of one replica; None where one alone was not measured."""
    alone = next((other for other in same if _replicas(other) == 1), None)
    return _cpu_a_model(one) / _cpu_a_model(alone) if alone is not None else None


def _goals_of_shards(same: Sequence[_Cell]) -> list[Goal]:
    told = [(one, _of_one(one, same)) for one in same if _replicas(one) > 1]
    return [
        Goal(
            f"{one['models']:,} models: {_replicas(one)} replicas, CPU of all together, × one",
            _MOST_OF_ONE,
            times,
            more=False,
            unit="×",
        )
        for one, times in told
        if times is not None
    ]


def _table_of_shards(same: Sequence[_Cell]) -> Table:
    columns = ("replicas", "CPU ms a model", "× one", "CPU ms an edit", "CPU ms a second at rest", "s until all serve")
    return Table(f"{same[0]['models']:,} models, shared", columns, tuple(_row_of_shards(one, same) for one in same))


def _row_of_shards(one: _Cell, same: Sequence[_Cell]) -> tuple[str, ...]:
    times = _of_one(one, same)
    return (
        str(_replicas(one)),
        f"{_cpu_a_model(one):.1f}",
        f"{times:.2f}" if times is not None else "–",
        f"{one['edit_cpu_ms']:.1f}",
        f"{one['quiet_cpu_ms_a_second']:.1f}",
        f"{one['settled_seconds']:.1f}",
    )


def _of_kind(cells: Sequence[_Cell], size: int, trained: bool) -> tuple[list[Goal], Table]:
    own = next((cell for cell in cells if _USUAL not in cell["operator"]), None)
    other = next((cell for cell in cells if _USUAL in cell["operator"]), None)
    is_autoscaled = all(cell["autoscaled"] for cell in cells)
    named = f"{size:,} models{', each trained first' * trained}{', without autoscalers' * (not is_autoscaled)}"
    rows = tuple(_row(row, own, other) for row in _ROWS)
    goals = [goal for row in _ROWS for goal in _goals(row, own, other, size, named)]
    return goals, Table(named, ("", "ours", "usual", "times better"), rows)


def _row(row: _Row, own: _Cell | None, other: _Cell | None) -> tuple[str, ...]:
    better = _times_better(row, own, other)
    told = (_told(row, cell) for cell in (own, other))
    return (row.name, *told, f"{better:.1f}" if better is not None else "–")


def _told(row: _Row, cell: _Cell | None) -> str:
    figure = row.figure(cell) if cell is not None else None
    return format(figure, row.form) if figure is not None else "–"


def _times_better(row: _Row, own: _Cell | None, other: _Cell | None) -> float | None:
    mine, its = (row.figure(cell) if cell is not None else None for cell in (own, other))
    if mine is None or its is None:
        return None
    above, below = (mine, its) if row.more else (its, mine)
    return above / below if below else None


def _goals(row: _Row, own: _Cell | None, other: _Cell | None, size: int, named: str) -> list[Goal]:
    goals, better = list[Goal](), _times_better(row, own, other)
    mine = row.figure(own) if own is not None else None
    if row.of_usual is not None and better is not None:
        goals.append(
            Goal(f"{named}: {row.name}, better than the usual operator", row.of_usual, better, more=True, unit="×")
        )
    if row.most is not None and mine is not None and row.at in (None, size):
        goals.append(Goal(f"{named}: {row.name}", row.most, mine, more=False))
    return goals

"""Figures of a part that has no module of its own here: shown as they are, rows as rows and numbers as numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.report.shapes import Section, Table


def section(figures: Any) -> Section:
    """Of any JSON: a list of objects is a table of what is no object in them; an object is one of two columns."""
    match figures:
        case [{}, *_]:
            return Section(tables=(_rows(figures),))
        case {**named}:
            rows = tuple((name, _cell(value)) for name, value in named.items() if _is_plain(value))
            more = tuple(_rows(value, name) for name, value in named.items() if _is_rows(value))
            return Section(tables=((Table("", ("figure", "value"), rows),) if rows else ()) + more)
        case _:
            return Section(told=(_cell(figures),))


def _rows(rows: Sequence[Mapping[str, Any]], title: str = "") -> Table:
    columns = tuple(name for name, value in rows[0].items() if _is_plain(value))
    return Table(
        title.replace("_", " "),
        tuple(name.replace("_", " ") for name in columns),
        tuple(tuple(_cell(row.get(name)) for name in columns) for row in rows),
    )


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool | None)


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _cell(value: object) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
        case int():
            return f"{value:,}"
        case _:
            return str(value)

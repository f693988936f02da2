"""Requests: the model server beside others on the same model and the same reviews."""

from collections.abc import Mapping
from typing import Any

from bench.report.shapes import Goal, Section, Table

_OURS = "the direct way"
_LOADS = (
    "The p50 and p99 beside the processor time are those at full load, of senders that each wait for an answer before they ask"
    " again. At half load requests come as a clock says, half as many as the server answers at most, and their times count from"
    " the moment when each was due."
)
_Cost = Mapping[str, float]


def section(figures: Mapping[str, Any]) -> Section:
    """Of `server.json`."""
    loads: Mapping[str, Mapping[str, _Cost]] = figures["loads"]
    goals = tuple(
        Goal(goal["what"], goal["wanted"], goal["reached"], goal["more"]) for goal in figures.get("goals", ())
    )
    under_load = (*(_load(name, by) for name, by in loads.items()), _half_load(figures["half"]))
    tables = (*under_load, _starts(figures["starts"]), _alone(figures))
    missing = tuple(f"{name} was not measured: {why}." for name, why in figures.get("missing", {}).items())
    made_of = {name: ", ".join(f"{what} {which}" for what, which in found.items()) for name, found in
               figures.get("versions", {}).items()}  # fmt: skip
    versions = Table("What the servers are made of", ("server", "versions"), tuple(made_of.items()))
    return Section(
        told=(
            "Every server has the same model, is asked the same reviews, and is alone on one core with all of its processes.",
            _LOADS,
            *missing,
        ),
        goals=goals,
        tables=(*tables, versions) if made_of else tables,
        pictures=(("server.png", "Reviews for each second of the processor, by server"),),
    )


def _load(name: str, by: Mapping[str, _Cost]) -> Table:
    ours = by[_OURS]["cpu_microseconds"]
    rows = sorted(by.items(), key=lambda row: row[1]["cpu_microseconds"])
    return Table(
        f"Reviews {name}",
        ("server", "µs of CPU a review", "× ours", "reviews each s", "p50 ms", "p99 ms"),
        tuple(
            (
                server,
                f"{cost['cpu_microseconds']:,.1f}",
                f"{cost['cpu_microseconds'] / ours:.1f}",
                f"{cost['reviews_per_second']:,.0f}",
                f"{cost['median_ms']:.2f}",
                f"{cost['p99_ms']:.2f}",
            )
            for server, cost in rows
        ),
    )


def _half_load(half: Mapping[str, _Cost]) -> Table:
    rows = tuple(
        (server, f"{cost['requests_per_second']:,.0f}", f"{cost['median_ms']:.2f}", f"{cost['p99_ms']:.2f}")
        for server, cost in sorted(half.items(), key=lambda row: row[1]["p99_ms"])
    )
    return Table("At half load", ("server", "requests each s", "p50 ms", "p99 ms"), rows)


def _alone(figures: Mapping[str, Any]) -> Table:
    rows = tuple(
        (
            f"{kind}, {size}",
            f"{cost['scikit_learn']:,.1f}",
            f"{cost['scorer']:,.1f}",
            f"{cost['scikit_learn'] / cost['scorer']:.1f}",
        )
        for kind, found in (("linear", "in_process"), ("forest", "forest_in_process"))
        for size, cost in figures[found].items()
    )
    head = ("model, reviews", "scikit-learn, µs of CPU a review", "the scorer", "times less")
    return Table("Without a server", head, rows)


def _starts(starts: Mapping[str, _Cost]) -> Table:
    rows = sorted(starts.items(), key=lambda row: row[1]["cpu_seconds"])
    return Table(
        "Until the first right answer, and memory of its own",
        ("server", "s of CPU", "s", "MiB"),
        tuple(
            (server, f"{start['cpu_seconds']:.2f}", f"{start['seconds']:.2f}", f"{start['private_mib']:.0f}")
            for server, start in rows
        ),
    )

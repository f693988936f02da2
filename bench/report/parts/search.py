"""Search: candidates that share a featurisation in one process, beside a process for each."""

from collections.abc import Mapping
from typing import Any

from bench.report.shapes import Goal, Section, Table


def section(figures: Mapping[str, Any]) -> Section:
    """Of `search.json`."""
    rows = tuple(
        (
            cost["way"],
            f"{cost['processes']:,}",
            f"{cost['trials']:,}",
            f"{cost['cpu_seconds']:,.1f}",
            f"{cost['seconds']:,.1f}",
            f"{cost['peak_mib']:,.0f}",
        )
        for cost in figures["costs"]
    )
    goals = (
        Goal("together: less CPU than one process for each candidate", 8, figures["ratio"], more=True, unit="×"),
        Goal("figures of cross-validation that differ", 0, len(figures["differing"]), more=False),
    )
    return Section(
        told=("Every candidate is measured by cross-validation on the reviews to learn from.",),
        goals=goals,
        tables=(Table("The same candidates", ("way", "processes", "trials", "s of CPU", "s", "MiB at most"), rows),),
        pictures=(("search.png", "All trials, by their parameters"),),
    )

"""Training: the presets beside scikit-learn, and how time and memory grow up to where one machine ends."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.report.shapes import Goal, Section, Table

_NATIVE, _OTHER = "native code", "scikit-learn"
_GIB = 1024.0
_ENTRIES = 2**31 - 1
"""Of the matrix of a training: liblinear takes no more."""
_Cost = Mapping[str, Any]


def section(costs: Sequence[_Cost]) -> Section:
    """Of `train.json`."""
    return Section(
        told=(
            f"{costs[0]['train_rows']:,} reviews to learn from, {costs[0]['test_rows']:,} held out.",
            "Each preset is trained twice: terms counted by native code, and by scikit-learn, to the same file.",
        ),
        goals=_goals(costs),
        tables=(_presets(costs),),
        pictures=(("presets.png", "Accuracy against time of the presets"),),
    )


def _goals(costs: Sequence[_Cost]) -> tuple[Goal, ...]:
    native, other = _both(costs, "Best")
    if native is None:
        return ()
    goals = [
        Goal("Best: accuracy on held-out reviews", 91.9, native["accuracy"] * 100, more=True, unit=" %"),
        Goal("Best: fit, measure, export and prove, wall", 10, native["seconds"], more=False, unit=" s"),
    ]
    if other is not None:
        less = other["cpu_seconds"] / native["cpu_seconds"]
        goals.append(Goal("Best: less CPU than the same in scikit-learn", 4, less, more=True, unit="×"))
    return tuple(goals)


def _presets(costs: Sequence[_Cost]) -> Table:
    head = (
        "preset",
        "counted by",
        "accuracy",
        "without texts on both sides",
        "s",
        "s of CPU",
        "× native",
        "MiB at most",
    )
    return Table("Presets", head, tuple(_row(cost, costs) for cost in costs))


def _row(cost: _Cost, costs: Sequence[_Cost]) -> tuple[str, ...]:
    native, _ = _both(costs, cost["preset"])
    times = f"{cost['cpu_seconds'] / native['cpu_seconds']:.1f}" if native is not None else "–"
    return (
        cost["preset"],
        cost["counted_by"],
        f"{cost['accuracy']:.2%}",
        f"{cost['accuracy_of_unseen_texts']:.2%}",
        f"{cost['seconds']:.1f}",
        f"{cost['cpu_seconds']:.1f}",
        times,
        f"{cost['peak_mib']:,.0f}",
    )


def _both(costs: Sequence[_Cost], preset: str) -> tuple[_Cost | None, _Cost | None]:
    found = {cost["counted_by"]: cost for cost in costs if cost["preset"] == preset}
    return found.get(_NATIVE), found.get(_OTHER)


def growth(steps: Sequence[_Cost]) -> Section:
    """Of `scale.json`."""
    head = (
        "reviews",
        "counted by",
        "terms",
        "counting, s of CPU",
        "fitting, s of CPU",
        "µs of CPU a review",
        "MiB at most",
    )
    rows = tuple(
        (
            f"{step['rows']:,}",
            step["counted_by"],
            f"{step['terms']:,}",
            f"{step['counting_cpu_seconds']:.1f}",
            f"{step['fitting_cpu_seconds']:.1f}",
            f"{(step['counting_cpu_seconds'] + step['fitting_cpu_seconds']) / step['rows'] * 1e6:,.0f}",
            f"{step['peak_mib']:,.0f}",
        )
        for step in steps
    )
    return Section(
        told=("Preset Best on resampled reviews.", *_where_it_ends(steps)),
        tables=(Table("What more reviews take", head, rows),),
        pictures=(("scale.png", "Time and memory by the number of reviews"),),
    )


def _where_it_ends(steps: Sequence[_Cost]) -> tuple[str, ...]:
    """Memory ends first: so many reviews for each GiB, by what the largest step took beyond the smallest."""
    native = sorted((step for step in steps if step["counted_by"] == _NATIVE), key=lambda step: step["rows"])
    if len(native) < 2:
        return ()
    small, large = native[0], native[-1]
    kib = (large["peak_mib"] - small["peak_mib"]) * 1024 / (large["rows"] - small["rows"])
    before = small["peak_mib"] - small["rows"] * kib / 1024
    sizes = ", ".join(f"{gib} GiB for {_thousands((gib * _GIB - before) * 1024 / kib)} reviews" for gib in (8, 16, 64))
    told = (
        f"**Where one machine ends.** From {small['rows']:,} to {large['rows']:,} reviews each takes {kib:.1f} KiB, the reviews"
        f" themselves included, beside {before / _GIB:.1f} GiB that every training takes: {2**20 / kib:,.0f} reviews for each GiB"
        f" ({sizes}). Where memory is plenty, the solver ends at {_ENTRIES:,} entries of the matrix, 5.7 million such reviews."
    )
    return (told,)


def _thousands(reviews: float) -> str:
    return f"{round(reviews, -4):,.0f}"

"""Draws every trial of a search as a line over the parameters that were searched, to its accuracy at the right.

Parallel coordinates (A. Inselberg, The plane with parallel coordinates, The Visual Computer 1, 1985): each value stands at
its place among those that were tried, so that strengths from 0.1 to 100 are as easy to tell apart as one word from two.
"""

# Parts of matplotlib ship no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sentiment_contract.search import Trial
from sentiment_trainer.drawing import GRID, INK, POSITIVE, save
from sentiment_trainer.registry.trials import Recorded

_MOST_LABELS = 16
_UNUSED = "–"


def draw_trials(path: Path, planned: Sequence[Trial], known: Mapping[int, Recorded], winner: int) -> None:
    """Write the picture of all trials that ended well; there is one at least."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save(_parallel_coordinates([trial for trial in planned if trial.number in known], known, winner), path)


def _parallel_coordinates(trials: Sequence[Trial], known: Mapping[int, Recorded], winner: int) -> Figure:
    axes_of = searched(trials)
    figure = Figure(figsize=(2.4 + 1.7 * (len(axes_of) + 1), 4.8), layout="constrained", dpi=110)
    axes = figure.add_subplot()
    shares = {trial.number: known[trial.number].accuracy for trial in trials}
    low, high = min(shares.values()), max(shares.values())
    width = (high - low) or 1.0
    places = {trial.number: [*_places(trial, axes_of), (shares[trial.number] - low) / width] for trial in trials}
    for number in sorted(places, key=shares.__getitem__):
        colour = colormaps["viridis"]((shares[number] - low) / width)
        axes.plot(places[number], color=colour, linewidth=1.3, alpha=0.8, zorder=2)
    axes.plot(places[winner], color=POSITIVE, linewidth=3, zorder=3, label=f"trial {winner}: {shares[winner]:.2%}")
    for position, (name, values) in enumerate(axes_of.items()):
        _axis(axes, position, name, values)
    _axis(axes, len(axes_of), "accuracy", [f"{low + width * tenth / 4:.2%}" for tenth in range(5)])
    _frame(axes, len(axes_of), f"{len(trials)} trials, accuracy in cross-validation")
    return figure


def searched(trials: Sequence[Trial]) -> dict[str, list[str]]:
    """The parameters that differ between trials, each with its values in ascending order as text."""
    wires = [_wire(trial) for trial in trials]
    names = list(dict.fromkeys(name for wire in wires for name in wire))
    values = {name: sorted({wire.get(name, _UNUSED) for wire in wires}, key=_in_order) for name in names}
    return {name: found for name, found in values.items() if len(found) > 1}


def _wire(trial: Trial) -> dict[str, str]:
    return {name: str(value) for name, value in trial.parameters.model_dump(by_alias=True, exclude_none=True).items()}


def _in_order(text: str) -> tuple[float, str]:
    """What is not used, then numbers by their size, then everything else."""
    if text == _UNUSED:
        return float("-inf"), ""
    try:
        return float(text), ""
    except ValueError:
        return float("inf"), text


def _places(trial: Trial, axes_of: Mapping[str, Sequence[str]]) -> list[float]:
    wire = _wire(trial)
    return [values.index(wire.get(name, _UNUSED)) / (len(values) - 1) for name, values in axes_of.items()]


def _axis(axes: Axes, position: int, name: str, values: Sequence[str]) -> None:
    axes.axvline(position, color=GRID, linewidth=1.5, zorder=1)
    every = -(-len(values) // _MOST_LABELS)
    for place, value in list(enumerate(values))[::every]:
        height = place / (len(values) - 1)
        axes.annotate(
            value, (position, height), xytext=(4, 2), textcoords="offset points", fontsize=8, color=INK, zorder=4
        )
    axes.text(position, 1.07, name, ha="center", fontsize=9, color=INK)


def _frame(axes: Axes, last: int, title: str) -> None:
    axes.set(xlim=(-0.15, last + 0.45), ylim=(-0.05, 1.14))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=11)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, -0.1), frameon=False, fontsize=9)

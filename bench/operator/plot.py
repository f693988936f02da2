"""Draws what the operators cost by the number of models. It measures nothing."""

# Parts of matplotlib ship no types.
# pyright: reportUnknownMemberType=false

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.operator.figures import Cell
from bench.operator.peers import OURS, USUAL
from sentiment_trainer.drawing import GRID, POSITIVE
from tests.support.counting import NEUTRAL

_PANELS: tuple[tuple[str, Callable[[Cell], float]], ...] = (
    ("operator CPU-ms, each object and status", lambda cell: cell.cpu_ms_a_write),
    ("models a second until they serve", lambda cell: cell.models_a_second),
    ("writes for each model", lambda cell: cell.writes_a_model),
    ("edit → children, p99 ms", lambda cell: cell.edited.recorded.p99 * 1000),
    ("memory at its most, MiB", lambda cell: cell.peak_mib),
    ("restart, seconds of one processor", lambda cell: cell.restarted.cpu_seconds),
)
_COLOURS = ((OURS, POSITIVE), (USUAL, NEUTRAL))
_WIDTH = 0.38


def plot(cells: Sequence[Cell]) -> Figure:
    """One panel for each figure, bars for each operator at each size."""
    figure = Figure(figsize=(9.6, 5.4), layout="constrained", dpi=110)
    for axes, (title, figure_of) in zip(figure.subplots(2, 3).flat, _PANELS, strict=True):
        _draw(axes, title, figure_of, cells)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    figure.suptitle("Many models: our operator beside the usual kopf operator", fontsize=11)
    return figure


def _draw(axes: Axes, title: str, figure_of: Callable[[Cell], float], cells: Sequence[Cell]) -> None:
    sizes = sorted({cell.models for cell in cells})
    for shift, (name, colour) in zip((-_WIDTH / 2, _WIDTH / 2), _COLOURS, strict=True):
        own = [cell for cell in cells if cell.operator == name]
        places = [sizes.index(cell.models) + shift for cell in own]
        bars = axes.bar(places, [figure_of(cell) for cell in own], _WIDTH, color=colour, label=name)
        axes.bar_label(bars, fmt=_told, fontsize=7.5)
    axes.set_xticks(range(len(sizes)), [f"{size:,} models" for size in sizes], fontsize=8.5)
    axes.set_title(title, fontsize=9.5)
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.margins(x=0.25 if len(sizes) == 1 else 0.05, y=0.15)
    axes.spines[["top", "right"]].set_visible(False)


def _told(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"

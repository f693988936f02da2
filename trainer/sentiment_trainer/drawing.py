"""What every picture of the trainer shares: colours, the confusion matrix, and files that are equal for equal pictures.

Figures are drawn without pyplot: no display, no global state.
"""

# Parts of matplotlib ship no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

NEGATIVE, POSITIVE, DOUBTFUL, INK, GRID = "#c0504d", "#3b7d4f", "#c78a1e", "#333333", "#dddddd"

Confusion = tuple[tuple[int, int], tuple[int, int]]


def save(figure: Figure, path: Path) -> None:
    """Write the figure as PNG, without metadata: it would hold a version and make equal pictures differ."""
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


def draw_confusion(axes: Axes, confusion: Confusion, title: str) -> None:
    """[[TN, FP], [FN, TP]] as a square of counts and shares of what was written."""
    counts = np.array(confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Greens", vmin=0, vmax=1)
    for row, column in np.ndindex(2, 2):
        axes.text(
            column,
            row,
            f"{counts[row, column]:,}\n{shares[row, column]:.1%}",
            ha="center",
            va="center",
            fontsize=15,
            color="white" if shares[row, column] > 0.55 else INK,
        )
    names = ["negative", "positive"]
    axes.set_xticks([0, 1], names)
    axes.set_yticks([0, 1], names, rotation=90, va="center")
    axes.set_xlabel("predicted")
    axes.set_ylabel("written by the reviewer")
    axes.set_title(title, fontsize=11)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)

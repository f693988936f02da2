"""Draws a comparison: how sure each difference is beside what is asked for, and where each version errs."""

# Parts of matplotlib ship no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from sentiment_contract.gates import CONFIDENCE, Verdict
from sentiment_trainer.compare.figures import Board, Scores
from sentiment_trainer.compare.rows import Booleans
from sentiment_trainer.compare.statistics import confusion
from sentiment_trainer.drawing import DOUBTFUL, GRID, INK, NEGATIVE, POSITIVE, draw_confusion, save

_COLOURS = {Verdict.PASSED: POSITIVE, Verdict.FAILED: NEGATIVE, Verdict.INCONCLUSIVE: DOUBTFUL}


@dataclass(frozen=True)
class Difference:
    """The difference of one gate, its bounds, and how far it may reach down."""

    name: str
    value: float
    low: float
    high: float
    margin: float
    verdict: Verdict


def draw(
    folder: Path, board: Board | None, differences: Sequence[Difference], ours: str, theirs: str
) -> tuple[str, ...]:
    """Write the pictures that there is something for into the folder; returns their names."""
    pictures = {
        "difference.png": _differences(differences) if differences else None,
        "confusion_matrices.png": _confusions(board, ours, theirs) if board is not None and len(board.rows) else None,
    }
    for name, figure in pictures.items():
        if figure is not None:
            save(figure, folder / name)
    return tuple(name for name, figure in pictures.items() if figure is not None)


def _differences(differences: Sequence[Difference]) -> Figure:
    figure = Figure(figsize=(8.4, 1.9 + 0.5 * len(differences)), layout="constrained", dpi=110)
    axes = figure.add_subplot()
    axes.axvline(0, color="#999999", linewidth=1)
    for row, one in enumerate(differences):
        axes.plot([one.low, one.high], [row, row], color=_COLOURS[one.verdict], linewidth=3, solid_capstyle="butt")
        axes.plot(one.value, row, "o", color=_COLOURS[one.verdict], markersize=8)
        axes.plot([one.margin, one.margin], [row - 0.36, row + 0.36], color=INK, linestyle=(0, (3, 2)), linewidth=1.6)
    axes.set_yticks(range(len(differences)), [one.name for one in differences])
    axes.set_ylim(len(differences) - 0.4, -0.6)
    axes.margins(x=0.08)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel(f"candidate minus serving version; bar: bounds at {CONFIDENCE * 100:.0f} %, each one-sided")
    axes.set_title("The whole bar has to lie right of the dashed line", fontsize=11)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.legend(handles=_legend(differences), loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def _legend(differences: Sequence[Difference]) -> list[Line2D]:
    seen = {one.verdict for one in differences}
    bars = [
        Line2D([], [], color=colour, linewidth=3, marker="o", label=verdict.value.lower())
        for verdict, colour in _COLOURS.items()
        if verdict in seen
    ]
    return [*bars, Line2D([], [], color=INK, linestyle=(0, (3, 2)), linewidth=1.6, label="allowed decrease")]


def _confusions(board: Board, ours: str, theirs: str) -> Figure:
    shared = board.rows.shared if board.baseline is not None else np.ones(len(board.rows), dtype=bool)
    truth = board.rows.positive[shared]
    sides = [(ours, board.candidate)] + ([(theirs, board.baseline)] if board.baseline is not None else [])
    figure = Figure(figsize=(5.2 * len(sides), 4.8), layout="constrained", dpi=110)
    for position, (name, scores) in enumerate(sides, start=1):
        _draw_one(figure, (len(sides), position), name, truth, scores.of(shared))
    return figure


def _draw_one(figure: Figure, place: tuple[int, int], name: str, truth: Booleans, scores: Scores) -> None:
    axes = figure.add_subplot(1, *place)
    found = confusion(truth, scores.positive)
    counts = (int(found.tn), int(found.fp)), (int(found.fn), int(found.tp))
    accuracy = float((truth == scores.positive).mean()) if len(truth) else 0.0
    draw_confusion(axes, counts, f"{name}\n{len(truth):,} reviews, accuracy {accuracy:.2%}")

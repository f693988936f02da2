"""The pictures of time to ready: where the time of a cold apply goes, and what a switch of versions takes."""

# Parts of matplotlib ship no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import statistics
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.ready.measure import OURS, PEER, Cold, Switch
from sentiment_trainer.drawing import GRID, INK, NEGATIVE, POSITIVE

_COLOURS = (
    "#c9d8e8",
    "#8fb0cf",
    "#5b88b2",
    "#2f5f8a",
    "#c78a1e",
    "#3b7d4f",
    "#a5c9a0",
    "#9a86b5",
    "#c0504d",
    "#777777",
)
_LEAST_TOLD = 0.35
"""Seconds; a shorter step has no room for its figure."""


def draw_cold(found: Sequence[Cold]) -> Figure:
    """One bar for each, of the median of every step."""
    figure = Figure(figsize=(8.2, 3.4), layout="constrained", dpi=110)
    axes = figure.add_subplot()
    names = list(dict.fromkeys(name for one in found for name in one.steps()))
    order = [name for name in _ORDER if name in names]
    for row, who in enumerate((PEER, OURS)):
        own, left = [one.steps() for one in found if one.who == who], 0.0
        for name, colour in zip(order, _COLOURS, strict=False):
            seconds = statistics.median([steps.get(name, 0.0) for steps in own])
            axes.barh(row, seconds, left=left, color=colour, height=0.55, label=name if row else None)
            if seconds >= _LEAST_TOLD:
                axes.text(
                    left + seconds / 2, row, f"{seconds:.1f}", ha="center", va="center", color="white", fontsize=9
                )
            left += seconds
        answered = [one.answered for one in found if one.who == who]
        told = f"  p50 {statistics.median(answered):.1f} s, worst of {len(answered)}: {max(answered):.1f} s"
        axes.text(left, row + 0.36, told, ha="right", va="bottom", color=INK, fontsize=9)
    axes.set_yticks((0, 1), (PEER, OURS))
    axes.set_ylim(-0.5, 1.8)
    axes.set_xlabel("seconds from apply to the first right answer, median of each step")
    axes.set_title("A cold apply, image on the node, version known", fontsize=11)
    handles = [axes.barh(0, 0, color=colour, label=name) for name, colour in zip(order, _COLOURS, strict=False)]
    figure.legend(handles=handles, loc="outside right upper", frameon=False, fontsize=8.5)
    _plain(axes)
    return figure


_ORDER = (
    "version recorded",
    "Deployment written",
    "pod created",
    "pod scheduled",
    "process started",
    "libraries imported",
    "model loaded",
    "pod ready",
    "Service leads there",
    "first right answer",
)


def draw_switches(found: Sequence[Switch]) -> Figure:
    """One point for each switch."""
    figure = Figure(figsize=(7.2, 3.2), layout="constrained", dpi=110)
    axes = figure.add_subplot()
    rows = [(PEER, True), (PEER, False), (OURS, True), (OURS, False)]
    for row, (who, back) in enumerate(rows):
        own = [one for one in found if (one.who, one.back) == (who, back)]
        for one in own:
            axes.plot((one.first_answer, one.ready), (row, row), color=GRID, linewidth=2, zorder=1)
        axes.scatter([one.first_answer for one in own], [row] * len(own), color=POSITIVE, zorder=2, s=28)
        axes.scatter([one.ready for one in own], [row] * len(own), color=INK, marker="|", zorder=2, s=90)
        failed = sum(one.failed for one in own)
        told = f"{failed} of {sum(one.requests for one in own):,} requests failed"
        axes.text(
            max(one.ready for one in own), row + 0.18, told, ha="right", fontsize=8.5, color=NEGATIVE if failed else INK
        )
    axes.set_yticks(range(len(rows)), [who + (", back" if back else "") for who, back in rows])
    axes.set_ylim(-0.5, len(rows) - 0.3)
    axes.set_xlim(left=0)
    axes.set_xlabel("seconds from the edit: ● first answer of the other version, | the old pod is gone")
    axes.set_title("Switching versions under load", fontsize=11)
    _plain(axes)
    return figure


def _plain(axes: Axes) -> None:
    axes.grid(color=GRID, linewidth=0.6, axis="x")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)

"""The picture of `make bench-server`: reviews for each second of the processor, by server and load.

It must not know how anything was measured.
"""

# Parts of matplotlib ship no types.
# pyright: reportUnknownMemberType=false

from matplotlib.figure import Figure

from bench.server.figures import OURS, Measured, ratio
from sentiment_trainer.drawing import GRID, INK, POSITIVE
from tests.support.counting import NEUTRAL


def plot(loads: Measured) -> Figure:
    """One row of bars for each server, one field for each load, on a logarithmic scale: the best is above."""
    figure = Figure(figsize=(9.6, 0.42 * len(next(iter(loads.values()))) + 1.4), layout="constrained", dpi=110)
    order = sorted(next(iter(loads.values())).items(), key=lambda row: -row[1].cpu_microseconds)
    for axes, (load, by) in zip(figure.subplots(1, len(loads), sharey=True), loads.items(), strict=True):
        names = [name for name, _ in order if name in by]
        each = [1e6 / by[name].cpu_microseconds for name in names]
        axes.barh(names, each, color=[POSITIVE if name == OURS else NEUTRAL for name in names], height=0.66)
        for name, reviews in zip(names, each, strict=True):
            told = f"{reviews:,.0f}" if name == OURS else f"{reviews:,.0f}  (ours: {ratio(by, OURS, name):.3g} ×)"
            axes.annotate(
                told, (reviews, name), xytext=(4, 0), textcoords="offset points", va="center", color=INK, fontsize=8.5
            )
        axes.set(xscale="log", xlim=(min(each) / 2, max(each) * 20), xlabel="reviews for each second of the processor")
        axes.set_title(load, fontsize=11)
        axes.grid(axis="x", color=GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle("The same model, the same reviews, one core", fontsize=11)
    return figure

"""Draws what a person wants to see of a model: where it errs, how well it ranks, which words decide."""

# scikit-learn and parts of matplotlib ship no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from sentiment_trainer.drawing import GRID, INK, NEGATIVE, POSITIVE, draw_confusion, save
from sentiment_trainer.learn.evaluate import Evaluation

_WORDS_PER_SIDE = 20


def draw(
    folder: Path,
    evaluation: Evaluation,
    positive: Sequence[bool],
    scores: NDArray[np.float64],
    weights: NDArray[np.float64],
    terms: list[str],
) -> None:
    """Write confusion_matrix.png, roc.png and strongest_words.png into the folder.

    `weights` holds one number per term: signed for a linear model, an importance of zero or more for a forest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save(_confusion(evaluation), folder / "confusion_matrix.png")
    save(_roc(positive, scores, evaluation.roc_auc), folder / "roc.png")
    save(_strongest_words(weights, terms), folder / "strongest_words.png")


def _confusion(evaluation: Evaluation) -> Figure:
    figure = Figure(figsize=(5.2, 4.6), layout="constrained", dpi=110)
    title = f"{evaluation.test_rows:,} held-out reviews, accuracy {evaluation.accuracy:.2%}"
    draw_confusion(figure.add_subplot(), evaluation.confusion, title)
    return figure


def _roc(positive: Sequence[bool], scores: NDArray[np.float64], area: float) -> Figure:
    figure = Figure(figsize=(5.2, 4.6), layout="constrained", dpi=110)
    axes = figure.add_subplot()
    false_positives, true_positives, _ = roc_curve(np.array(positive), scores)
    axes.plot([0, 1], [0, 1], color="#999999", linestyle="--", linewidth=1)
    axes.fill_between(false_positives, true_positives, color=POSITIVE, alpha=0.12)
    axes.plot(false_positives, true_positives, color=POSITIVE, linewidth=2)
    axes.text(0.97, 0.06, f"area under the curve {area:.4f}", ha="right", fontsize=11, color=INK)
    axes.set(xlim=(-0.01, 1), ylim=(0, 1.01), aspect="equal")
    axes.set_xlabel("share of negative reviews called positive")
    axes.set_ylabel("share of positive reviews found")
    axes.set_title("How well the model ranks reviews (ROC)", fontsize=11)
    axes.grid(color=GRID, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _strongest_words(weights: NDArray[np.float64], terms: list[str]) -> Figure:
    if (weights < 0).any():
        order = np.argsort(weights)
        sides = [(order[:_WORDS_PER_SIDE], NEGATIVE, "Words that speak for negative"),
                 (order[::-1][:_WORDS_PER_SIDE], POSITIVE, "Words that speak for positive")]  # fmt: skip
        label = "weight"
    else:
        sides = [(np.argsort(-weights)[: 2 * _WORDS_PER_SIDE], POSITIVE, "Words that decide most")]
        label = "importance"
    figure = Figure(figsize=(5.2 * len(sides) if len(sides) > 1 else 6, 5.6), layout="constrained", dpi=110)
    for position, (chosen, colour, title) in enumerate(sides, start=1):
        axes = figure.add_subplot(1, len(sides), position)
        axes.barh(range(len(chosen)), np.abs(weights[chosen]), color=colour, height=0.72)
        axes.set_yticks(range(len(chosen)), [terms[i][:32] for i in chosen], fontsize=8.5)
        axes.invert_yaxis()
        axes.set_xlabel(label)
        axes.set_title(title, fontsize=11)
        axes.grid(axis="x", color=GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    return figure

"""Measures a model on reviews it has not learnt from."""

# scikit-learn ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, roc_auc_score

from sentiment_contract.values import canonical_decimal
from sentiment_trainer.data.split import Split
from sentiment_trainer.learn.fit import Floats

_LENGTH_LIMITS = (50, 100, 200, 400)
"""Upper bounds, in words, of the slices by length; the last slice has none."""


@dataclass(frozen=True)
class LengthSlice:
    """How well reviews of one range of lengths are understood."""

    words: str
    rows: int
    accuracy: float


@dataclass(frozen=True)
class Evaluation:
    """Figures on the held-out reviews. Shares are fractions of one; `confusion` is [[TN, FP], [FN, TP]]."""

    accuracy: float
    precision: float
    recall: float
    f1: float
    roc_auc: float
    accuracy_of_unseen_texts: float
    confusion: tuple[tuple[int, int], tuple[int, int]]
    slices: tuple[LengthSlice, ...]
    train_rows: int
    test_rows: int

    def for_the_answer(self) -> dict[str, str]:
        """The figures as decimal strings, by the names of the contract."""
        shares = {
            "accuracy": self.accuracy,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "rocAUC": self.roc_auc,
        }
        rows = {"trainRows": str(self.train_rows), "testRows": str(self.test_rows)}
        return {name: canonical_decimal(f"{share:.6f}") for name, share in shares.items()} | rows

    def for_mlflow(self) -> dict[str, float]:
        """The figures by the names that MLflow shows; a slice by length is named by its words."""
        figures = {
            "accuracy": self.accuracy,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "roc_auc": self.roc_auc,
            "accuracy_of_unseen_texts": self.accuracy_of_unseen_texts,
            "train_rows": float(self.train_rows),
            "test_rows": float(self.test_rows),
        }
        return figures | {f"accuracy_{part.words}_words": part.accuracy for part in self.slices}


def evaluate(sides: Split, scores: Floats, threshold: float) -> Evaluation:
    """Compare the scores of the held-out side (positive above the threshold) with the truth."""
    truth = np.array(sides.test.positive, dtype=bool)
    predicted = scores > threshold
    right = predicted == truth
    (tn, fp), (fn, tp) = confusion_matrix(truth, predicted, labels=[False, True]).tolist()
    learnt = set(sides.train.keys)
    unseen = np.array([key not in learnt for key in sides.test.keys])
    return Evaluation(
        accuracy=float(right.mean()),
        precision=_share(tp, tp + fp),
        recall=_share(tp, tp + fn),
        f1=_share(2 * tp, 2 * tp + fp + fn),
        roc_auc=cast("float", roc_auc_score(truth, scores)),
        accuracy_of_unseen_texts=float(right[unseen].mean()) if unseen.any() else 0.0,
        confusion=((tn, fp), (fn, tp)),
        slices=_by_length(sides.test.texts, right),
        train_rows=len(sides.train),
        test_rows=len(sides.test),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _by_length(texts: Sequence[str], right: NDArray[np.bool_]) -> tuple[LengthSlice, ...]:
    lengths = np.array([len(text.split()) for text in texts])
    of_slice = np.searchsorted(_LENGTH_LIMITS, lengths, side="right")
    names = _slice_names()
    return tuple(
        LengthSlice(names[i], int((of_slice == i).sum()), float(right[of_slice == i].mean()))
        for i in range(len(names))
        if (of_slice == i).any()
    )


def _slice_names() -> list[str]:
    lower = (0, *_LENGTH_LIMITS)
    return [f"{a}-{b - 1}" for a, b in zip(lower, _LENGTH_LIMITS, strict=False)] + [f"{_LENGTH_LIMITS[-1]}_or_more"]

"""Turns a fitted scikit-learn model into the file that is served, and proves that both say the same.

The proof covers every held-out review and every bit of the decision value: a model that is served is a model that was
measured.
"""

# scikit-learn ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import cast

import numpy as np
from sklearn.linear_model import LogisticRegression

from sentiment_artifact import CompiledModel, Forest, Linear, Score, Tfidf, Tree, write_model
from sentiment_contract.training import FailureReason
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.learn.fit import FittedModel, Floats
from sentiment_trainer.learn.processors import processors

_AT_ONCE = 1_000
"""Texts that are handed to a thread together."""


def export(model: FittedModel, path: Path) -> str:
    """Write the compiled model to `path`; returns its digest."""
    features = Tfidf(model.terms, model.idf, model.ngram_max, model.vectorizer.sublinear_tf, model.min_word_length)
    return write_model(path, features, _compiled(model))


def _compiled(model: FittedModel) -> Linear | Forest:
    if isinstance(model.classifier, LogisticRegression):
        return Linear(coef=model.weights, intercept=float(cast("Floats", model.classifier.intercept_)[0]))
    trees = [estimator.tree_ for estimator in model.classifier.estimators_]
    return Forest.of(
        Tree(tree.children_left, tree.children_right, tree.feature, tree.threshold, tree.value) for tree in trees
    )


def require_parity(path: Path, texts: Sequence[str], reference: Floats) -> None:
    """Score all texts with the file and compare with scikit-learn's decisions. Raises ParityFailed on any other bit."""
    served = _served(CompiledModel.load(path), texts)
    different = np.flatnonzero(served.view(np.int64) != reference.view(np.int64))
    if len(different) == 0:
        return
    worst = float(np.abs(served - reference).max())
    raise TrainingError(
        FailureReason.PARITY_FAILED,
        f"{len(different)} of {len(texts)} held-out reviews are scored differently by the compiled model and by"
        f" scikit-learn (by at most {worst:.3g}, first in row {int(different[0]) + 1}): the model is not registered.",
        "train on the processor family and with the package versions of the trainer image, or report this.",
    )


def _served(compiled: CompiledModel, texts: Sequence[str]) -> Floats:
    """Over several threads, since native code lets go of the interpreter."""

    def decisions(start: int) -> list[float]:
        return [_decision(score) for score in compiled.score_many(texts[start : start + _AT_ONCE])]

    with ThreadPoolExecutor(processors()) as pool:
        parts = pool.map(decisions, range(0, len(texts), _AT_ONCE))
        return np.fromiter(chain.from_iterable(parts), dtype=np.float64, count=len(texts))


def _decision(score: Score) -> float:
    return score.probability_positive if score.decision is None else score.decision

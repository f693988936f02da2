"""Measures sets of parameters on reviews that are learnt from: each is fitted on two thirds and judged by the third.

Trials of one featurisation share the counting of terms and a matrix for each fold. What a fold learns from alone decides
its terms and their weights, as if the terms had been counted there: nothing of the judging third leaks in. It knows
neither held-out reviews nor where figures are kept.
"""

# scikit-learn and scipy ship no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfTransformer
from threadpoolctl import threadpool_limits

from sentiment_contract.parameters import Classifier, EffectiveParameters
from sentiment_contract.search import Trial
from sentiment_contract.training import FailureReason
from sentiment_trainer.data.checks import no_terms
from sentiment_trainer.data.reviews import Reviews
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.learn.features import TermCounts
from sentiment_trainer.learn.fit import counts_of, unfitted
from sentiment_trainer.learn.naive_bayes import log_count_ratio
from sentiment_trainer.own import Fit
from sentiment_trainer.progress import Announce, silent
from sentiment_trainer.search.convergence import decisions_along

FOLDS = 3
"""Few, since every fold costs every trial a fit; two thirds of the reviews tell parameters apart well enough."""

Truth = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """How a trial did: reviews judged right, and all that were judged, by fold."""

    right: tuple[int, ...]
    rows: tuple[int, ...]

    @property
    def accuracy(self) -> float:
        """Share of all reviews that were judged right by a fit that had not learnt from them."""
        return sum(self.right) / sum(self.rows)

    @property
    def by_fold(self) -> tuple[float, ...]:
        """The same of each fold."""
        return tuple(right / rows for right, rows in zip(self.right, self.rows, strict=True))


@dataclass(frozen=True)
class _Fold:
    """TF-IDF weights of the reviews to learn from and of those to judge by: matrices (reviews, terms)."""

    learnt: Any
    positive: Truth
    judged: Any
    truth: Truth


def folds_of(keys: Sequence[bytes], seed: int) -> NDArray[np.int64]:
    """The fold of each review, from its text and the seed alone: equal texts are never on both sides of a fit."""
    prefix = f"fold:{seed}:".encode()
    return np.array([int.from_bytes(hashlib.sha256(prefix + key).digest()) % FOLDS for key in keys], dtype=np.int64)


def cross_validated(
    reviews: Reviews, trials: Sequence[Trial], called: str, announce: Announce = silent
) -> dict[int, Figures]:
    """The figures of trials of one featurisation, by number.

    Raises DataNoTerms where pruning leaves no term, DataTooFewRows where a fold has one sentiment only, and DataCheckFailed
    where there are too many terms.
    """
    shared = trials[0].parameters
    # What a fold has no room for is left out there.
    counts = counts_of(reviews, shared.model_copy(update={"max_features": None}), called)
    announce(30, f"{len(counts.terms):,} terms counted once for {len(trials)} trials")
    right: dict[int, list[int]] = {trial.number: [] for trial in trials}
    folds, rows = folds_of(reviews.keys, shared.seed), list[int]()
    for number in range(FOLDS):
        fold = _fold(reviews, counts, folds == number, shared, called)
        for trial, positive in _judged(fold, trials):
            right[trial.number].append(int((positive == fold.truth).sum()))
        rows.append(len(fold.truth))
        announce(30 + 50 * (number + 1) // FOLDS, f"fold {number + 1} of {FOLDS} tried")
    return {number: Figures(tuple(found), tuple(rows)) for number, found in right.items()}


def cross_validated_by(fit: Fit, reviews: Reviews, trial: Trial, called: str) -> Figures:
    """The figures of one trial that is fitted in a way of one's own, of which nothing can be shared."""
    folds, positive = folds_of(reviews.keys, trial.parameters.seed), np.array(reviews.positive, dtype=np.bool_)
    right, rows = list[int](), list[int]()
    for number in range(FOLDS):
        out = folds == number
        _require_both_sides(positive, out, called)
        model = fit(reviews.at(np.flatnonzero(~out).tolist()), trial.parameters, called)
        judged = reviews.at(np.flatnonzero(out).tolist())
        found = model.decisions(judged.texts) > model.threshold
        right.append(int((found == positive[out]).sum()))
        rows.append(len(judged))
    return Figures(tuple(right), tuple(rows))


def _fold(reviews: Reviews, counts: TermCounts, out: Truth, parameters: EffectiveParameters, called: str) -> _Fold:
    positive = np.array(reviews.positive, dtype=np.bool_)
    _require_both_sides(positive, out, called)
    learnt = counts.matrix[~out]
    kept = _kept(learnt, parameters)
    if len(kept) == 0:
        raise no_terms(called)
    transformer = TfidfTransformer(sublinear_tf=parameters.sublinear_tf)
    weighed = transformer.fit_transform(learnt[:, kept])
    judged = transformer.transform(counts.matrix[out][:, kept])
    return _Fold(weighed, positive[~out], judged, positive[out])


def _kept(counts: sp.csr_matrix, parameters: EffectiveParameters) -> NDArray[np.int64]:
    """The terms that counting these reviews alone would have kept: among all terms there are none of theirs missing."""
    _, terms = cast("tuple[int, int]", counts.shape)
    frequent = np.bincount(counts.indices, minlength=terms) >= parameters.min_document_frequency
    kept = np.flatnonzero(frequent)
    if parameters.max_features is None or parameters.max_features >= len(kept):
        return kept
    totals = np.asarray(counts.sum(axis=0)).ravel()[kept]
    # The very call that counting makes: among equally frequent terms it decides which one stays.
    return kept[np.sort((-totals).argsort()[: parameters.max_features])]


def _judged(fold: _Fold, trials: Sequence[Trial]) -> Iterator[tuple[Trial, Truth]]:
    """Each trial with whether it calls each review positive."""
    with threadpool_limits(1):
        match trials[0].parameters.classifier:
            case Classifier.LOGISTIC_REGRESSION:
                yield from _by_regression(fold, trials)
            case Classifier.RANDOM_FOREST:
                yield from _by_forest(fold, trials)


def _by_regression(fold: _Fold, trials: Sequence[Trial]) -> Iterator[tuple[Trial, Truth]]:
    """Trials of one weighing of terms go along its strengths together, the weakest first."""
    for smoothing, alike in groupby(sorted(trials, key=_weighing), key=_smoothing):
        along = list(alike)
        ratio = log_count_ratio(fold.learnt, fold.positive, smoothing) if smoothing else None
        learnt, judged = _with_constant(fold.learnt, ratio), _with_constant(fold.judged, ratio)
        found = decisions_along(learnt, fold.positive, judged, [_strength(trial) for trial in along])
        for trial, decisions in zip(along, found, strict=True):
            yield trial, decisions > 0


def _with_constant(matrix: sp.csr_matrix, ratio: Floats | None) -> sp.csr_matrix:
    """The matrix with its terms weighed, and a column of ones."""
    rows, _ = cast("tuple[int, int]", matrix.shape)
    extended = cast("sp.csr_matrix", sp.hstack([matrix, np.ones((rows, 1))], format="csr"))
    if ratio is not None:
        extended.data *= np.append(ratio, 1.0)[extended.indices]
    return extended


def _by_forest(fold: _Fold, trials: Sequence[Trial]) -> Iterator[tuple[Trial, Truth]]:
    """A forest of more trees begins with those of the smaller one: the seed makes them the same."""
    for _, alike in groupby(sorted(trials, key=_depth_and_trees), key=_depth):
        forest: Any = None
        for trial in alike:
            if forest is None:
                forest = unfitted(trial.parameters).set_params(warm_start=True)
            forest.set_params(n_estimators=unfitted(trial.parameters).get_params()["n_estimators"])
            forest.fit(fold.learnt, fold.positive.astype(np.int64))
            yield trial, cast("Floats", forest.predict_proba(fold.judged))[:, 1] > 0.5


def _smoothing(trial: Trial) -> float:
    return float(trial.parameters.naive_bayes_smoothing or 0)


def _strength(trial: Trial) -> float:
    return float(trial.parameters.regularization_c or 1)


def _weighing(trial: Trial) -> tuple[float, float]:
    return _smoothing(trial), _strength(trial)


def _depth(trial: Trial) -> int:
    return trial.parameters.max_depth or 0


def _depth_and_trees(trial: Trial) -> tuple[int, int]:
    return _depth(trial), trial.parameters.trees or 0


def _require_both_sides(positive: Truth, out: Truth, called: str) -> None:
    learnt = positive[~out]
    if learnt.all() or not learnt.any() or not out.any():
        raise TrainingError(
            FailureReason.DATA_TOO_FEW_ROWS,
            f"{called} holds too few reviews to search on: one of {FOLDS} folds learns from a single sentiment, or judges none.",
            "add reviews, or remove spec.training.search.",
        )

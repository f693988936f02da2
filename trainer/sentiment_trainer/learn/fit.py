"""Fits TF-IDF and a classifier, so that the same reviews and parameters give the same numbers on every run.

BLAS gets one thread: sums split over several threads are rounded differently from run to run.
"""

# scikit-learn ships no types: what leaves this module is declared here.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from sentiment_artifact.layout import TOKEN_PATTERNS
from sentiment_artifact.native.counting import TooManyWords, Wanted
from sentiment_contract.parameters import Classifier, EffectiveParameters
from sentiment_trainer.data.checks import no_terms, too_many_terms
from sentiment_trainer.data.reviews import Reviews
from sentiment_trainer.learn import features
from sentiment_trainer.learn.features import TermCounts, count_terms
from sentiment_trainer.learn.naive_bayes import fit_weighted
from sentiment_trainer.progress import Announce, silent

Floats = NDArray[np.float64]

_USUAL_WORD_LENGTH = 2
"""scikit-learn's default."""


@dataclass(frozen=True)
class FittedModel:
    """An ordinary scikit-learn vectoriser and classifier: the reference for everything that is served later.

    Weights that terms had in the fit are part of the classifier's coefficients, never a step of their own.
    """

    vectorizer: TfidfVectorizer
    classifier: LogisticRegression | RandomForestClassifier
    terms: list[str]

    def decisions(self, texts: Sequence[str]) -> Floats:
        """One number per text: the linear decision value, or the forest's probability of positive."""
        return self.decide(self.vectorizer.transform(texts))

    def decide(self, features: Any) -> Floats:
        """One number per row of TF-IDF weights."""
        with threadpool_limits(1):
            if isinstance(self.classifier, LogisticRegression):
                return cast("Floats", self.classifier.decision_function(features))
            return cast("Floats", self.classifier.predict_proba(features))[:, 1]

    def weigh(self, counts: Any) -> Any:
        """Weights of the terms in counts of them, as the vectoriser computes them. The counts are lost."""
        transformer = TfidfTransformer(norm=self.vectorizer.norm, sublinear_tf=self.vectorizer.sublinear_tf)
        transformer.idf_ = self.idf
        return transformer.transform(counts, copy=False)

    @property
    def threshold(self) -> float:
        """A text is positive when its decision lies above."""
        return 0.0 if isinstance(self.classifier, LogisticRegression) else 0.5

    @property
    def weights(self) -> Floats:
        """One number per term: signed for a linear model, an importance of zero or more for a forest."""
        if isinstance(self.classifier, LogisticRegression):
            return cast("Floats", self.classifier.coef_)[0]
        return cast("Floats", self.classifier.feature_importances_)

    @property
    def ngram_max(self) -> int:
        """How many words the longest terms may have."""
        return cast("int", self.vectorizer.ngram_range[1])

    @property
    def min_word_length(self) -> int:
        """How many characters make a word."""
        return 1 if self.vectorizer.token_pattern == TOKEN_PATTERNS[1] else _USUAL_WORD_LENGTH

    @property
    def idf(self) -> Floats:
        """One number per term."""
        return cast("Floats", self.vectorizer.idf_)


@dataclass(frozen=True)
class Features:
    """The reviews as TF-IDF weights: a row for each review, a column for each term."""

    matrix: Any
    """A sparse matrix of scipy, which ships no types."""
    vectorizer: TfidfVectorizer
    terms: list[str]


def fit(reviews: Reviews, parameters: EffectiveParameters, called: str, announce: Announce = silent) -> FittedModel:
    """Learn from the reviews. Raises DataNoTerms where pruning leaves no term."""
    learnt, classifier = features_of(reviews, parameters, called), unfitted(parameters)
    announce(40, f"{len(learnt.terms):,} terms stand in the reviews {learnt.matrix.nnz:,} times; fitting")
    positive = np.array(reviews.positive, dtype=np.bool_)
    with threadpool_limits(1):
        if isinstance(classifier, LogisticRegression) and parameters.naive_bayes_smoothing is not None:
            fit_weighted(classifier, learnt.matrix, positive, float(parameters.naive_bayes_smoothing))
        else:
            classifier.fit(learnt.matrix, positive.astype(np.int64))
    return FittedModel(learnt.vectorizer, classifier, learnt.terms)


def features_of(reviews: Reviews, parameters: EffectiveParameters, called: str) -> Features:
    """Count and weigh the terms. Raises as `counts_of` does."""
    counts = counts_of(reviews, parameters, called)
    transformer = TfidfTransformer(sublinear_tf=parameters.sublinear_tf).fit(counts.matrix)
    matrix = transformer.transform(counts.matrix, copy=False)
    return Features(matrix, _vectorizer(counts, transformer, parameters), counts.terms)


def counts_of(reviews: Reviews, parameters: EffectiveParameters, called: str) -> TermCounts:
    """Count the terms. Raises DataNoTerms where pruning leaves no term, DataCheckFailed where there are too many."""
    wanted = Wanted(
        parameters.ngram_max,
        parameters.min_document_frequency,
        parameters.max_features,
        parameters.min_word_length or _USUAL_WORD_LENGTH,
    )
    try:
        counts = count_terms(reviews.texts, wanted)
    except TooManyWords as error:
        raise too_many_terms(called) from error
    if counts.matrix.nnz > features.MOST_ENTRIES:
        raise too_many_terms(called)
    if not counts.terms:
        raise no_terms(called)
    return counts


def unfitted(parameters: EffectiveParameters) -> LogisticRegression | RandomForestClassifier:
    """The classifier that is fitted, before it is."""
    match parameters.classifier:
        case Classifier.LOGISTIC_REGRESSION:
            # The dual solver of liblinear: as quick as lbfgs here, and its result does not depend on which BLAS kernel
            # the processor of this node selects.
            return LogisticRegression(
                C=float(parameters.regularization_c or 1),
                max_iter=parameters.max_iterations or 200,
                solver="liblinear",
                dual=True,
                random_state=parameters.seed,
            )
        case Classifier.RANDOM_FOREST:
            # One job: several would add up the probabilities of the trees in the order in which they finish.
            return RandomForestClassifier(
                n_estimators=parameters.trees or 100,
                max_depth=parameters.max_depth,
                random_state=parameters.seed,
                n_jobs=1,
            )


def _vectorizer(counts: TermCounts, transformer: TfidfTransformer, parameters: EffectiveParameters) -> TfidfVectorizer:
    vectorizer = TfidfVectorizer(
        ngram_range=(1, parameters.ngram_max),
        sublinear_tf=parameters.sublinear_tf,
        token_pattern=TOKEN_PATTERNS[parameters.min_word_length or _USUAL_WORD_LENGTH],
        vocabulary={term: column for column, term in enumerate(counts.terms)},
    )
    vectorizer.idf_ = transformer.idf_
    return vectorizer

"""Counts terms as scikit-learn's CountVectorizer does: with native code where it was built, and with scikit-learn elsewhere.

Terms, counts and their order are the same to the last bit, which tests assert; so it never shows who counted. This module
knows neither weights nor classifiers.
"""

# scikit-learn and scipy ship no types: the one kind of matrix that is used is declared where it is made.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportArgumentType=false

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import CountVectorizer

from sentiment_artifact.layout import TOKEN_PATTERNS
from sentiment_artifact.native import counting
from sentiment_artifact.native.counting import Wanted
from sentiment_artifact.native.library import library
from sentiment_artifact.native.rows import Rows
from sentiment_artifact.native.vocabulary import Vocabulary
from sentiment_trainer.learn.processors import processors

MOST_ENTRIES = 2**31 - 1
"""Of a matrix with indices of 32 bits. With 64, which scikit-learn, too, takes beyond, it counts but does not fit."""


@dataclass(frozen=True)
class TermCounts:
    """Terms in lexicographic order, and how often each review (row) holds each term (column)."""

    terms: list[str]
    matrix: sp.csr_matrix


def count_terms(texts: Sequence[str], wanted: Wanted) -> TermCounts:
    """The terms that are wanted, none where none is left, and their counts. Raises TooManyWords."""
    native = library()
    if native is None:
        return by_scikit_learn(texts, wanted)
    counted = counting.count_terms(native, texts, wanted, processors())
    return TermCounts(counted.terms, _matrix(counted.rows, len(counted.terms)))


def counted_by() -> str:
    """Who counts here, for people."""
    return "scikit-learn" if library() is None else f"native code on {processors()} processors"


@dataclass(frozen=True)
class KnownTerms:
    """Terms that were learnt, to be counted in other texts."""

    vocabulary: Vocabulary
    terms: int

    def count(self, texts: Sequence[str]) -> sp.csr_matrix:
        """How often each text (row) holds each term (column)."""
        return _matrix(self.vocabulary.count(texts, processors()), self.terms)


def known_terms(terms: Sequence[str], ngram_max: int, min_word_length: int) -> KnownTerms | None:
    """None where there is no native code, and for terms that it cannot know: then scikit-learn is to count."""
    native = library()
    if native is None:
        return None
    try:
        return KnownTerms(Vocabulary(native, terms, ngram_max, min_word_length), len(terms))
    except ValueError:  # the terms of a trainer of one's own, which the export refuses with a reason
        return None


def _matrix(rows: Rows, terms: int) -> sp.csr_matrix:
    index = np.int32 if len(rows.columns) <= MOST_ENTRIES else np.int64
    columns, ends = (array.astype(index, copy=False) for array in (rows.columns, rows.ends))
    return sp.csr_matrix((rows.counts, columns, ends), shape=(len(ends) - 1, terms))


def by_scikit_learn(texts: Sequence[str], wanted: Wanted) -> TermCounts:
    """The same where there is no native code."""
    vectorizer = CountVectorizer(
        ngram_range=(1, wanted.ngram_max),
        min_df=wanted.min_document_frequency,
        max_features=wanted.max_features,
        token_pattern=TOKEN_PATTERNS[wanted.min_word_length],
        dtype=np.float64,
    )
    try:
        matrix = cast("sp.csr_matrix", vectorizer.fit_transform(texts))
    except ValueError:  # what it says where no term is left: the options are known to be good
        return TermCounts([], sp.csr_matrix((len(texts), 0)))
    matrix.sort_indices()
    return TermCounts(cast("list[str]", vectorizer.get_feature_names_out().tolist()), matrix)

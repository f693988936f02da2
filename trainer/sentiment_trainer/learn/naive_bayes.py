"""Weighs terms by how differently the two sentiments use them, before a linear model is fitted.

The weight is that of multinomial Naive Bayes, so the model begins with what counting alone can tell and learns what is
left (S. Wang and C. D. Manning, Baselines and Bigrams: Simple, Good Sentiment and Topic Classification, ACL 2012, with
a support vector machine; G. Mesnil et al., Ensemble of Generative and Discriminative Techniques for Sentiment Analysis
of Movie Reviews, arXiv:1412.5335, 2014, on runs of up to three words). This module knows neither how terms are counted
nor what is served.
"""

# scikit-learn and scipy ship no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from typing import cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]


def fit_weighted(
    classifier: LogisticRegression, matrix: sp.csr_matrix, positive: NDArray[np.bool_], smoothing: float
) -> None:
    """Fit on the weighed matrix, and fold the weights into the coefficients: what is fitted scores the plain matrix.

    A coefficient times its weight is rounded once, here. Whoever scores later multiplies by that one number, scikit-learn
    and the compiled model alike, so both agree to the last bit. The values of the matrix are lost: a second matrix would
    take as much memory again.
    """
    ratio = log_count_ratio(matrix, positive, smoothing)
    matrix.data *= ratio[matrix.indices]
    classifier.fit(matrix, positive.astype(np.int64))
    classifier.coef_ = cast("Floats", classifier.coef_) * ratio


def log_count_ratio(matrix: sp.csr_matrix, positive: NDArray[np.bool_], smoothing: float) -> Floats:
    """One weight for each column: above zero where positive reviews hold the term more often.

    r = log((p / |p|) / (q / |q|)), where p and q are `smoothing` plus the numbers of positive and of negative reviews
    that hold the term, and |.| is the sum over all terms (Wang and Manning, section 2, with counts of 0 and 1).
    `matrix` is (reviews, terms) without stored zeros, `positive` has one entry for each review, `smoothing` is above zero.
    """
    _, terms = cast("tuple[int, int]", matrix.shape)
    of_positive = np.repeat(positive, np.diff(matrix.indptr))
    p, q = (smoothing + np.bincount(matrix.indices[side], minlength=terms) for side in (of_positive, ~of_positive))
    return np.log((p / p.sum()) / (q / q.sum()))

"""A trainer of one's own: NB-SVM, which weighs each term by how differently the two sentiments use it before it fits.

(Wang and Manning, Baselines and Bigrams, ACL 2012.) The preset Best does the same; here it stands for an algorithm of
yours. Only the fitting is different. The weights are folded into the coefficients of an ordinary logistic regression, so
that the model server scores the result like any other.
"""

# scikit-learn and scipy ship no types.
# pyright: basic

import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from sentiment_contract.parameters import EffectiveParameters
from sentiment_trainer.__main__ import main
from sentiment_trainer.data.reviews import Reviews
from sentiment_trainer.learn.fit import FittedModel, features_of
from sentiment_trainer.own import OwnTrainer

SMOOTHING = 1.0


def fit(reviews: Reviews, parameters: EffectiveParameters, called: str) -> FittedModel:
    """Learn from the reviews."""
    features = features_of(reviews, parameters, called)
    positive = np.array(reviews.positive, dtype=bool)
    ratio = log_count_ratio(features.matrix, positive)
    classifier = LogisticRegression(
        C=float(parameters.regularization_c or 1), solver="liblinear", dual=True, random_state=parameters.seed
    )
    with threadpool_limits(1):  # Several threads would round differently from run to run.
        classifier.fit(features.matrix.multiply(ratio).tocsr(), positive.astype(np.int64))
    classifier.coef_ = classifier.coef_ * ratio
    return FittedModel(features.vectorizer, classifier, features.terms)


def log_count_ratio(matrix, positive):
    """For each term, the logarithm of how much more often the positive reviews use it than the negative ones."""
    shares = [SMOOTHING + np.asarray(matrix[side].sum(axis=0)).ravel() for side in (positive, ~positive)]
    of_positive, of_negative = (share / share.sum() for share in shares)
    return np.log(of_positive / of_negative)


if __name__ == "__main__":
    sys.exit(main(own=OwnTrainer("nb-svm", fit)))

"""What a model says about one text, made from the figures that a scorer computes."""

import math
from typing import Literal, NamedTuple

Engine = Literal["native", "python"]
"""Who scores: compiled code, or Python. Both say the same about every text, to the last bit."""


class Score(NamedTuple):
    """What the model says about one text. A tuple, as one is made for every text: it takes half as long as a frozen dataclass.

    `positive` is the predicted class. The two probabilities are those of `predict_proba`, `decision` is that of
    `decision_function`; a forest has none.
    """

    positive: bool
    probability_negative: float
    probability_positive: float
    decision: float | None

    @property
    def sentiment(self) -> Literal["positive", "negative"]:
        """`positive` or `negative`."""
        return "positive" if self.positive else "negative"

    @property
    def probability(self) -> float:
        """The probability of the predicted sentiment."""
        return self.probability_positive if self.positive else self.probability_negative


def linear_score(decision: float) -> Score:
    """The score of a linear model with this decision value."""
    positive = _expit(decision)
    return Score(decision > 0, 1 - positive, positive, decision)


def forest_score(negative: float, positive: float) -> Score:
    """The score of a forest whose trees gave these mean shares."""
    return Score(positive > negative, negative, positive, None)


def _expit(decision: float) -> float:
    """As scipy computes it, with the exponential of the C library; numpy's own differs in the last bit."""
    try:
        return 1.0 / (1.0 + math.exp(-decision))
    except OverflowError:
        return 0.0

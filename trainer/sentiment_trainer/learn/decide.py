"""What a fitted model says about many texts: scikit-learn's own decisions, in a fraction of its time.

Nearly all of that time goes into finding terms, so native code counts them where it was built; scikit-learn weighs and
decides. Since the scorer cuts texts with the same native code, its agreement alone would prove nothing about that: scikit-learn
counts a part of the texts as well, those that are hard to cut among them, and has to come to the same.
"""

from collections.abc import Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from sentiment_contract.training import FailureReason
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.learn.features import KnownTerms, known_terms
from sentiment_trainer.learn.fit import FittedModel, Floats

WITNESSES = 500
"""Texts that scikit-learn counts as well: so many of all, and as many of those that are more than ASCII."""
_AT_ONCE = 5_000
"""Texts whose weights are in memory together."""


def decide(model: FittedModel, texts: Sequence[str]) -> Floats:
    """One number per text, as `model.decisions` gives it. Raises ParityFailed where native code counts otherwise."""
    terms = known_terms(model.terms, model.ngram_max, model.min_word_length)
    if terms is None:
        return model.decisions(texts)
    decisions = np.concatenate([_part(model, terms, texts[i : i + _AT_ONCE]) for i in range(0, len(texts), _AT_ONCE)])
    _require_witnesses(model, texts, decisions)
    return decisions


def _part(model: FittedModel, terms: KnownTerms, texts: Sequence[str]) -> Floats:
    return model.decide(model.weigh(terms.count(texts)))


def _require_witnesses(model: FittedModel, texts: Sequence[str], decisions: Floats) -> None:
    chosen = _witnesses(texts)
    expected = model.decisions([texts[int(i)] for i in chosen])
    different = np.flatnonzero(expected.view(np.int64) != decisions[chosen].view(np.int64))
    if len(different):
        raise TrainingError(
            FailureReason.PARITY_FAILED,
            f"{len(different)} of {len(chosen)} held-out reviews are counted differently by native code and by scikit-learn"
            f" (first in row {chosen[different[0]] + 1}): the model is not registered.",
            "train with a vectoriser that has no options beyond those of the recipe, or report this.",
        )


def _witnesses(texts: Sequence[str]) -> NDArray[np.int64]:
    """Places all over the texts."""
    everywhere = np.linspace(0, len(texts) - 1, min(WITNESSES, len(texts)), dtype=np.int64)
    foreign = islice((i for i, text in enumerate(texts) if not text.isascii()), WITNESSES)
    return np.union1d(everywhere, np.fromiter(foreign, dtype=np.int64))

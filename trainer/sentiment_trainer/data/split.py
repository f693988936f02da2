"""Chooses the rows of a sample and the side of every row, from nothing but the texts.

What is held out once stays held out in every version, however the data grows; equal texts never stand on both sides;
and a larger sample holds every row of a smaller one.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from sentiment_contract.training import FailureReason
from sentiment_trainer.data.checks import one_class
from sentiment_trainer.data.reviews import Reviews
from sentiment_trainer.failures import TrainingError


class SplitKind(StrEnum):
    """What decides the side of a review."""

    HASH = "Hash"
    """Its text."""
    COLUMN = "Column"
    """The split column of the file."""


def kind_of(reviews: Reviews) -> SplitKind:
    """What decides the sides of these reviews."""
    return SplitKind.HASH if reviews.held_out is None else SplitKind.COLUMN


def held_out_by_hash(key: bytes, percent: int) -> bool:
    """Whether a text is held out when `percent` of them are. Who is held out of less is held out of more."""
    return int.from_bytes(key) % 100 < percent


@dataclass(frozen=True)
class Split:
    """The reviews that are learnt from and those that are held out."""

    train: Reviews
    test: Reviews

    @property
    def texts_on_both_sides(self) -> int:
        """Held-out rows whose text was learnt from: possible only where the file brings its own split."""
        learnt = set(self.train.keys)
        return sum(key in learnt for key in self.test.keys)


def sample(reviews: Reviews, rows: int | None, seed: int) -> Reviews:
    """The `rows` reviews with the smallest hash of seed and text; all of them where there are no more."""
    if rows is None or rows >= len(reviews):
        return reviews
    prefix = str(seed).encode() + b":"
    ranks = [hashlib.sha256(prefix + key).digest() for key in reviews.keys]
    chosen = sorted(range(len(ranks)), key=ranks.__getitem__)[:rows]
    return reviews.at(sorted(chosen))


def split(reviews: Reviews, test_percent: int, called: str) -> Split:
    """Both sides, by the file's own split column or by hash.

    Raises DataTooFewRows for an empty side, DataOneClass for one with a single sentiment.
    """
    held_out = reviews.held_out
    if held_out is None:
        held_out = [held_out_by_hash(key, test_percent) for key in reviews.keys]
    sides = Split(
        train=reviews.at([i for i, out in enumerate(held_out) if not out]),
        test=reviews.at([i for i, out in enumerate(held_out) if out]),
    )
    _require_both_sentiments(sides.train, f"The training part of {called[0].lower()}{called[1:]}")
    _require_both_sentiments(sides.test, f"The held-out part of {called[0].lower()}{called[1:]}")
    return sides


def _require_both_sentiments(side: Reviews, called: str) -> None:
    if not side.texts:
        raise _empty_side(called)
    if len(set(side.positive)) == 1:
        raise one_class(called, positive=side.positive[0])


def _empty_side(called: str) -> TrainingError:
    return TrainingError(
        FailureReason.DATA_TOO_FEW_ROWS, f"{called} is empty.", "add reviews, or change spec.data.testPercent."
    )

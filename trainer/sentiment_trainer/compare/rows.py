"""Chooses the reviews of a comparison: those that the candidate has not learnt from, and of them those that what serves
has not learnt from either.

A comparison on anything else would praise memory. It knows data and splits, no models: where the sides of the serving
version cannot be told, no review is shared.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sentiment_contract.data import Data
from sentiment_contract.gates import Contestant
from sentiment_trainer.compare.unmeasurable import Unmeasurable
from sentiment_trainer.data.checks import check
from sentiment_trainer.data.columns import SPLIT_COLUMN
from sentiment_trainer.data.files import FetchedFile
from sentiment_trainer.data.read import read
from sentiment_trainer.data.reviews import Reviews
from sentiment_trainer.data.split import SplitKind, held_out_by_hash, kind_of, sample

Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class HeldOut:
    """Reviews that the candidate has not learnt from. `columns` are those that the gates ask for and the file has.

    `shared` says of each whether the baseline has not learnt from it either; `not_shared` why that cannot be told.
    """

    texts: Sequence[str]
    positive: Booleans
    words: NDArray[np.int64]
    columns: Mapping[str, Sequence[str]]
    shared: Booleans
    not_shared: str = ""
    learnt: Set[bytes] = frozenset()
    """Keys of the reviews that the candidate has learnt from."""

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class Sides:
    """A version, and what decided which reviews it learnt from; None where that was not recorded."""

    contestant: Contestant
    split: SplitKind | None = None


def require_data_of(candidate: Contestant, file: FetchedFile) -> None:
    """Raises Unmeasurable where the file is not the one that the candidate was trained on."""
    if file.sha256 != candidate.data_hash:
        raise Unmeasurable(
            f"the data are not those that version {candidate.version} was trained on: {file.called} has sha256"
            f" {file.sha256[:12]}…, the version was trained on {candidate.data_hash[:12] or 'unknown'}…"
        )


def held_out(file: FetchedFile, candidate: Contestant, baseline: Sides | None, columns: Sequence[str]) -> HeldOut:
    """The held-out reviews of the candidate's own sample. Raises TrainingError where the data fail their checks."""
    data = candidate.recipe.data
    reviews, _ = check(read(file, data.text_column, data.label_column, columns), data, file.called)
    chosen = sample(reviews, data.rows, candidate.recipe.parameters.seed)
    # Texts of the whole file, not of the candidate's sample: the sample of the baseline may have been larger.
    learnable = _learnable(reviews)
    out = chosen.at([i for i, key in enumerate(chosen.keys) if _is_out(chosen, i, data) and key not in learnable])
    kept = set(out.keys)
    problem = "" if baseline is None else _why_not_shared(kind_of(reviews), candidate, baseline)
    return HeldOut(
        texts=out.texts,
        positive=np.array(out.positive, dtype=bool),
        words=_words(out.texts),
        columns=out.others,
        shared=np.array([not problem and _is_shared(key, out, baseline) for key in out.keys], dtype=bool),
        not_shared=problem,
        learnt=learnable | {key for key in chosen.keys if key not in kept},
    )


def kept(reviews: Reviews, candidate: Sides, baseline: Sides | None) -> HeldOut:
    """The reviews that the candidate was judged by, as MLflow keeps them: nothing but their texts and sentiments."""
    problem = "" if baseline is None else _why_not_shared_of_kept(candidate, baseline)
    by_hash = candidate.split is SplitKind.HASH
    percent = baseline.contestant.recipe.data.test_percent if baseline is not None else 0
    shared = [
        not problem and (not by_hash or baseline is None or held_out_by_hash(key, percent)) for key in reviews.keys
    ]
    return HeldOut(
        texts=reviews.texts,
        positive=np.array(reviews.positive, dtype=bool),
        words=_words(reviews.texts),
        columns={},
        shared=np.array(shared, dtype=bool),
        not_shared=problem,
    )


def not_learnt(reviews: Reviews, candidate: Sides) -> Reviews:
    """Those that the candidate cannot have learnt from, whatever its data were. Raises Unmeasurable where none is known."""
    if candidate.split is not SplitKind.HASH:
        raise Unmeasurable(
            f"cannot tell which reviews version {candidate.contestant.version} was not trained on: its data are not here,"
            " and its way of splitting is not by the hash of the text"
        )
    percent = candidate.contestant.recipe.data.test_percent
    return reviews.at([i for i, key in enumerate(reviews.keys) if held_out_by_hash(key, percent)])


def _why_not_shared_of_kept(candidate: Sides, baseline: Sides) -> str:
    if candidate.split is None:
        return f"cannot tell how the data of version {candidate.contestant.version} were split: it was not recorded"
    return _why_not_shared(candidate.split, candidate.contestant, baseline)


def earlier(reviews: Reviews, learnt: Set[bytes]) -> HeldOut:
    """The reviews that the baseline was judged by, without those that the candidate has learnt from."""
    out = reviews.at([i for i, key in enumerate(reviews.keys) if key not in learnt])
    return HeldOut(
        texts=out.texts,
        positive=np.array(out.positive, dtype=bool),
        words=_words(out.texts),
        columns={},
        shared=np.ones(len(out), dtype=bool),
    )


def _words(texts: Sequence[str]) -> NDArray[np.int64]:
    return np.array([len(text.split()) for text in texts], dtype=np.int64)


def _learnable(reviews: Reviews) -> set[bytes]:
    """Texts on the side that is learnt from. By hash none of them can be held out as well."""
    sides = reviews.held_out
    return set() if sides is None else {key for key, out in zip(reviews.keys, sides, strict=True) if not out}


def _is_out(reviews: Reviews, position: int, data: Data) -> bool:
    if reviews.held_out is not None:
        return reviews.held_out[position]
    return held_out_by_hash(reviews.keys[position], data.test_percent)


def _is_shared(key: bytes, reviews: Reviews, baseline: Sides | None) -> bool:
    if baseline is None or reviews.held_out is not None:
        return True
    # A text that was not in the baseline's sample or file is held out by its hash all the same.
    return held_out_by_hash(key, baseline.contestant.recipe.data.test_percent)


def _why_not_shared(split: SplitKind, candidate: Contestant, baseline: Sides) -> str:
    """Why it cannot be told which reviews the baseline has not learnt from; empty where it can."""
    other = baseline.contestant
    same_file = other.data_hash == candidate.data_hash
    before = split if same_file else baseline.split
    match split, before:
        case SplitKind.HASH, SplitKind.HASH:
            return ""
        case SplitKind.COLUMN, SplitKind.COLUMN if same_file:
            theirs, ours = other.recipe.data.text_column, candidate.recipe.data.text_column
            why = "" if theirs == ours else f"it was trained on column {theirs!r}, the candidate on {ours!r}"
        case SplitKind.COLUMN, SplitKind.COLUMN:
            why = f"both files bring their own column {SPLIT_COLUMN!r}, and they are different files"
        case _, None:
            why = "it was trained on another file, and its way of splitting was not recorded"
        case _:
            why = f"it was split by {_told(before)}, the candidate by {_told(split)}"
    return why and f"cannot tell which reviews the serving version {other.version} was not trained on: {why}"


def _told(split: SplitKind | None) -> str:
    return f"the column {SPLIT_COLUMN!r} of its file" if split is SplitKind.COLUMN else "the hash of the text"

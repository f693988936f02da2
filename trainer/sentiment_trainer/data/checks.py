"""Decides whether the data is fit to train on. Every way to be unfit has its own reason and its own advice.

The order of the checks is the order in which a person would want to hear of them: first that there is nothing, then
that something cannot be understood, then that it is too little or too lopsided.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sentiment_contract.data import Data, DataChecks
from sentiment_contract.training import FailureReason
from sentiment_trainer.data.columns import SPLIT_COLUMN, Columns
from sentiment_trainer.data.reviews import Reviews, key_of
from sentiment_trainer.failures import TrainingError

_LABELS = {"positive": True, "negative": False, "1": True, "0": False}
_SIDES = {"train": False, "test": True}
_TOKEN = re.compile(r"\w\w+")
_MORE_WORDS_THAN_ANY_STOP_LIST = 1000


@dataclass(frozen=True)
class DataReport:
    """What the checks measured. Shares are in percent of the rows they speak of."""

    rows: int
    empty_rows: int
    empty_percent: float
    usable_rows: int
    positive_rows: int
    rarer_class_percent: float
    duplicate_rows: int
    duplicate_percent: float
    contradicting_duplicates: int
    split_column: bool
    limits: DataChecks

    def as_json(self) -> dict[str, object]:
        """The report as plain JSON."""
        report: dict[str, object] = asdict(self)
        return report | {"limits": self.limits.model_dump(mode="json", by_alias=True)}

    def as_markdown(self) -> str:
        """The report as a small table that MLflow shows."""
        limits = self.limits
        empty = f"{self.empty_rows:,} ({self.empty_percent:.2f} %)"
        repeated = f"{self.duplicate_rows:,} ({self.duplicate_percent:.2f} %)"
        lines = [
            ("rows", f"{self.rows:,}", ""),
            ("without text", empty, f"at most {limits.max_empty_percent} %"),
            ("usable", f"{self.usable_rows:,}", f"at least {limits.min_rows:,}"),
            ("positive", f"{self.positive_rows:,}", ""),
            ("rarer sentiment", f"{self.rarer_class_percent:.2f} %", f"at least {limits.min_class_share_percent} %"),
            ("repeated texts", repeated, f"at most {limits.max_duplicate_percent} %"),
            ("repeated with another sentiment", f"{self.contradicting_duplicates:,}", ""),
            ("own split column", "yes" if self.split_column else "no", ""),
        ]
        return "| Data | Found | Limit |\n|---|---:|---|\n" + "".join(f"| {a} | {b} | {c} |\n" for a, b, c in lines)


def check(columns: Columns, data: Data, called: str) -> tuple[Reviews, DataReport]:
    """The usable reviews and the report about all of them; raises the first thing that makes them unfit."""
    if not columns.texts:
        raise TrainingError(
            FailureReason.DATA_NO_ROWS, f"{called} has a header and no rows.", "write reviews below the header."
        )
    labels = _labels(columns.labels, data.label_column, called)
    sides = None if columns.splits is None else _sides(columns.splits, called)
    usable = [i for i, text in enumerate(columns.texts) if text.strip()]
    texts = [columns.texts[i] for i in usable]
    reviews = Reviews(
        texts,
        [labels[i] for i in usable],
        [key_of(text) for text in texts],
        None if sides is None else [sides[i] for i in usable],
        {name: [cells[i] for i in usable] for name, cells in columns.others.items()},
    )
    report = _measure(reviews, len(columns.texts), data.checks)
    _require_fit(reviews, report, called)
    return reviews, report


def _labels(spelt: Sequence[str], column: str, called: str) -> list[bool]:
    labels = [_LABELS.get(label.strip().lower()) for label in spelt]
    if None in labels:
        row = labels.index(None)
        raise TrainingError(
            FailureReason.DATA_UNKNOWN_LABEL,
            f"{called} has the label {spelt[row][:40]!r} in row {row + 1} of column {column!r}"
            f" ({labels.count(None)} such rows); known are positive, negative, 1, 0.",
            "translate the labels, or leave out rows without a sentiment.",
        )
    return [bool(label) for label in labels]


def _sides(spelt: Sequence[str], called: str) -> list[bool]:
    sides = [_SIDES.get(side.strip().lower()) for side in spelt]
    if None in sides:
        row = sides.index(None)
        raise TrainingError(
            FailureReason.DATA_CHECK_FAILED,
            f"{called} has {spelt[row][:40]!r} in row {row + 1} of column {SPLIT_COLUMN!r}; known are train and test.",
            "correct the column, or rename it so that the trainer splits the rows itself.",
        )
    return [bool(side) for side in sides]


def _measure(reviews: Reviews, rows: int, limits: DataChecks) -> DataReport:
    first: dict[bytes, bool] = {}
    duplicates = contradicting = 0
    for key, positive in zip(reviews.keys, reviews.positive, strict=True):
        if key in first:
            duplicates += 1
            contradicting += first[key] != positive
        else:
            first[key] = positive
    usable, positive_rows = len(reviews), sum(reviews.positive)
    return DataReport(
        rows=rows,
        empty_rows=rows - usable,
        empty_percent=_percent(rows - usable, rows),
        usable_rows=usable,
        positive_rows=positive_rows,
        rarer_class_percent=_percent(min(positive_rows, usable - positive_rows), usable),
        duplicate_rows=duplicates,
        duplicate_percent=_percent(duplicates, usable),
        contradicting_duplicates=contradicting,
        split_column=reviews.held_out is not None,
        limits=limits,
    )


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def _require_fit(reviews: Reviews, report: DataReport, called: str) -> None:
    limits = report.limits
    if report.empty_percent > limits.max_empty_percent:
        raise _failed_check(
            f"{called} has {report.empty_percent:.1f} % rows without text, allowed are {limits.max_empty_percent} %",
            "maxEmptyPercent",
        )
    if report.usable_rows < limits.min_rows:
        raise TrainingError(
            FailureReason.DATA_TOO_FEW_ROWS,
            f"{called} has {report.usable_rows} usable rows, at least {limits.min_rows} are asked for.",
            "add reviews, or lower spec.data.checks.minRows.",
        )
    if report.positive_rows in (0, report.usable_rows):
        raise one_class(called, positive=bool(report.positive_rows))
    if not _says_anything(reviews.texts):
        raise no_terms(called)
    if report.rarer_class_percent < limits.min_class_share_percent:
        raise _failed_check(
            f"{called} has {report.rarer_class_percent:.1f} % reviews of the rarer sentiment,"
            f" at least {limits.min_class_share_percent} % are asked for",
            "minClassSharePercent",
        )
    if report.duplicate_percent > limits.max_duplicate_percent:
        raise _failed_check(
            f"{called} has {report.duplicate_percent:.1f} % repeated texts,"
            f" allowed are {limits.max_duplicate_percent} %",
            "maxDuplicatePercent",
        )


def one_class(called: str, *, positive: bool) -> TrainingError:
    """Nothing can be told apart where all reviews are alike."""
    return TrainingError(
        FailureReason.DATA_ONE_CLASS,
        f"{called} holds only {'positive' if positive else 'negative'} reviews.",
        "add reviews of the other sentiment.",
    )


def no_terms(called: str) -> TrainingError:
    """No word is left that could carry a sentiment."""
    return TrainingError(
        FailureReason.DATA_NO_TERMS,
        f"{called} holds no words to learn from: only stop-words such as 'the', single letters or punctuation,"
        " or no word in enough reviews.",
        "check spec.data.textColumn, and spec.training.parameters.minDocumentFrequency where it is set.",
    )


def too_many_terms(called: str) -> TrainingError:
    """The matrix of reviews and terms is larger than what scikit-learn fits."""
    return TrainingError(
        FailureReason.DATA_CHECK_FAILED,
        f"{called} holds more terms in all its reviews than one training can learn from, which is 2,147,483,647.",
        "take a sample of the reviews with spec.data.rows, or fewer terms with"
        " spec.training.parameters.minDocumentFrequency or ngramMax.",
    )


def _failed_check(what: str, limit: str) -> TrainingError:
    return TrainingError(
        FailureReason.DATA_CHECK_FAILED, f"{what}.", f"clean the data, or change spec.data.checks.{limit}."
    )


def _says_anything(texts: Sequence[str]) -> bool:
    """Whether any word is no stop-word. Ordinary data proves it by the number of its words alone, without the list."""
    words: set[str] = set()
    for text in texts:
        words.update(_TOKEN.findall(text.lower()))
        if len(words) > _MORE_WORDS_THAN_ANY_STOP_LIST:
            return True
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS  # pyright: ignore[reportMissingTypeStubs]  untyped

    return not words <= ENGLISH_STOP_WORDS

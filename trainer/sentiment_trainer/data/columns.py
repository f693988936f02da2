"""The columns that matter of a data file, and how it is said that a file is broken, whatever its kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sentiment_contract.training import FailureReason
from sentiment_trainer.failures import TrainingError

SPLIT_COLUMN = "split"


@dataclass(frozen=True)
class Columns:
    """Row by row as they stand in the file. `splits` is None without a split column.

    `others` are columns that were asked for besides; one that the file does not have is absent.
    """

    texts: Sequence[str]
    labels: Sequence[str]
    splits: Sequence[str] | None
    others: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


def require_columns(header: Sequence[str], called: str, text_column: str, label_column: str) -> None:
    """Raises DataColumnMissing, with the columns that there are."""
    for column, setting in ((text_column, "spec.data.textColumn"), (label_column, "spec.data.labelColumn")):
        if column not in header:
            found = ", ".join(name[:40] for name in header[:12]) or "none"
            raise TrainingError(
                FailureReason.DATA_COLUMN_MISSING,
                f"{called} has no column {column!r}; its columns: {found}.",
                f"set {setting} to one of them.",
            )


def not_utf8(called: str, where: str) -> TrainingError:
    """The text is in another encoding."""
    return TrainingError(
        FailureReason.DATA_NOT_UTF8,
        f"{called} is not UTF-8: {where}.",
        "convert it, for example with `iconv -f LATIN1 -t UTF-8`.",
    )


def unreadable(called: str, what: str) -> TrainingError:
    """The file is damaged, or of a kind that is not known."""
    return TrainingError(
        FailureReason.DATA_UNREADABLE,
        f"{called} cannot be read: {what}.",
        "write the file again as CSV with quoted cells, or as parquet.",
    )

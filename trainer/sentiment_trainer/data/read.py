"""Reads a CSV or parquet file into columns of text, and says precisely where a file is broken.

It knows columns, not meanings: whether a label is known or a text is empty is decided by the checks.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from sentiment_contract.training import FailureReason
from sentiment_trainer.data.columns import SPLIT_COLUMN, Columns, not_utf8, require_columns, unreadable
from sentiment_trainer.data.files import FetchedFile
from sentiment_trainer.failures import TrainingError

LONGEST_CELL = 16 * 1024**2
_PARQUET_MAGIC = b"PAR1"


class _Reader(Protocol):
    """What csv.reader gives."""

    @property
    def line_num(self) -> int: ...

    def __next__(self) -> list[str]: ...

    def __iter__(self) -> Iterator[list[str]]: ...


def read(file: FetchedFile, text_column: str, label_column: str, others: Sequence[str] = ()) -> Columns:
    """The columns of the file, and those of `others` that it has.

    Raises DataEmpty, DataColumnMissing, DataNotUTF8 or DataUnreadable.
    """
    if file.size == 0:
        raise TrainingError(
            FailureReason.DATA_EMPTY, f"{file.called} is empty (0 bytes).", "write the reviews into it again."
        )
    with file.path.open("rb") as stream:
        is_parquet = stream.read(4) == _PARQUET_MAGIC
    if not is_parquet:
        return _read_csv(file, text_column, label_column, others)
    from sentiment_trainer.data.parquet import read_parquet

    return read_parquet(file, text_column, label_column, others)


def _read_csv(file: FetchedFile, text_column: str, label_column: str, others: Sequence[str]) -> Columns:
    csv.field_size_limit(LONGEST_CELL)
    try:
        # utf-8-sig: spreadsheets write a byte order mark, which would otherwise become part of the first column's name.
        with file.path.open(encoding="utf-8-sig", newline="") as stream:
            return _columns_of(csv.reader(stream, strict=True), file.called, text_column, label_column, others)
    except UnicodeDecodeError as error:
        raise not_utf8(file.called, _line_of_first_bad_byte(file.path, error)) from error


def _columns_of(reader: _Reader, called: str, text_column: str, label_column: str, others: Sequence[str]) -> Columns:
    rows = _rows_of(reader, called)
    no_header: list[str] = []
    header = [name.strip() for name in next(rows, no_header)]
    require_columns(header, called, text_column, label_column)
    text, label = header.index(text_column), header.index(label_column)
    split = header.index(SPLIT_COLUMN) if SPLIT_COLUMN in header else None
    texts: list[str] = []
    labels: list[str] = []
    splits: list[str] = []
    besides: dict[str, list[str]] = {name: [] for name in others if name in header}
    places = [(cells, header.index(name)) for name, cells in besides.items()]
    for row in rows:
        if len(row) != len(header):
            raise unreadable(called, f"line {reader.line_num} has {len(row)} cells, the header has {len(header)}")
        texts.append(row[text])
        labels.append(row[label])
        if split is not None:
            splits.append(row[split])
        for cells, place in places:
            cells.append(row[place])
    return Columns(texts, labels, splits if split is not None else None, besides)


def _rows_of(reader: _Reader, called: str) -> Iterator[list[str]]:
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise unreadable(called, f"line {reader.line_num} is no CSV: {error}") from error
        if row is None:
            return
        if row:
            yield row


def _line_of_first_bad_byte(path: Path, error: UnicodeDecodeError) -> str:
    # The decoder counts from the start of its own buffer, so the place in the file has to be looked for.
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as found:
                return f"line {number}, byte {found.start + 1} (0x{line[found.start]:02x})"
    return error.reason

"""Reads a parquet file. pyarrow ships no types, so its values are checked where they leave this module.

pyarrow takes a quarter of a second to import, so this module is imported only for parquet files.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from collections.abc import Sequence
from typing import cast

import pyarrow as pa
import pyarrow.parquet as pq

from sentiment_trainer.data.columns import SPLIT_COLUMN, Columns, not_utf8, require_columns, unreadable
from sentiment_trainer.data.files import FetchedFile


def read_parquet(file: FetchedFile, text_column: str, label_column: str, others: Sequence[str]) -> Columns:
    """The columns of the file, and those of `others` that it has. Raises DataColumnMissing, DataNotUTF8 or DataUnreadable."""
    try:
        source = pq.ParquetFile(file.path)
        names = cast("list[str]", source.schema_arrow.names)
        require_columns(names, file.called, text_column, label_column)
        has_split = SPLIT_COLUMN in names
        besides = [name for name in others if name in names]
        wanted = [text_column, label_column, *([SPLIT_COLUMN] if has_split else []), *besides]
        table = source.read(columns=list(dict.fromkeys(wanted)))

        def strings(name: str) -> list[str]:
            return [
                "" if value is None else _spelt(value) for value in cast("list[object]", table.column(name).to_pylist())
            ]

        splits = strings(SPLIT_COLUMN) if has_split else None
        return Columns(strings(text_column), strings(label_column), splits, {name: strings(name) for name in besides})
    except UnicodeDecodeError as error:
        raise not_utf8(file.called, f"column {text_column}") from error
    except (pa.ArrowException, OSError) as error:
        raise unreadable(file.called, f"the parquet file is damaged or of an unknown kind: {error}") from error


def _spelt(value: object) -> str:
    # Labels may be 1/0 or true/false; whole floats come from data frames that once had a missing value.
    match value:
        case str():
            return value
        case bool():
            return str(int(value))
        case float() if value.is_integer():
            return str(int(value))
        case bytes():
            return value.decode()
        case _:
            return str(value)

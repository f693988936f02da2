"""The terms as they stand in the file: one to a line, as bytes. Only who needs them as str pays for that."""

from collections.abc import Iterator, Sequence
from typing import overload

from sentiment_artifact import layout


class PooledTerms(Sequence[str]):
    """Its length is known at once; anything else cuts the lines anew."""

    def __init__(self, pool: bytes) -> None:
        """Raises UnicodeDecodeError for bytes that are no UTF-8."""
        pool.decode()
        self._pool = pool
        self._count = pool.count(layout.TERM_SEPARATOR.encode()) + 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        return iter(self._pool.decode().split(layout.TERM_SEPARATOR))

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return list(self)[index]

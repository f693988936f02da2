"""The reviews that a model is trained on, after everything unusable is gone, and the hash that decides their fate."""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reviews:
    """Usable reviews in file order: text, whether it is positive, its key, and its side where the file has sides."""

    texts: Sequence[str]
    positive: Sequence[bool]
    keys: Sequence[bytes]
    held_out: Sequence[bool] | None
    others: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """Columns that were asked for besides."""

    def __len__(self) -> int:
        return len(self.texts)

    def at(self, positions: Sequence[int]) -> "Reviews":
        """The reviews at these positions, in this order."""
        return Reviews(
            [self.texts[i] for i in positions],
            [self.positive[i] for i in positions],
            [self.keys[i] for i in positions],
            None if self.held_out is None else [self.held_out[i] for i in positions],
            {name: [cells[i] for i in positions] for name, cells in self.others.items()},
        )


def key_of(text: str) -> bytes:
    """SHA-256 of the normalised text: equal for texts that differ only in case, spacing or Unicode composition."""
    normalised = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    return hashlib.sha256(normalised.encode("utf-8", "surrogatepass")).digest()

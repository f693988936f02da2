"""Cuts many texts into pieces that one call of the compiled library takes, and counts on nothing but their lengths."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CHARACTERS = 2**21
"""Enough that a thread seldom has to ask Python for more, few enough that pieces can be divided evenly."""


@dataclass(frozen=True)
class Slice:
    """Texts that stand one behind the other, and the place of the first of them among all."""

    first: int
    texts: Sequence[str]


@dataclass(frozen=True, eq=False)
class Lowered:
    """Texts in lower case as UTF-8, one behind the other, and the byte behind each of them."""

    content: bytes
    ends: NDArray[np.int64]

    def most_words(self, min_word_length: int) -> int:
        """There can be no more, with a gap behind each."""
        return len(self.content) // (min_word_length + 1) + len(self.ends)


def slices(texts: Sequence[str]) -> Iterator[Slice]:
    """All texts, in order. A text is never cut, so a long one is a slice of its own."""
    first, characters = 0, 0
    for place, text in enumerate(texts):
        if characters > _CHARACTERS:
            yield Slice(first, texts[first:place])
            first, characters = place, 0
        characters += len(text)
    if first < len(texts):
        yield Slice(first, texts[first:])


def lowered(texts: Sequence[str]) -> Lowered:
    """By Python's own rules for lower case; half a surrogate pair is three bytes that make no word."""
    parts = [text.lower().encode("utf-8", "surrogatepass") for text in texts]
    return Lowered(b"".join(parts), np.cumsum(np.fromiter(map(len, parts), dtype=np.int64, count=len(parts))))

"""Cuts a text into terms exactly as scikit-learn's word analyzer does: same terms, same order."""

import re
from collections.abc import Iterator

# The same tokens as `\b\w+\b` and `\b\w\w+\b`, faster: a run of word characters begins and ends at boundaries anyway.
_WORDS_OF = {1: re.compile(r"\w+").findall, 2: re.compile(r"\w\w+").findall}


def terms_of(text: str, ngram_max: int, min_word_length: int = 2) -> list[str]:
    """All terms of 1 to `ngram_max` words, a repeated one as often as it stands there. Any str, surrogates included."""
    words: list[str] = _WORDS_OF[min_word_length](text.lower())
    terms = words.copy()
    for length in range(2, ngram_max + 1):
        terms.extend(_runs(words, length))
    return terms


def _runs(words: list[str], length: int) -> Iterator[str]:
    return map(" ".join, zip(*(words[start:] for start in range(length)), strict=False))

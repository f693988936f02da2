"""Gives words numbers in the compiled library, and spells them again."""

import ctypes

import numpy as np
from numpy.typing import NDArray

from sentiment_artifact import layout
from sentiment_artifact.native.owning import owned, require_memory
from sentiment_artifact.native.pieces import Lowered
from sentiment_artifact.words import word_bits

Numbers = NDArray[np.uint32]


class Lexicon:
    """Words with numbers in the order in which they came, and how often each was met."""

    def __init__(self, library: ctypes.CDLL, min_word_length: int, multiplier: int) -> None:
        """Lexicons that are to be merged have one multiplier, that no text can know. Raises MemoryError."""
        self._library, self._min_word_length = library, min_word_length
        self._word_bits = word_bits()  # the library reads them as long as this object lives
        new = library.lexicon_new(min_word_length, self._word_bits, multiplier)
        self.handle = owned(self, new, library.lexicon_free)

    def __len__(self) -> int:
        return self._library.lexicon_size(self.handle)

    def read(self, texts: Lowered) -> tuple[Numbers, NDArray[np.int64]]:
        """The numbers of all words in order, and behind which word each text ends. To be called once."""
        room = texts.most_words(self._min_word_length)
        numbers, word_ends = np.empty(room, dtype=np.uint32), np.empty_like(texts.ends)
        read = self._library.lexicon_read(
            self.handle,
            texts.content,
            texts.ends.ctypes.data,
            len(texts.ends),
            numbers.ctypes.data,
            room,
            word_ends.ctypes.data,
        )
        require_memory(read >= 0)
        return numbers[:read], word_ends

    def merge(self, other: "Lexicon") -> Numbers:
        """The numbers here of the other's words, whose counts are added."""
        numbers = np.empty(len(other), dtype=np.uint32)
        require_memory(self._library.lexicon_merge(self.handle, other.handle, numbers.ctypes.data))
        return numbers

    def tallies(self) -> tuple[Numbers, Numbers]:
        """By number: in how many texts each word stands, and how often in all."""
        texts, occurrences = np.empty(len(self), dtype=np.uint32), np.empty(len(self), dtype=np.uint32)
        self._library.lexicon_tallies(self.handle, texts.ctypes.data, occurrences.ctypes.data)
        return texts, occurrences

    def spell(self, fewest_texts: int) -> list[str]:
        """The words of so many texts or more, by number."""
        room = self._library.lexicon_spell(self.handle, fewest_texts, None, 0)
        require_memory(room >= 0)
        pool = ctypes.create_string_buffer(room + 1)
        require_memory(self._library.lexicon_spell(self.handle, fewest_texts, pool, room + 1) >= 0)
        return pool.raw[:room].decode().split(layout.TERM_SEPARATOR)[:-1]

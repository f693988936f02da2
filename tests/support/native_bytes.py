"""Hands the compiled library terms and texts of any bytes: `native_bytes.py LIBRARY SEED ROUNDS`.

A program of its own, because a library with the address sanitizer inside needs an interpreter that was started for it.
"""

import ctypes
import random
import sys
from pathlib import Path

import numpy as np

from sentiment_artifact.native.library import Piece, Weights, load
from sentiment_artifact.words import word_bits

_PIECES = (
    *(
        b"ab",
        b"abcdefg",
        b"abcdefgh",
        b"abcdefghi",
        b"abcdefghabcdefgh",
        b" ",
        b" ",
        b"\n",
        b"\n",
        b"ab ab ab",
        b"ab " * 40,
        b"\x00",
        b"." * 60,
    ),
    *("é".encode(), "क".encode(), "𝔣".encode(), b"\xed\xa0\x80"),
    *(b"\xf0", b"\xe2\x82", b"\xff", b"\x80", b"\xc0\x80", b"\xf4\xbf\xbf\xbf"),
)
_ROOM = 1_000


def main() -> None:
    """Prints `done` when nothing went wrong."""
    library = load(Path(sys.argv[1]))
    rng, bits = random.Random(int(sys.argv[2])), word_bits()
    for _ in range(int(sys.argv[3])):
        pool = _exact(content := _bytes(rng, 60))
        terms = content.count(b"\n") + 1
        assert -1 <= library.terms_in_order(pool, len(pool)) <= terms
        index = library.index_new(pool, len(pool), rng.randint(0, 4), rng.randint(0, 3), bits, rng.getrandbits(64))
        for _ in range(4):
            _score(library, rng, index, terms)
        _count_again(library, rng, index)
        library.index_free(index)
        _read_words(library, rng, bits)
        _count_runs(library, rng)
    print("done")


def _score(library, rng: random.Random, index: int, terms: int) -> None:
    text, room = _exact(_bytes(rng, 60)), rng.choice((0, 3, _ROOM))
    columns, counts = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int64)
    found = library.index_count(index, text, len(text), columns.ctypes.data, counts.ctypes.data, room)
    assert -1 <= found <= min(terms, room)
    assert found <= 0 or (columns[0] >= 0 and columns[found - 1] < terms and counts[:found].min() > 0)
    idf, table, coef = np.ones(terms), np.ones(rng.randint(1, 4)), np.ones(terms)
    weights = Weights(idf.ctypes.data, table.ctypes.data, rng.choice((0, len(table))))
    library.score_linear(index, weights, coef.ctypes.data, 0.5, text, len(text))


def _count_again(library, rng: random.Random, index: int) -> None:
    content, ends = _texts(rng)
    room = rng.choice((0, 3, _ROOM))
    columns, counts, row_ends = (
        np.empty(size, dtype=kind) for size, kind in ((room, "i4"), (room, "i8"), (len(ends), "i8"))
    )
    texts = (content, ends.ctypes.data, len(ends))
    found = library.index_count_many(index, *texts, columns.ctypes.data, counts.ctypes.data, room, row_ends.ctypes.data)
    assert -1 <= found <= room


def _read_words(library, rng: random.Random, bits: bytes) -> None:
    shortest, multiplier = rng.randint(0, 3), rng.getrandbits(64)
    whole, piece = (library.lexicon_new(shortest, bits, multiplier) for _ in range(2))
    for lexicon in (whole, piece):
        content, ends = _texts(rng)
        room = rng.choice((0, 3, len(content) + len(ends)))
        numbers, word_ends = np.empty(room, dtype=np.uint32), np.empty(len(ends), dtype=np.int64)
        target = (numbers.ctypes.data, room, word_ends.ctypes.data)
        read = library.lexicon_read(lexicon, content, ends.ctypes.data, len(ends), *target)
        assert -1 <= read <= room
        assert read < 1 or (word_ends[-1] == read and numbers[:read].max() < library.lexicon_size(lexicon))
    names = np.empty(library.lexicon_size(piece), dtype=np.uint32)
    assert library.lexicon_merge(whole, piece, names.ctypes.data)
    words = library.lexicon_size(whole)
    assert not len(names) or names.max() < words
    tallies = np.empty((2, words), dtype=np.uint32)
    library.lexicon_tallies(whole, tallies[0].ctypes.data, tallies[1].ctypes.data)
    size = library.lexicon_spell(whole, 0, None, 0)
    for room in (0, rng.randrange(size + 2), size):
        pool = (ctypes.c_char * room)()
        assert library.lexicon_spell(whole, 0, pool, room) == size
    library.lexicon_free(whole)
    library.lexicon_free(piece)


def _count_runs(library, rng: random.Random) -> None:
    """Numbers that nobody gave out."""
    ends = np.cumsum([rng.randrange(60) for _ in range(rng.randrange(1, 5))])
    words, shares, most = int(ends[-1]), rng.randint(1, 3), rng.choice((1, 50, 2**32))
    numbers = np.array([[rng.randrange(most) for _ in range(words)] for _ in range(3)], dtype=np.uint32)
    runs = library.runs_new(rng.randint(0, 3), shares, rng.getrandbits(64))
    places = (numbers[0].ctypes.data, numbers[1].ctypes.data, ends.ctypes.data, len(ends))
    assert library.runs_count(runs, *places, rng.randrange(2**32), rng.randint(1, 4), numbers[2].ctypes.data)
    found = np.empty((4, library.runs_size(runs)), dtype=np.uint32)
    library.runs_read(runs, *(part.ctypes.data for part in found))
    library.runs_free(runs)
    most = rng.choice((2, 70, 2**32))
    names = np.array([rng.randrange(most) for _ in range(rng.randrange(60))], dtype=np.uint32)
    library.rename_all(numbers.ctypes.data, numbers.size, names.ctypes.data, len(names))
    piece = Piece(numbers.ctypes.data, ends.ctypes.data, 3, words, len(ends), rng.choice((0, 1, 60)))
    sizes = np.empty_like(ends)
    assert library.rows_measure(piece, sizes.ctypes.data)
    room = rng.choice((int(sizes.sum()), int(sizes.sum()) // 2, 0))
    columns, counts = (ctypes.c_int32 * room)(), (ctypes.c_double * room)()
    assert library.rows_fill(piece, room, ctypes.addressof(columns), ctypes.addressof(counts))


def _texts(rng: random.Random) -> tuple[ctypes.Array[ctypes.c_char], np.ndarray]:
    parts = [_bytes(rng, 30) for _ in range(rng.randrange(1, 6))]
    return _exact(b"".join(parts)), np.cumsum([len(part) for part in parts])


def _bytes(rng: random.Random, most: int) -> bytes:
    return b"".join(rng.choice(_PIECES) if rng.random() < 0.9 else rng.randbytes(3) for _ in range(rng.randrange(most)))


def _exact(content: bytes) -> ctypes.Array[ctypes.c_char]:
    """Without the zero byte that Python keeps behind its own."""
    return (ctypes.c_char * len(content)).from_buffer_copy(content)


main()

"""Hands the compiled library terms and texts of any bytes: `native_bytes.py LIBRARY SEED ROUNDS`.

A program of its own, because a library with the address sanitizer inside needs an interpreter that was started for it.
"""

import ctypes
import random
import sys
from pathlib import Path

import numpy as np

from sentiment_artifact.native.library import Weights, load
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
        library.index_free(index)
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


def _bytes(rng: random.Random, most: int) -> bytes:
    return b"".join(rng.choice(_PIECES) if rng.random() < 0.9 else rng.randbytes(3) for _ in range(rng.randrange(most)))


def _exact(content: bytes) -> ctypes.Array[ctypes.c_char]:
    """Without the zero byte that Python keeps behind its own."""
    return (ctypes.c_char * len(content)).from_buffer_copy(content)


main()

"""Which characters words are made of, as bits that native code can read.

The bits are asked of this interpreter's own `re`, so no table of another Unicode version can ever disagree with it.
"""

import functools
import re
import sys

_POINTS = sys.maxunicode + 1
_BYTE, _PLANE = 2**8, 2**16


@functools.cache
def word_bits() -> bytes:
    """One bit for each code point, lowest bit first: whether it matches `\\w`. Takes about 20 ms the first time."""
    digits = bytearray(b"0" * _POINTS)
    for run in re.finditer(r"\w+", _every_character()):
        digits[run.start() : run.end()] = b"1" * (run.end() - run.start())
    digits.reverse()
    # The quickest way from digits to bits that Python has; numpy, which has another, takes five times as long to import.
    return int(digits.decode("ascii"), 2).to_bytes(_POINTS // 8, "little")


def _every_character() -> str:
    """All code points in order, surrogates included: four bytes each, of which three change."""
    points = bytearray(4 * _POINTS)
    points[0::4] = bytes(range(_BYTE)) * (_POINTS // _BYTE)
    points[1::4] = b"".join(bytes([byte]) * _BYTE for byte in range(_BYTE)) * (_POINTS // _PLANE)
    points[2::4] = b"".join(bytes([plane]) * _PLANE for plane in range(_POINTS // _PLANE))
    return points.decode("utf-32-le", "surrogatepass")

"""Loads the compiled library and says what its functions take; knows nothing of models.

It is plain C behind ctypes, which lets go of the interpreter lock during every call.
"""

import ctypes
import functools
import logging
import os
from ctypes import POINTER, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

from sentiment_artifact.native import build

_logger = logging.getLogger(__name__)


class Weights(ctypes.Structure):
    """`Weights` of scorer.c."""

    _fields_ = (("idf", c_void_p), ("log_table", c_void_p), ("log_size", c_int64))


class ForestNodes(ctypes.Structure):
    """`Forest` of scorer.c."""

    _fields_ = (
        ("roots", c_void_p),
        ("left", c_void_p),
        ("right", c_void_p),
        ("feature", c_void_p),
        ("threshold", c_void_p),
        ("value", c_void_p),
        ("trees", c_int64),
        ("terms", c_size_t),
    )


class Piece(ctypes.Structure):
    """`Piece` of counting.c."""

    _fields_ = (
        ("columns", c_void_p),
        ("ends", c_void_p),
        ("levels", c_int64),
        ("words", c_int64),
        ("texts", c_int64),
        ("terms", c_int64),
    )


_TEXT = (c_char_p, c_size_t)
_TEXTS = (c_char_p, c_void_p, c_int64)
_MODEL = (c_void_p, POINTER(Weights))
_SIGNATURES = {
    "terms_in_order": (c_int64, _TEXT),
    "index_new": (c_void_p, (*_TEXT, c_int, c_int, c_char_p, c_uint64)),
    "index_free": (None, (c_void_p,)),
    "index_count": (c_int64, (c_void_p, *_TEXT, c_void_p, c_void_p, c_int64)),
    "score_linear": (c_double, (*_MODEL, c_void_p, c_double, *_TEXT)),
    "score_linear_many": (
        None,
        (*_MODEL, c_void_p, c_double, POINTER(c_char_p), POINTER(c_size_t), c_size_t, POINTER(c_double)),
    ),
    "score_forest": (None, (*_MODEL, POINTER(ForestNodes), *_TEXT, POINTER(c_double))),
    "index_count_many": (c_int64, (c_void_p, *_TEXTS, c_void_p, c_void_p, c_int64, c_void_p)),
    "lexicon_new": (c_void_p, (c_int, c_char_p, c_uint64)),
    "lexicon_free": (None, (c_void_p,)),
    "lexicon_size": (c_int64, (c_void_p,)),
    "lexicon_read": (c_int64, (c_void_p, *_TEXTS, c_void_p, c_int64, c_void_p)),
    "lexicon_merge": (c_int, (c_void_p, c_void_p, c_void_p)),
    "lexicon_tallies": (None, (c_void_p, c_void_p, c_void_p)),
    "lexicon_spell": (c_int64, (c_void_p, c_uint32, c_void_p, c_int64)),
    "rename_all": (None, (c_void_p, c_int64, c_void_p, c_uint32)),
    "runs_new": (c_void_p, (c_uint32, c_uint32, c_uint64)),
    "runs_free": (None, (c_void_p,)),
    "runs_size": (c_int64, (c_void_p,)),
    "runs_count": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_int64, c_uint32, c_int64, c_void_p)),
    "runs_read": (None, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    "rows_measure": (c_int, (POINTER(Piece), c_void_p)),
    "rows_fill": (c_int, (POINTER(Piece), c_int64, c_void_p, c_void_p)),
}


@functools.cache
def library() -> ctypes.CDLL | None:
    """The library of this environment; None where it was not built or cannot be loaded."""
    path = build.folder() / build.file_name()
    if not path.exists():
        return None
    try:
        return load(path)
    except OSError as error:
        _logger.warning("The native scorer cannot be loaded, so Python scores: %s", error)
        return None


def load(path: os.PathLike[str]) -> ctypes.CDLL:
    """Raises OSError for a file that is no library of this kind of machine."""
    loaded = ctypes.CDLL(os.fspath(path))
    for name, (result, arguments) in _SIGNATURES.items():
        function = loaded[name]
        function.restype, function.argtypes = result, arguments
        setattr(loaded, name, function)
    return loaded

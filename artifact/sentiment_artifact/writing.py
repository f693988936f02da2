"""Writes a compiled model. The same content always gives the same bytes: no time, run or commit goes into the file."""

import itertools
import json
import os
import unicodedata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from sentiment_artifact import layout
from sentiment_artifact.digest import digest_of
from sentiment_artifact.layout import CLASSES
from sentiment_artifact.model import Classifier, Forest, Linear, Tfidf, check
from sentiment_artifact.refusal import ArtifactRefused

_Tensors = dict[str, NDArray[np.generic]]


def write_model(
    path: Path | str, features: Tfidf, classifier: Classifier, *, text_limit: int = layout.TEXT_LIMIT
) -> str:
    """Writes the file at once or not at all, and returns its digest.

    Raises ArtifactRefused when the arrays do not fit together, OSError when the file cannot be written.
    """
    check(features, classifier)
    tensors = _feature_tensors(features, text_limit) | _classifier_tensors(classifier)
    metadata = json.dumps(_metadata(features, classifier, text_limit), sort_keys=True)
    _write_whole(Path(path), save(tensors, {layout.METADATA_KEY: metadata}))
    return digest_of(path)


def _metadata(features: Tfidf, classifier: Classifier, text_limit: int) -> dict[str, object]:
    return {
        "format": layout.FORMAT,
        "format_version": layout.FORMAT_VERSION,
        "family": "linear" if isinstance(classifier, Linear) else "forest",
        "classes": CLASSES,
        "text_limit": text_limit,
        "unidata_version": unicodedata.unidata_version,
        "options": {
            "lowercase": True,
            "token_pattern": layout.TOKEN_PATTERNS[features.min_word_length],
            "ngram_max": features.ngram_max,
            "sublinear_tf": features.sublinear_tf,
            "norm": "l2",
        },
    }


def _feature_tensors(features: Tfidf, text_limit: int) -> _Tensors:
    tensors: _Tensors = {layout.TERMS: _pool(features), layout.IDF: np.ascontiguousarray(features.idf)}
    if features.sublinear_tf:
        tensors[layout.LOG_TABLE] = _log_table(text_limit, features.min_word_length)
    return tensors


def _pool(features: Tfidf) -> NDArray[np.uint8]:
    terms = list(features.terms)
    if any(not term or layout.TERM_SEPARATOR in term for term in terms):
        raise ArtifactRefused("a term is empty or holds a line break")
    if any(former >= latter for former, latter in itertools.pairwise(terms)):
        raise ArtifactRefused("the terms are not in ascending order of code points, or one stands twice")
    try:
        return np.frombuffer(layout.TERM_SEPARATOR.join(terms).encode(), dtype=np.uint8)
    except UnicodeEncodeError as error:
        raise ArtifactRefused("a term holds half of a surrogate pair") from error


def _log_table(text_limit: int, min_word_length: int) -> NDArray[np.float64]:
    """`1 + log(count)` at index `count`, by numpy's logarithm, whose last bit differs between machines and from C's.

    A word takes its characters and a separator, so no term stands more often in a text than a third of its length, or a
    half where one character makes a word.
    """
    room = min_word_length + 1
    table = np.arange(max(text_limit + 1, room) // room + 1, dtype=np.float64)
    np.log(table[1:], table[1:])
    table[1:] += 1.0
    return table


def _classifier_tensors(classifier: Classifier) -> _Tensors:
    match classifier:
        case Linear():
            return {
                layout.COEF: np.ascontiguousarray(classifier.coef),
                layout.INTERCEPT: np.array([classifier.intercept], dtype=np.float64),
            }
        case Forest():
            return {name: np.ascontiguousarray(getattr(classifier, name)) for name in layout.FOREST_FIELDS}


def _write_whole(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)

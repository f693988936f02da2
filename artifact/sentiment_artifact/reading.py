"""Reads a compiled model and refuses, with one kind of error, every file that is none.

Nothing in the file is trusted: lengths are checked by safetensors, everything else here and in `model.check`. No pickle
is involved anywhere.
"""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from sentiment_artifact import layout
from sentiment_artifact.model import CLASSES, ArtifactRefused, Classifier, Floats, Forest, Linear, Tfidf, check
from sentiment_artifact.pool import PooledTerms

_Tensors = Mapping[str, NDArray[np.generic]]
_LONGEST_METADATA = 65_536


class _SafeFile(Protocol):
    """What is used of safetensors' reader, which has no types of its own."""

    def metadata(self) -> Mapping[str, str] | None: ...

    def get_tensors(self) -> _Tensors: ...


@dataclass(frozen=True, eq=False)
class Contents:
    """All that a file holds.

    `pool` has the terms once more, as UTF-8 and one to a line. `log_table[count]` is 1 + log(count); it is empty when counts
    are used as they are.
    """

    features: Tfidf
    pool: bytes
    classifier: Classifier
    log_table: Floats
    unidata_version: str


def read_model(path: Path | str) -> Contents:
    """Raises ArtifactRefused for a damaged or foreign file, OSError when there is no readable file."""
    tensors, metadata = _open(Path(path))
    pool = _tensor(tensors, layout.TERMS, np.dtype(np.uint8)).tobytes()
    features = _features(tensors, _terms(pool), _object(metadata, "options"))
    classifier = _classifier(tensors, metadata.get("family"))
    check(features, classifier)
    return Contents(
        features=features,
        pool=pool,
        classifier=classifier,
        log_table=_log_table(tensors, features.sublinear_tf),
        unidata_version=str(metadata.get("unidata_version", "")),
    )


def _open(path: Path) -> tuple[_Tensors, Mapping[str, object]]:
    if not path.is_file():
        raise ArtifactRefused(f"{path.name} is no file")
    try:
        with cast("AbstractContextManager[_SafeFile]", safe_open(path, framework="np")) as file:
            metadata = _metadata(file.metadata())
            return file.get_tensors(), metadata
    except SafetensorError as error:
        raise ArtifactRefused(f"not a whole safetensors file: {error}") from error
    except (KeyError, TypeError) as error:
        raise ArtifactRefused(f"a tensor has a type that numpy does not know: {error}") from error


def _metadata(entries: Mapping[str, str] | None) -> Mapping[str, object]:
    text = (entries or {}).get(layout.METADATA_KEY, "")
    if not text or len(text) > _LONGEST_METADATA:
        raise ArtifactRefused(f"the file has no {layout.METADATA_KEY} metadata: it is no compiled model")
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArtifactRefused("the metadata is no JSON") from error
    if not isinstance(metadata, dict):
        raise ArtifactRefused("the metadata is no JSON object")
    _check_format(cast("Mapping[str, object]", metadata))
    return cast("Mapping[str, object]", metadata)


def _check_format(metadata: Mapping[str, object]) -> None:
    found = (metadata.get("format"), metadata.get("format_version"))
    if found != (layout.FORMAT, layout.FORMAT_VERSION):
        raise ArtifactRefused(
            f"the file has format {found[0]!r} version {found[1]!r}; this program reads"
            f" {layout.FORMAT!r} version {layout.FORMAT_VERSION}"
        )
    if metadata.get("classes") != list(CLASSES):
        raise ArtifactRefused(f"the classes are not {', '.join(CLASSES)}")


def _features(tensors: _Tensors, terms: PooledTerms, options: Mapping[str, object]) -> Tfidf:
    fixed = {"lowercase": True, "norm": "l2"}
    lengths = [length for length, pattern in layout.TOKEN_PATTERNS.items() if pattern == options.get("token_pattern")]
    if not lengths or any(options.get(name) != value for name, value in fixed.items()):
        raise ArtifactRefused("the text options are not those that this program implements")
    ngram_max, sublinear_tf = options.get("ngram_max"), options.get("sublinear_tf")
    if type(ngram_max) is not int or type(sublinear_tf) is not bool:
        raise ArtifactRefused("ngram_max or sublinear_tf is missing or of a wrong type")
    return Tfidf(terms, _floats(tensors, layout.IDF), ngram_max, sublinear_tf, lengths[0])


def _terms(pool: bytes) -> PooledTerms:
    try:
        return PooledTerms(pool)
    except UnicodeDecodeError as error:
        raise ArtifactRefused("the terms are no UTF-8") from error


def _classifier(tensors: _Tensors, family: object) -> Classifier:
    match family:
        case "linear":
            intercept = _floats(tensors, layout.INTERCEPT)
            if intercept.shape != (1,):
                raise ArtifactRefused("the intercept is not one number")
            return Linear(_floats(tensors, layout.COEF), float(intercept[0]))
        case "forest":
            indices = {name: _indices(tensors, name) for name in ("roots", "left", "right", "feature")}
            return Forest(**indices, threshold=_floats(tensors, "threshold"), value=_floats(tensors, "value"))
        case _:
            raise ArtifactRefused(f"unknown family {family!r}: linear and forest are known")


def _log_table(tensors: _Tensors, sublinear_tf: bool) -> Floats:
    if not sublinear_tf:
        return np.empty(0)
    table = _floats(tensors, layout.LOG_TABLE)
    if table.ndim != 1 or table.size == 0 or not np.isfinite(table).all():
        raise ArtifactRefused("the table of logarithms is damaged")
    return table


def _floats(tensors: _Tensors, name: str) -> Floats:
    return cast("Floats", _tensor(tensors, name, np.dtype(np.float64)))


def _indices(tensors: _Tensors, name: str) -> NDArray[np.int32]:
    return cast("NDArray[np.int32]", _tensor(tensors, name, np.dtype(np.int32)))


def _tensor(tensors: _Tensors, name: str, dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    tensor = tensors.get(name)
    if tensor is None or tensor.dtype != dtype:
        raise ArtifactRefused(f"the tensor {name} is missing or not {dtype}")
    return tensor


def _object(metadata: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = metadata.get(name)
    if not isinstance(value, dict):
        raise ArtifactRefused(f"the metadata has no object {name}")
    return cast("Mapping[str, object]", value)

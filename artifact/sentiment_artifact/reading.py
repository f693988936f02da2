"""Reads a compiled model and refuses, with one kind of error, every file that is none.

Nothing in the file is trusted: lengths are checked by safetensors, everything else here and in `model.check_forest`. No
pickle is involved anywhere, and numpy only where a forest is read: a server of a linear model does without it.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict, cast

from safetensors import SafetensorError, deserialize  # pyright: ignore[reportUnknownVariableType] - it has no types

from sentiment_artifact import layout
from sentiment_artifact.pool import PooledTerms
from sentiment_artifact.refusal import ArtifactRefused, require

if TYPE_CHECKING:
    from sentiment_artifact.model import Forest

Numbers: TypeAlias = "memoryview[float]"
"""Doubles, one after the other, in memory that can be pointed at."""

_Type = Literal["F64", "I32", "U8"]
_NAME_OF: dict[_Type, str] = {"F64": "float64", "I32": "int32", "U8": "uint8"}
_LENGTH_BYTES = 8
_LONGEST_METADATA = 65_536


class _Tensor(TypedDict):
    """As safetensors gives it: `data` has as many bytes as type and shape say."""

    dtype: str
    shape: list[int]
    data: bytearray


_Tensors = Mapping[str, _Tensor]


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Binary logistic regression: `coef` has one value per term, the positive class is the second one."""

    coef: Numbers
    intercept: float


@dataclass(frozen=True, eq=False)
class Weights:
    """What follows from the counts of a text; all that is kept of a file beside the index of its terms.

    `idf` has one value per term. `log_table[count]` is 1 + log(count); it is empty when counts are used as they are.
    """

    idf: Numbers
    log_table: Numbers
    sublinear_tf: bool
    classifier: "Coefficients | Forest"


@dataclass(frozen=True, eq=False)
class Contents:
    """All that a file holds. `pool` has the terms as UTF-8, one to a line."""

    pool: bytes
    terms: PooledTerms
    ngram_max: int
    min_word_length: int
    weights: Weights
    unidata_version: str


def read_model(content: bytes) -> Contents:
    """What the bytes of a file hold. Raises ArtifactRefused for those of a damaged or foreign file."""
    tensors = _tensors(content)
    metadata = _metadata(content)
    pool = bytes(_tensor(tensors, layout.TERMS, "U8")["data"])
    terms = _terms(pool)
    ngram_max, min_word_length, sublinear_tf = _options(_object(metadata, "options"))
    weights = Weights(
        idf=_finite(tensors, layout.IDF, len(terms)),
        log_table=_log_table(tensors, sublinear_tf),
        sublinear_tf=sublinear_tf,
        classifier=_classifier(tensors, metadata.get("family"), len(terms)),
    )
    return Contents(pool, terms, ngram_max, min_word_length, weights, str(metadata.get("unidata_version", "")))


def _tensors(content: bytes) -> _Tensors:
    try:
        return dict(cast("list[tuple[str, _Tensor]]", deserialize(content)))
    except SafetensorError as error:
        raise ArtifactRefused(f"not a whole safetensors file: {error}") from error


def _metadata(content: bytes) -> Mapping[str, object]:
    """What stands in the header beside the tensors: safetensors has read the header already, and keeps that to itself."""
    end = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "little")
    try:
        entries: Mapping[str, str] = json.loads(content[_LENGTH_BYTES:end]).get("__metadata__") or {}
    except (ValueError, RecursionError) as error:
        raise ArtifactRefused("the header is no JSON that Python reads") from error
    text = entries.get(layout.METADATA_KEY, "")
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
    if metadata.get("classes") != list(layout.CLASSES):
        raise ArtifactRefused(f"the classes are not {', '.join(layout.CLASSES)}")


def _options(options: Mapping[str, object]) -> tuple[int, int, bool]:
    """`ngram_max`, `min_word_length` and `sublinear_tf`."""
    fixed = {"lowercase": True, "norm": "l2"}
    lengths = [length for length, pattern in layout.TOKEN_PATTERNS.items() if pattern == options.get("token_pattern")]
    if not lengths or any(options.get(name) != value for name, value in fixed.items()):
        raise ArtifactRefused("the text options are not those that this program implements")
    ngram_max, sublinear_tf = options.get("ngram_max"), options.get("sublinear_tf")
    if type(ngram_max) is not int or type(sublinear_tf) is not bool:
        raise ArtifactRefused("ngram_max or sublinear_tf is missing or of a wrong type")
    require(1 <= ngram_max <= layout.LONGEST_NGRAM, f"ngram_max is {ngram_max}, not 1 to {layout.LONGEST_NGRAM}")
    return ngram_max, lengths[0], sublinear_tf


def _terms(pool: bytes) -> PooledTerms:
    try:
        return PooledTerms(pool)
    except UnicodeDecodeError as error:
        raise ArtifactRefused("the terms are no UTF-8") from error


def _classifier(tensors: _Tensors, family: object, terms: int) -> "Coefficients | Forest":
    match family:
        case "linear":
            (intercept,) = _finite(tensors, layout.INTERCEPT, 1)
            return Coefficients(_finite(tensors, layout.COEF, terms), intercept)
        case "forest":
            return _forest(tensors, terms)
        case _:
            raise ArtifactRefused(f"unknown family {family!r}: linear and forest are known")


def _forest(tensors: _Tensors, terms: int) -> "Forest":
    import numpy as np

    from sentiment_artifact.model import Forest, check_forest

    def array(name: str, kind: _Type) -> "np.ndarray":
        tensor = _tensor(tensors, name, kind)
        return np.frombuffer(tensor["data"], dtype=_NAME_OF[kind]).reshape(tensor["shape"])

    indices = {name: array(name, "I32") for name in ("roots", "left", "right", "feature")}
    forest = Forest(**indices, threshold=array("threshold", "F64"), value=array("value", "F64"))
    check_forest(forest, terms)
    return forest


def _log_table(tensors: _Tensors, sublinear_tf: bool) -> Numbers:
    if not sublinear_tf:
        return memoryview(bytearray()).cast("d")
    tensor = _tensor(tensors, layout.LOG_TABLE, "F64")
    table = memoryview(tensor["data"]).cast("d")
    if len(tensor["shape"]) != 1 or not table or not _are_finite(table):
        raise ArtifactRefused("the table of logarithms is damaged")
    return table


def _finite(tensors: _Tensors, name: str, length: int) -> Numbers:
    tensor = _tensor(tensors, name, "F64")
    require(tensor["shape"] == [length], f"{name} has the shape {tensor['shape']}, not {[length]}")
    numbers = memoryview(tensor["data"]).cast("d")
    require(_are_finite(numbers), f"{name} holds a value that is not a finite number")
    return numbers


def _are_finite(numbers: Numbers) -> bool:
    """A sum is finite only where all that was summed is; the other way round, finite numbers may have an infinite sum."""
    return math.isfinite(sum(numbers)) or all(map(math.isfinite, numbers))


def _tensor(tensors: _Tensors, name: str, kind: _Type) -> _Tensor:
    tensor = tensors.get(name)
    if tensor is None or tensor["dtype"] != kind:
        raise ArtifactRefused(f"the tensor {name} is missing or not {_NAME_OF[kind]}")
    return tensor


def _object(metadata: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = metadata.get(name)
    if not isinstance(value, dict):
        raise ArtifactRefused(f"the metadata has no object {name}")
    return cast("Mapping[str, object]", value)

"""Whatever is done to a file, reading it ends in a model that scores or in ArtifactRefused, never in anything else."""

import json
import random
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from sentiment_artifact import ArtifactRefused, CompiledModel, Forest, Linear, Tfidf, Tree, digest_of, write_model
from tests.unit.artifact.conftest import ENGINES

_TEXTS = ("a good film, not bad at all", "Ωραία ταινία! " * 9, "bad " * 40, "", "\ud800 good\x00film")


def _read(path: Path, content: bytes) -> bool:
    """Whether a model came out, of every engine the same; every other end than a refusal is an error."""
    path.write_bytes(content)
    answers = [_answers(path, engine) for engine in ENGINES]
    assert all(repr(answer) == repr(answers[0]) for answer in answers)  # repr: no number is not equal to itself
    return answers[0] is not None


def _answers(path: Path, engine: str) -> list[object] | None:
    try:
        return CompiledModel.load(path, engine=engine).score_many(_TEXTS)
    except ArtifactRefused:
        return None


def test_every_truncated_file_is_refused(small_file: Path) -> None:
    content = small_file.read_bytes()
    lengths = [*range(1_200), *range(1_200, len(content), 997), len(content) - 1]
    assert [length for length in lengths if _read(small_file, content[:length])] == []


def test_appended_bytes_are_refused(small_file: Path) -> None:
    assert not _read(small_file, small_file.read_bytes() + b"\0")


def test_flipped_bits_never_surprise(small_file: Path) -> None:
    content = small_file.read_bytes()
    rng = random.Random(5)
    header = 8 + struct.unpack("<Q", content[:8])[0]
    for position in [*range(header), *(rng.randrange(header, len(content)) for _ in range(500))]:
        flipped = bytearray(content)
        flipped[position] ^= 1 << rng.randrange(8)
        _read(small_file, bytes(flipped))


def _damaged(rng: random.Random, content: bytes) -> bytes:
    """Cut, lengthened, with bits flipped, numbers put in, or pieces moved; in the header, in the arrays or in both."""
    damaged = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 5, 40))):
        # The header and the terms are where most can go wrong, and the tables are long.
        at = rng.randrange(min(len(damaged), 2_000) if rng.random() < 0.7 else len(damaged))
        match rng.randrange(6):
            case 0:
                damaged[at] ^= 1 << rng.randrange(8)
            case 1:
                damaged[at : at + 8] = rng.randbytes(8)
            case 2:
                damaged[at : at + 4] = struct.pack(
                    "<i", rng.choice((-1, 0, 1, 2, 2**31 - 1, -(2**31), rng.getrandbits(16)))
                )
            case 3:
                damaged[at : at + 8] = struct.pack("<d", rng.choice((float("nan"), float("inf"), -0.0, 1e308, 5e-324)))
            case 4:
                length = rng.randrange(32)
                damaged[at : at + length] = damaged[-length:]
            case _:
                del damaged[at : at + rng.randrange(64)]
        if not damaged:
            return b""
    return bytes(damaged)


@pytest.fixture
def damageable(tmp_path: Path) -> list[bytes]:
    """Small whole files of both families, with and without a table of logarithms."""
    terms = ["bad", "bad film", "film", "good", "good film", "good film bad", "nicht übel", "ταινία", "ωραία"]
    weights = np.linspace(1.0, 3.0, len(terms))
    tree = Tree(
        np.array([1, -1, -1]), np.array([2, -1, -1]), np.array([3, -2, -2]), np.array([0.5, -2, -2]), np.eye(3, 2)
    )
    contents: list[bytes] = []
    for sublinear_tf in (False, True):
        for classifier in (Linear(weights - 2, 0.25), Forest.of([tree, tree])):
            write_model(tmp_path / "m", Tfidf(terms, weights, 3, sublinear_tf), classifier, text_limit=60)
            contents.append((tmp_path / "m").read_bytes())
    return contents


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "files", [1_500, pytest.param(120_000, marks=[pytest.mark.campaign, pytest.mark.timeout(3_600)])]
)
def test_damaged_files_are_refused_or_score_alike(tmp_path: Path, damageable: list[bytes], files: int) -> None:
    rng = random.Random(files)
    read = [_read(tmp_path / "m", _damaged(rng, rng.choice(damageable))) for _ in range(files)]
    assert 0.02 < sum(read) / files < 0.98  # both ends were looked at


def test_any_flipped_bit_breaks_the_digest(small_file: Path) -> None:
    digest = digest_of(small_file)
    content = bytearray(small_file.read_bytes())
    content[-1] ^= 1
    small_file.write_bytes(content)
    with pytest.raises(ArtifactRefused, match=digest):
        CompiledModel.load(small_file, digest)


def _metadata(**change: object) -> dict[str, object]:
    options = {
        "lowercase": True,
        "token_pattern": r"(?u)\b\w\w+\b",
        "ngram_max": 2,
        "sublinear_tf": False,
        "norm": "l2",
    }
    metadata = {
        "format": "rpm",
        "format_version": 1,
        "family": "linear",
        "classes": ["negative", "positive"],
        "options": options,
    }
    return {**metadata, **change}


def _tensors(**change: np.ndarray) -> dict[str, np.ndarray]:
    terms = np.frombuffer(b"bad\ngood", dtype=np.uint8)
    return {"terms": terms, "idf": np.ones(2), "coef": np.ones(2), "intercept": np.zeros(1), **change}


def _content(tensors: dict[str, np.ndarray] | None = None, metadata: object = None) -> bytes:
    return save(tensors or _tensors(), {"compiled_model": json.dumps(metadata or _metadata())})


def _options(**change: object) -> dict[str, object]:
    metadata = _metadata()
    return {**metadata, "options": {**metadata["options"], **change}}


_LIES = {
    "no metadata": save(_tensors()),
    "metadata of something else": save(_tensors(), {"format": "pt"}),
    "metadata that is no JSON": save(_tensors(), {"compiled_model": "{"}),
    "metadata that is a list": save(_tensors(), {"compiled_model": "[]"}),
    "metadata nested without end": save(_tensors(), {"compiled_model": "[" * 60_000}),
    "metadata without end": save(_tensors(), {"compiled_model": " " * 70_000 + "{}"}),
    "a number of 5000 digits": save(_tensors(), {"compiled_model": "9" * 5_000}),
    "another format": _content(metadata=_metadata(format="onnx")),
    "a later version": _content(metadata=_metadata(format_version=2)),
    "another family": _content(metadata=_metadata(family="transformer")),
    "other classes": _content(metadata=_metadata(classes=["positive", "negative"])),
    "no options": _content(metadata=_metadata(options=None)),
    "another tokeniser": _content(metadata=_options(token_pattern=".")),
    "no lower case": _content(metadata=_options(lowercase=False)),
    "an option of a wrong type": _content(metadata=_options(ngram_max=True)),
    "n-grams of a million words": _content(metadata=_options(ngram_max=1_000_000)),
    "terms that are no UTF-8": _content(_tensors(terms=np.frombuffer(b"\xff\xfe\ngood", dtype=np.uint8))),
    "terms out of order": _content(_tensors(terms=np.frombuffer(b"good\nbad", dtype=np.uint8))),
    "a term twice": _content(_tensors(terms=np.frombuffer(b"good\ngood", dtype=np.uint8))),
    "more terms than weights": _content(_tensors(terms=np.frombuffer(b"bad\nfine\ngood", dtype=np.uint8))),
    "weights in single precision": _content(_tensors(idf=np.ones(2, dtype=np.float32))),
    "weights in a matrix": _content(_tensors(coef=np.ones((2, 1)))),
    "weights that are no numbers": _content(_tensors(coef=np.array([1.0, np.nan]))),
    "two intercepts": _content(_tensors(intercept=np.zeros(2))),
    "no intercept": _content({k: v for k, v in _tensors().items() if k != "intercept"}),
    "no table of logarithms": _content(metadata=_options(sublinear_tf=True)),
    "a forest without trees": _content(metadata=_metadata(family="forest")),
    "a pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    "a zip file": b"PK\x03\x04" + b"\0" * 64,
    "a length of 2**63": struct.pack("<Q", 2**63) + b"{}",
    "nothing": b"",
}


@pytest.mark.parametrize("content", _LIES.values(), ids=_LIES.keys())
def test_a_file_that_lies_is_refused(tmp_path: Path, content: bytes) -> None:
    assert not _read(tmp_path / "m.rpm1", content)


def test_the_honest_file_of_these_tests_is_read(tmp_path: Path) -> None:
    assert _read(tmp_path / "m.rpm1", _content())


def test_a_cycle_in_a_tree_is_refused(tmp_path: Path) -> None:
    forest = {
        "roots": np.array([0], dtype=np.int32),
        "left": np.array([0, -1], dtype=np.int32),
        "right": np.array([0, -1], dtype=np.int32),
        "feature": np.zeros(2, dtype=np.int32),
        "threshold": np.zeros(2),
        "value": np.zeros((2, 2)),
    }
    assert not _read(tmp_path / "m.rpm1", _content({**_tensors(), **forest}, _metadata(family="forest")))


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: None], ids=["a folder", "nothing"])
def test_what_is_no_file_is_an_error_that_callers_expect(tmp_path: Path, make) -> None:
    make(tmp_path / "m.rpm1")
    with pytest.raises((ArtifactRefused, OSError)):
        CompiledModel.load(tmp_path / "m.rpm1")

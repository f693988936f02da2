"""What goes into the file, and what is refused before it does."""

import hashlib
import os
import subprocess
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load

from sentiment_artifact import ArtifactRefused, CompiledModel, Forest, Linear, Tree, digest_of, write_model

_GOLDEN = "8008381f37f042fb92937e0bdbc3531569af712702620d2fb131e4e4972831f3"


def test_the_same_content_gives_the_same_bytes_in_every_process(tmp_path: Path, small_model) -> None:
    script = (
        "import sys, numpy as np\n"
        "from sentiment_artifact import Linear, Tfidf, write_model\n"
        "print(write_model(sys.argv[1], Tfidf(['bad', 'good', 'good film'], np.array([1.5, 1.25, 2.0]), 2, True),"
        " Linear(np.array([-2.0, 2.0, 0.5]), 0.25)))\n"
    )
    digests = {write_model(tmp_path / "here.rpm1", *small_model)}
    for seed in ("1", "2", "3"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", script, str(tmp_path / f"{seed}.rpm1")]
        digests.add(subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout.strip())
    assert digests == {digest_of(tmp_path / "here.rpm1")}


def test_the_layout_of_this_format_version_does_not_change(tmp_path: Path, small_model) -> None:
    """Models that are in use keep their digests: another layout needs another format version.

    The table of logarithms and the Unicode version depend on the machine and are left out.
    """
    features, classifier = small_model
    write_model(tmp_path / "m.rpm1", replace(features, sublinear_tf=False), classifier)
    content = (tmp_path / "m.rpm1").read_bytes().replace(unicodedata.unidata_version.encode(), b"15.0.0")
    assert hashlib.sha256(content).hexdigest() == _GOLDEN


def test_a_model_reads_back_as_it_was_written(tmp_path: Path, small_model) -> None:
    digest = write_model(tmp_path / "m.rpm1", *small_model)
    model = CompiledModel.load(tmp_path / "m.rpm1", digest)
    assert (model.family, model.terms, model.digest) == ("linear", 3, digest)
    assert model.options == {"ngram_max": 2, "sublinear_tf": True, "min_word_length": 2}
    assert model.same_unicode


def test_words_of_one_character_are_an_option_of_the_file(tmp_path: Path, small_model) -> None:
    features = replace(small_model[0], terms=["8", "8 10", "good"], min_word_length=1)
    digest = write_model(tmp_path / "m.rpm1", features, small_model[1])
    model = CompiledModel.load(tmp_path / "m.rpm1")
    assert model.options["min_word_length"] == 1
    assert model.score("8/10").decision != model.score("10").decision
    assert write_model(tmp_path / "m.rpm1", replace(features, min_word_length=2), small_model[1]) != digest


@pytest.mark.parametrize(("min_word_length", "fullest"), [(1, "a b " * 25), (2, "aa " * 33)])
def test_the_table_of_logarithms_covers_the_fullest_text(
    tmp_path: Path, small_model, min_word_length: int, fullest: str
) -> None:
    features = replace(small_model[0], min_word_length=min_word_length)
    write_model(tmp_path / "m.rpm1", features, small_model[1], text_limit=len(fullest))
    table = load((tmp_path / "m.rpm1").read_bytes())["log_table"]
    assert len(table) == len(fullest.split()) + 1


def test_nothing_is_left_behind_when_writing_fails(tmp_path: Path, small_model) -> None:
    (tmp_path / "m.rpm1").mkdir()
    with pytest.raises(OSError):
        write_model(tmp_path / "m.rpm1", *small_model)
    assert [path.name for path in tmp_path.iterdir()] == ["m.rpm1"]


_BAD_FEATURES = {
    "no terms": {"terms": [], "idf": np.array([])},
    "terms out of order": {"terms": ["good", "bad", "good film"]},
    "a term twice": {"terms": ["bad", "bad", "good"]},
    "a line break in a term": {"terms": ["bad", "good", "good\nfilm"]},
    "an empty term": {"terms": ["", "bad", "good"]},
    "half a surrogate pair": {"terms": ["bad", "good", "good\ud800"]},
    "too few weights": {"idf": np.array([1.0, 2.0])},
    "a weight that is no number": {"idf": np.array([1.0, np.nan, 2.0])},
    "weights in single precision": {"idf": np.ones(3, dtype=np.float32)},
    "n-grams too long": {"ngram_max": 4},
    "n-grams too short": {"ngram_max": 0},
    "words of three characters": {"min_word_length": 3},
    "words of none": {"min_word_length": 0},
}


@pytest.mark.parametrize("change", _BAD_FEATURES.values(), ids=_BAD_FEATURES.keys())
def test_features_that_make_no_model_are_refused(tmp_path: Path, small_model, change: dict[str, object]) -> None:
    features, classifier = small_model
    with pytest.raises(ArtifactRefused):
        write_model(tmp_path / "m.rpm1", replace(features, **change), classifier)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "classifier", [Linear(np.ones(2), 0.0), Linear(np.ones(3), np.inf), Linear(np.full(3, np.nan), 0.0)]
)
def test_weights_that_make_no_model_are_refused(tmp_path: Path, small_model, classifier: Linear) -> None:
    with pytest.raises(ArtifactRefused):
        write_model(tmp_path / "m.rpm1", small_model[0], classifier)


def _stump(**change: object) -> Tree:
    parts = {
        "children_left": np.array([1, -1, -1]),
        "children_right": np.array([2, -1, -1]),
        "feature": np.array([1, -2, -2]),
        "threshold": np.array([0.5, -2.0, -2.0]),
        "value": np.array([[[0.5, 0.5]], [[0.9, 0.1]], [[0.2, 0.8]]]),
    }
    return Tree(**{**parts, **change})


def test_a_forest_of_stumps_votes(tmp_path: Path, small_model) -> None:
    write_model(tmp_path / "m.rpm1", small_model[0], Forest.of([_stump(), _stump()]))
    model = CompiledModel.load(tmp_path / "m.rpm1")
    assert [(s.sentiment, s.probability) for s in model.score_many(["good", "bad"])] == [
        ("positive", 0.8),
        ("negative", 0.9),
    ]


_BAD_TREES = {
    "a child before its parent": {"children_left": np.array([0, -1, -1])},
    "a child that does not exist": {"children_right": np.array([3, -1, -1])},
    "only one child": {"children_right": np.array([-1, -1, -1])},
    "a term that does not exist": {"feature": np.array([3, -2, -2])},
    "votes of one class": {"value": np.ones((3, 1, 1))},
    "votes that are no numbers": {"value": np.full((3, 2), np.nan)},
}


@pytest.mark.parametrize("change", _BAD_TREES.values(), ids=_BAD_TREES.keys())
def test_trees_that_make_no_model_are_refused(tmp_path: Path, small_model, change: dict[str, object]) -> None:
    with pytest.raises(ArtifactRefused):
        write_model(tmp_path / "m.rpm1", small_model[0], Forest.of([_stump(), _stump(**change)]))


def test_a_forest_without_trees_is_refused() -> None:
    with pytest.raises(ArtifactRefused):
        Forest.of([])

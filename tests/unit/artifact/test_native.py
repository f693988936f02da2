"""The compiled library: that it is there, that it cuts and scores as Python does, and that nothing makes it fail."""

import ctypes
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from sentiment_artifact import CompiledModel, Linear, Tfidf, write_model
from sentiment_artifact.native import build
from sentiment_artifact.native.library import library, load
from sentiment_artifact.terms import terms_of
from sentiment_artifact.words import word_bits
from tests.unit.artifact.conftest import ENGINES, load_with_every_engine

_ANY_BYTES = Path(__file__).parents[2] / "support" / "native_bytes.py"
_COMPILES = platform.system() == "Linux" and platform.machine() in ("x86_64", "aarch64")
native = pytest.mark.skipif("native" not in ENGINES, reason="the native scorer was not built for this kind of machine")


@pytest.mark.skipif(not _COMPILES, reason="no compiler is installed with the tests on this kind of machine")
def test_it_was_built_with_the_environment_of_the_tests() -> None:
    assert library() is not None


def test_every_code_point_is_a_word_character_exactly_where_python_says_so() -> None:
    bits = np.unpackbits(np.frombuffer(word_bits(), dtype=np.uint8), bitorder="little")
    assert len(bits) == sys.maxunicode + 1
    assert [point for point, bit in enumerate(bits) if bit != bool(re.match(r"\w", chr(point)))] == []


def _model(path: Path, terms: list[str], ngram_max: int = 3) -> tuple[CompiledModel, ...]:
    """A model of these terms, in which every one has a share of its own in the decision; by every engine."""
    rng = np.random.default_rng(len(terms))
    features = Tfidf(sorted(terms), rng.uniform(1, 9, size=len(terms)), ngram_max, sublinear_tf=True)
    write_model(path, features, Linear(rng.normal(size=len(terms)), 0.125), text_limit=600)
    return load_with_every_engine(path)


def _differing(models: tuple[CompiledModel, ...], texts: list[str]) -> list[str]:
    reference, *others = (model.score_many(texts) for model in models)
    return [
        text for scores in others for text, one, other in zip(texts, reference, scores, strict=True) if one != other
    ]


@native
def test_every_code_point_in_every_place_is_cut_alike(tmp_path: Path) -> None:
    """Native code looks at 64 bytes at a time: characters of every length stand at every distance from such a border."""
    rng = random.Random(3)
    characters = [chr(point) for point in range(sys.maxunicode + 1)]
    rng.shuffle(characters)
    texts = ["".join(characters[start : start + 700]) for start in range(0, len(characters), 700)]
    texts += [" ".join(f"{c}{c}" for c in characters[start : start + 300]) for start in range(0, 60_000, 300)]
    texts += ["a" * before + f" {c}{c} film" for before in range(70) for c in "éक𝔣x\ud800"]
    words = [word for text in texts for word in terms_of(text, 1)]
    models = _model(tmp_path / "m", [word for word in {*words[::2], "film"} if "\ud800" not in word])
    assert _differing(models, texts) == []


@native
def test_words_of_every_length_are_told_apart(tmp_path: Path) -> None:
    words = [start * length for length in range(1, 40) for start in ("a", "b", "é", "𝔣")]
    words += [f"{'x' * length}{end}" for length in range(1, 40) for end in "ab"]
    known = {word for word in words[::2] if len(word) > 1}
    texts = [*words, " ".join(words), " ".join(reversed(words)), *(f"{word} {word}" for word in words)]
    models = _model(tmp_path / "m", [*known, *(f"{word} {word}" for word in sorted(known)[::3])])
    assert _differing(models, texts) == []


@native
def test_long_words_that_have_one_key_are_told_apart() -> None:
    """With the multiplier 1, which only a test chooses, such words are easily found."""
    known, alike, unknown = (f"{letter}{'a' * 7}" * 2 for letter in "abc")
    pool = f"{known}\n{alike}".encode()
    scorer = library()
    index = scorer.index_new(pool, len(pool), 1, 2, word_bits(), 1)
    columns, counts = np.empty(9, dtype=np.int32), np.empty(9, dtype=np.int64)

    def found(text: str) -> list[int]:
        room = (columns.ctypes.data, counts.ctypes.data, len(columns))
        return columns[: scorer.index_count(index, text.encode(), len(text), *room)].tolist()

    assert [found(known), found(alike), found(unknown), found(f"{alike} {unknown} {known}")] == [[0], [1], [], [0, 1]]
    scorer.index_free(index)


@native
def test_terms_that_no_text_has_are_never_found(tmp_path: Path) -> None:
    impossible = [
        "",
        " ",
        "a",
        "a b",
        "ab ",
        " ab",
        "ab  cd",
        "ab\x00",
        "\x00",
        "ab-cd",
        "AB",
        "ab cd ef gh",
        "x y z w",
        "ab\t",
    ]
    texts = [*impossible, "ab cd", "ab cd ef gh", "ab  cd", "ab-cd ef", "ab cd", "AB CD", "é ab é", "ab\x00 cd"]
    models = _model(tmp_path / "m", [*filter(None, impossible), "ab", "ab cd", "cd ef", "cd ef gh"])
    assert _differing(models, [*texts, " ".join(texts), ". ".join(texts)]) == []


@native
def test_runs_of_words_whose_parts_are_no_terms_are_found(tmp_path: Path) -> None:
    models = _model(tmp_path / "m", ["ab cd", "cd ef gh", "ef ab cd"])
    assert _differing(models, ["ab cd", "cd ef gh", "ab cd ef gh", "ef ab cd ef ab cd", "ab", "ab ef"]) == []


@native
def test_alone_and_among_others_a_text_scores_alike(small_file: Path, make_texts) -> None:
    texts = ["good film", "", "bad", *make_texts(5, 50), "good " * 40_000]
    for model in load_with_every_engine(small_file):
        assert model.score_many(texts) == [model.score(text) for text in texts]
    assert model.score_many(iter(())) == []


@native
def test_threads_score_at_once_and_alike(tmp_path: Path, make_texts) -> None:
    texts = make_texts(6, 400)
    reference, model = _model(tmp_path / "m", sorted({word for text in texts for word in terms_of(text, 1)}), 1)
    found: list[bool] = []

    def score() -> None:
        found.append(model.score_many(texts * 5) == expected)

    expected = reference.score_many(texts) * 5
    threads = [threading.Thread(target=score) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8


@native
def test_other_threads_go_on_while_a_text_is_scored(small_file: Path) -> None:
    model = CompiledModel.load(small_file, engine="native")
    lowered = b"a good film " * 1_000_000
    times: list[float] = []

    def score() -> None:
        times.append(time.perf_counter())
        model._scorer._model.score(lowered)
        times.append(time.perf_counter())

    thread = threading.Thread(target=score)
    thread.start()
    seen: list[float] = []
    while thread.is_alive():
        seen.append(time.perf_counter())
    began, ended = times
    inside = [moment for moment in seen if began + (ended - began) / 4 < moment < ended - (ended - began) / 4]
    assert inside != []


def test_without_the_library_python_scores(small_file: Path, tmp_path: Path) -> None:
    """As on a machine where nothing could be compiled: here in an environment of its own, that has no library."""
    script = (
        "import sys; sys.prefix = sys.argv[2]\n"
        "from sentiment_artifact import CompiledModel\n"
        "model = CompiledModel.load(sys.argv[1])\n"
        "print(model.engine, model.score('good film').decision)\n"
        "try: CompiledModel.load(sys.argv[1], engine='native')\n"
        "except OSError as error: print(error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script, str(small_file), str(tmp_path)]
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    assert answer.startswith(f"python {CompiledModel.load(small_file).score('good film').decision}\n")
    assert "Next: " in answer


def test_a_library_that_cannot_be_loaded_is_told_and_python_scores(small_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lib" / "sentiment-native"
    folder.mkdir(parents=True)
    (folder / build.file_name()).write_bytes(b"\x7fELF, but no more of it")
    script = (
        "import sys; sys.prefix = sys.argv[2]\n"
        "from sentiment_artifact import CompiledModel\n"
        "print(CompiledModel.load(sys.argv[1]).engine)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script, str(small_file), str(tmp_path)]
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert answer.stdout == "python\n"
    assert "cannot be loaded" in answer.stderr


def test_a_machine_without_a_compiler_is_told_what_to_install(tmp_path: Path) -> None:
    command = [sys.executable, "-S", build.__file__, str(tmp_path / "lib")]
    answer = subprocess.run(command, env={"PATH": str(tmp_path)}, check=False, capture_output=True, text=True)
    assert answer.returncode == 3
    assert "Next: pip install ziglang" in answer.stderr
    assert not list((tmp_path / "lib").glob("*.so"))


def test_the_machines_own_compiler_makes_it_too(tmp_path: Path) -> None:
    if shutil.which("cc") is None:
        pytest.skip("this machine has no cc")
    command = [sys.executable, "-S", build.__file__, str(tmp_path)]
    subprocess.run(command, env={"PATH": os.environ["PATH"]}, check=True, capture_output=True)
    assert [path.name for path in tmp_path.iterdir()] == [build.file_name()]
    assert load(tmp_path / build.file_name()).terms_in_order(b"bad\ngood", 8) == 2


_NO_MORE = """
#include <stddef.h>
void *calloc(size_t, size_t);
__attribute__((visibility("default"))) int made;
void *no_more(void *old, size_t size) { (void)old, (void)size; return NULL; }
void *counted(size_t count, size_t size) { return ++made < 9 ? calloc(count, size) : NULL; }
"""


def test_no_memory_for_a_long_word_is_not_taken_for_a_full_table(tmp_path: Path) -> None:
    if shutil.which("cc") is None:
        pytest.skip("this machine has no cc")
    (tmp_path / "no_more.c").write_text(_NO_MORE)
    subprocess.run(["cc", "-c", "-fPIC", "no_more.c"], cwd=tmp_path, check=True)
    flags = ("-std=c11", "-fPIC", "-shared", "-Drealloc=no_more", "-Dcalloc=counted")
    subprocess.run(["cc", *flags, "-o", "scorer.so", "no_more.o", *build.SOURCES], cwd=tmp_path, check=True)
    short_of_memory, pool = load(tmp_path / "scorer.so"), b"bad\nwonderful"
    assert short_of_memory.index_new(pool, len(pool), 1, 2, word_bits(), 1) is None
    assert ctypes.c_int.in_dll(short_of_memory, "made").value == 2, "the index and its one table"


@pytest.mark.parametrize(
    "rounds", [1_500, pytest.param(200_000, marks=[pytest.mark.campaign, pytest.mark.timeout(3_600)])]
)
def test_no_bytes_whatever_lead_it_beyond_its_arrays(tmp_path: Path, rounds: int) -> None:
    """Terms and texts that no file that was read and no str could hold, under the address sanitizer of the machine's gcc."""
    if shutil.which("gcc") is None:
        pytest.skip("this machine has no gcc")
    sanitizer = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True).stdout.strip()
    target = tmp_path / "scorer.so"
    flags = ("-g", "-O1", "-fPIC", "-shared", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    built = subprocess.run(["gcc", *flags, "-o", target, *build.SOURCES], capture_output=True, text=True)
    if built.returncode or not Path(sanitizer).is_file():
        pytest.skip("gcc has no sanitizers here")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "LD_PRELOAD": sanitizer,
        "PYTHONMALLOC": "malloc",
        "ASAN_OPTIONS": "detect_leaks=0",
    }
    command = [sys.executable, _ANY_BYTES, target, "1", str(rounds)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (answer.returncode, answer.stdout) == (0, "done\n"), answer.stderr[-4_000:]

"""A compiled model answers bit for bit like the scikit-learn model it was made from."""

import random
import sys

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from sentiment_artifact import Forest, Linear, Tfidf, Tree, write_model
from sentiment_artifact.terms import terms_of
from tests.unit.artifact.conftest import load_with_every_engine

TOKENS = [r"(?u)\b\w+\b", r"(?u)\b\w\w+\b"]


def _options(rng: random.Random) -> dict[str, object]:
    return {
        "ngram_range": (1, rng.randint(1, 3)),
        "min_df": rng.randint(1, 5),
        "max_features": rng.choice((None, 10, 200, 5_000)),
        "sublinear_tf": rng.random() < 0.5,
        "token_pattern": rng.choice(TOKENS),
    }


def _labels(rng: random.Random, count: int) -> list[int]:
    return [0, 1, *(rng.randint(0, 1) for _ in range(count - 2))]


@pytest.mark.parametrize("forest", [False, True], ids=["linear", "forest"])
@pytest.mark.parametrize("seed", range(6))
def test_any_options_score_any_text_alike(make_texts, make_twins, differences, seed: int, forest: bool) -> None:
    rng = random.Random(seed)
    twins = make_twins(make_texts(seed, 400), _labels(rng, 400), forest=forest, **_options(rng))
    assert differences(twins, make_texts(1_000 + seed, 450)) == []


@pytest.mark.parametrize("forest", [False, True], ids=["linear", "forest"])
@pytest.mark.parametrize("max_features", [None, 30], ids=["all terms", "30 terms"])
@pytest.mark.parametrize("sublinear_tf", [False, True], ids=["counts", "logarithms"])
@pytest.mark.parametrize("ngram_max", [1, 2, 3])
def test_every_combination_of_options_scores_alike(
    make_texts, make_twins, differences, ngram_max: int, sublinear_tf: bool, max_features: int | None, forest: bool
) -> None:
    options = {"ngram_range": (1, ngram_max), "sublinear_tf": sublinear_tf, "max_features": max_features, "min_df": 2}
    twins = make_twins(make_texts(31, 150), _labels(random.Random(31), 150), forest=forest, **options)
    assert differences(twins, make_texts(32, 120)) == []


@pytest.mark.campaign
@pytest.mark.parametrize("forest", [False, True], ids=["linear", "forest"])
@pytest.mark.parametrize("seed", range(24))
def test_a_million_texts_score_alike(make_texts, make_twins, differences, seed: int, forest: bool) -> None:
    """Twice 24 models, 21,000 texts each."""
    rng = random.Random(10_000 + seed)
    twins = make_twins(make_texts(seed, 2_000), _labels(rng, 2_000), forest=forest, **_options(rng))
    assert differences(twins, make_texts(100_000 + seed, 21_000)) == []


@pytest.mark.parametrize("min_word_length", [1, 2])
def test_every_code_point_is_cut_alike(min_word_length: int) -> None:
    analyze = TfidfVectorizer(ngram_range=(1, 2), token_pattern=TOKENS[min_word_length - 1]).build_analyzer()
    for start in range(0, sys.maxunicode + 1, 4_096):
        text = " ".join(f"{c}a{c} x{c}{c}X {c}Σ" for c in map(chr, range(start, start + 4_096)))
        assert terms_of(text, 2, min_word_length) == analyze(text), f"code points from U+{start:04X}"


@pytest.mark.parametrize("min_word_length", [1, 2])
@pytest.mark.parametrize("ngram_max", [1, 2, 3])
@pytest.mark.parametrize(
    "text", ["", "a", "aa", "aa bb", "aa bb cc dd", "aa\x00bb", "ΟΔΥΣΣΕΥΣ", "İİ", "\ud800aa\udc00"]
)
def test_short_texts_are_cut_alike(text: str, ngram_max: int, min_word_length: int) -> None:
    vectorizer = TfidfVectorizer(ngram_range=(1, ngram_max), token_pattern=TOKENS[min_word_length - 1])
    assert terms_of(text, ngram_max, min_word_length) == vectorizer.build_analyzer()(text)


@pytest.mark.parametrize("forest", [False, True], ids=["linear", "forest"])
@pytest.mark.parametrize("tokens", TOKENS)
def test_a_text_beyond_the_table_of_logarithms_scores_alike(
    make_texts, make_twins, differences, forest: bool, tokens: str
) -> None:
    texts = make_texts(7, 300)
    options = {"text_limit": 30, "sublinear_tf": True, "token_pattern": tokens}
    twins = make_twins(texts, _labels(random.Random(7), 300), forest=forest, **options)
    assert differences(twins, ["film " * 9, "film " * 10, "film " * 11, "film movie " * 60_000]) == []


def test_a_text_without_known_words_gets_the_intercept(make_texts, make_twins, differences) -> None:
    twins = make_twins(make_texts(8, 300), _labels(random.Random(8), 300))
    assert differences(twins, ["", " ", "zzzzqqqq", "\x00"]) == []
    assert {model.score("").decision for model in twins.compiled} == {twins.classifier.intercept_[0]}


@pytest.mark.parametrize("intercept", [-800.0, -40.0, 0.0, 40.0, 800.0])
def test_extreme_decisions_have_probabilities(make_texts, make_twins, differences, tmp_path, intercept: float) -> None:

    twins = make_twins(make_texts(9, 300), _labels(random.Random(9), 300))
    twins.classifier.intercept_[:] = intercept
    vectorizer = twins.vectorizer
    features = Tfidf(vectorizer.get_feature_names_out().tolist(), vectorizer.idf_, 1, False)
    write_model(tmp_path / "m.rpm1", features, Linear(twins.classifier.coef_[0], intercept))
    moved = type(twins)(vectorizer, twins.classifier, load_with_every_engine(tmp_path / "m.rpm1"))
    assert differences(moved, ["", *make_texts(10, 200)]) == []


def test_trees_compare_values_in_single_precision(tmp_path) -> None:
    """As scikit-learn does: a value that single precision rounds down to the threshold goes left."""
    idf = np.array([1.5, 1.25])
    first = float((idf / np.sqrt(np.add.accumulate(idf * idf)[-1]))[0])
    threshold = float(np.float32(first))
    assert threshold < first
    leaf = np.array([1, -1, -1]), np.array([2, -1, -1]), np.array([0, -2, -2]), np.array([threshold, -2.0, -2.0])
    stump = Tree(*leaf, value=np.array([[0.5, 0.5], [0.0, 1.0], [1.0, 0.0]]))
    write_model(tmp_path / "m.rpm1", Tfidf(["bad", "good"], idf, 1, False), Forest.of([stump]))
    assert {model.score("good bad").sentiment for model in load_with_every_engine(tmp_path / "m.rpm1")} == {"positive"}

"""The compiled model, and the counting of terms, on real reviews."""

import random
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from sentiment_artifact.native.counting import Wanted, count_terms
from sentiment_artifact.native.library import library
from sentiment_artifact.native.vocabulary import Vocabulary
from tests.unit.artifact.conftest import WORDS_OF_ONE_CHARACTER

_REVIEWS = Path(__file__).parents[4] / "shared/data/imdb50k.parquet"

pytestmark = [
    pytest.mark.imdb,
    pytest.mark.skipif(not _REVIEWS.is_file(), reason=f"the IMDB reviews are not at {_REVIEWS}"),
]


@pytest.fixture(scope="module")
def reviews() -> dict[str, list[tuple[str, int]]]:
    parquet = pytest.importorskip("pyarrow.parquet", reason="reading the IMDB reviews takes pyarrow")
    table = parquet.read_table(_REVIEWS, columns=["review", "sentiment", "split"]).to_pydict()
    rows = list(zip(table["review"], map(int, table["sentiment"]), table["split"], strict=True))
    random.Random(0).shuffle(rows)
    return {part: [(text, label) for text, label, split in rows if split == part] for part in ("train", "test")}


def _columns(rows: list[tuple[str, int]]) -> tuple[list[str], list[int]]:
    return [text for text, _ in rows], [label for _, label in rows]


@pytest.mark.parametrize("forest", [False, True], ids=["linear", "forest"])
def test_two_thousand_reviews_score_alike(reviews, make_twins, differences, forest: bool) -> None:
    texts, labels = _columns(reviews["train"][:2_500])
    twins = make_twins(texts, labels, forest=forest, ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    assert differences(twins, _columns(reviews["test"][:2_000])[0]) == []


@pytest.mark.campaign
@pytest.mark.parametrize("forest", [False, True], ids=["linear", "forest"])
def test_all_test_reviews_score_alike(reviews, make_twins, differences, forest: bool) -> None:
    options = {"min_df": 5, "max_features": 20_000} if forest else {"ngram_range": (1, 2), "min_df": 2}
    twins = make_twins(*_columns(reviews["train"]), forest=forest, sublinear_tf=True, **options)
    texts = _columns(reviews["test"])[0]
    assert len(texts) == 25_000
    assert differences(twins, texts) == []


@pytest.mark.parametrize("rows", [2_000, pytest.param(25_000, marks=pytest.mark.campaign)])
@pytest.mark.parametrize("wanted", [Wanted(3, 5, None, 1), Wanted(2, 2), Wanted(1, 5, 20_000, 1)], ids=str)
def test_terms_of_reviews_count_alike(reviews, rows: int, wanted: Wanted) -> None:
    if (native := library()) is None:
        pytest.skip("native code was not built for this kind of machine")
    options = {"token_pattern": WORDS_OF_ONE_CHARACTER} if wanted.min_word_length == 1 else {}
    reference = CountVectorizer(
        ngram_range=(1, wanted.ngram_max),
        min_df=wanted.min_document_frequency,
        max_features=wanted.max_features,
        dtype=np.float64,
        **options,
    )
    learnt, others = (_columns(reviews[part][:rows])[0] for part in ("train", "test"))
    expected = reference.fit_transform(learnt)
    counted = count_terms(native, learnt, wanted, threads=2)
    vocabulary = Vocabulary(native, counted.terms, wanted.ngram_max, wanted.min_word_length)
    assert counted.terms == reference.get_feature_names_out().tolist()
    for rows_of_ours, matrix in (
        (counted.rows, expected),
        (vocabulary.count(others, threads=2), reference.transform(others)),
    ):
        matrix.sort_indices()
        np.testing.assert_array_equal(rows_of_ours.ends, matrix.indptr)
        np.testing.assert_array_equal(rows_of_ours.columns, matrix.indices)
        np.testing.assert_array_equal(rows_of_ours.counts, matrix.data)

"""The compiled model on real reviews."""

import random
from pathlib import Path

import pytest

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

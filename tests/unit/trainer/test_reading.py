"""Good files of every kind are read as they are meant."""

import io
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sentiment_contract.data import Data, DataChecks, VolumeSource
from sentiment_trainer.data.checks import check
from sentiment_trainer.data.columns import Columns
from sentiment_trainer.data.files import identify
from sentiment_trainer.data.read import read
from sentiment_trainer.generate import generate


@pytest.fixture
def columns(tmp_path: Path) -> Callable[[bytes], Columns]:
    def call(content: bytes) -> Columns:
        path = tmp_path / "data"
        path.write_bytes(content)
        return read(identify(path, "The file"), "review", "sentiment")

    return call


def _parquet(**named: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(named), sink)
    return sink.getvalue()


GOOD_CSV = {
    "plain": b"review,sentiment\nfine,1\n",
    "with Windows line ends": b"review,sentiment\r\nfine,1\r\n",
    "with a byte order mark": b"\xef\xbb\xbfreview,sentiment\nfine,1\n",
    "with columns in another order and others beside them": b"id,sentiment,review\n7,1,fine\n",
    "with blanks around the names of columns": b" review , sentiment \nfine,1\n",
    "with blank lines": b"review,sentiment\n\nfine,1\n\n",
    "without a line end at the end": b"review,sentiment\nfine,1",
}


@pytest.mark.parametrize("case", GOOD_CSV)
def test_csv_is_read(case: str, columns: Callable[[bytes], Columns]) -> None:
    assert columns(GOOD_CSV[case]) == Columns(["fine"], ["1"], None)


def test_a_quoted_review_may_hold_lines_commas_quotes_and_markup(columns: Callable[[bytes], Columns]) -> None:
    read_columns = columns(b'review,sentiment\n"Two\nlines, <br /> and ""quotes""",positive\n')
    assert read_columns.texts == ['Two\nlines, <br /> and "quotes"']


def test_the_split_column_of_a_csv_is_read(columns: Callable[[bytes], Columns]) -> None:
    assert columns(b"review,sentiment,split\na,1,train\nb,0,test\n").splits == ["train", "test"]


def _with_others(tmp_path: Path, content: bytes) -> Columns:
    path = tmp_path / "data"
    path.write_bytes(content)
    return read(identify(path, "The file"), "review", "sentiment", ["domain", "absent", "sentiment", "split"])


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_other_columns_are_read_where_they_are_asked_for_and_there(kind: str, tmp_path: Path) -> None:
    named = {"domain": ["hotel", None], "review": ["a", "b"], "sentiment": [1, 0], "split": ["train", "test"]}
    csv = b"domain,review,sentiment,split\nhotel,a,1,train\n,b,0,test\n"
    found = _with_others(tmp_path, csv if kind == "csv" else _parquet(**named))
    assert found == Columns(
        ["a", "b"],
        ["1", "0"],
        ["train", "test"],
        {"domain": ["hotel", ""], "sentiment": ["1", "0"], "split": ["train", "test"]},
    )


LABELS = {
    "integers": pa.array([1, 0]),
    "small integers": pa.array([1, 0], pa.int8()),
    "booleans": pa.array([True, False]),
    "whole floats": pa.array([1.0, 0.0]),
    "words": pa.array(["positive", "negative"]),
    "a dictionary of words": pa.array(["positive", "negative"]).dictionary_encode(),
    "words in capitals": pa.array(["Positive", "NEGATIVE"]),
}


@pytest.mark.parametrize("kind", LABELS)
def test_parquet_labels_may_be(kind: str, columns: Callable[[bytes], Columns]) -> None:
    found = columns(_parquet(review=["good film", "bad film"], sentiment=LABELS[kind]))
    data = Data(volume=VolumeSource(claim_name="c", path="p"), checks=DataChecks(min_rows=2))
    assert check(found, data, "The file")[0].positive == [True, False]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.binary(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_parquet_text_may_be(kind: pa.DataType, columns: Callable[[bytes], Columns]) -> None:
    texts = pa.array([b"caf\xc3\xa9" if pa.types.is_binary(kind) else "café", None], kind)
    assert columns(_parquet(review=texts, sentiment=[1, 0])).texts == ["café", ""]


def test_the_report_counts_what_a_person_wants_to_know() -> None:
    texts = [one.review for one in generate(96, seed=1)]
    columns = Columns([*texts, texts[0], texts[1].upper(), " ", "new one"], ["1", "0"] * 50, None)
    data = Data(volume=VolumeSource(claim_name="c", path="p"), checks=DataChecks(min_rows=50))
    reviews, report = check(columns, data, "The file")
    assert len(reviews) == 99
    assert (report.rows, report.empty_rows, report.usable_rows) == (100, 1, 99)
    assert (report.duplicate_rows, report.contradicting_duplicates) == (2, 0)
    assert "| repeated texts | 2 (2.02 %) | at most 20 % |" in report.as_markdown()
    assert report.as_json()["limits"] == {
        "minRows": 50,
        "maxEmptyPercent": 1,
        "minClassSharePercent": 10,
        "maxDuplicatePercent": 20,
    }

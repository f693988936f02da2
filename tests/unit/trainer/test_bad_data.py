"""Every way in which data can be unfit has a reason, an exit code and advice of its own, and never a traceback."""

import csv
import io
import json
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sentiment_contract.data import Data, DataChecks, VolumeSource
from sentiment_contract.training import EXIT_CODES, ORDER_VARIABLE, FailureReason, TrainingAnswer, TrainingFailed
from sentiment_trainer.__main__ import main
from sentiment_trainer.generate import generate
from sentiment_trainer.settings import Settings

Rows = list[list[str]]


def _good(rows: int = 200) -> Rows:
    return [[made_up.review, made_up.sentiment] for made_up in generate(rows, seed=3)]


def _csv(rows: Rows, header: tuple[str, ...] = ("review", "sentiment")) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([list(header), *rows])
    return text.getvalue().encode()


def _parquet(**columns: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def _all_positive() -> Rows:
    return [[text, "positive"] for text, _ in _good()]


def _with_split(side: Callable[[int], str]) -> bytes:
    return _csv([[*row, side(i)] for i, row in enumerate(_good())], ("review", "sentiment", "split"))


_GOOD_PARQUET = _parquet(review=[row[0] for row in _good()], sentiment=[int(row[1] == "positive") for row in _good()])

BAD_DATA: dict[str, tuple[bytes | None, FailureReason, str]] = {
    "the file is missing": (None, FailureReason.DATA_NOT_FOUND, "other.txt"),
    "the file is empty": (b"", FailureReason.DATA_EMPTY, "0 bytes"),
    "the file has a header and nothing else": (_csv([]), FailureReason.DATA_NO_ROWS, "no rows"),
    "there is one row": (_csv(_good(1)), FailureReason.DATA_TOO_FEW_ROWS, "1 usable rows, at least 100"),
    "all reviews are positive": (_csv(_all_positive()), FailureReason.DATA_ONE_CLASS, "only positive"),
    "a label is unknown": (
        _csv([*_good(), ["A film.", "so-so"]]),
        FailureReason.DATA_UNKNOWN_LABEL,
        "'so-so' in row 201",
    ),
    "a label is missing": (_csv([*_good(), ["A film.", ""]]), FailureReason.DATA_UNKNOWN_LABEL, "''"),
    "the text column is missing": (
        _csv(_good(), ("text", "sentiment")),
        FailureReason.DATA_COLUMN_MISSING,
        "its columns: text, sentiment",
    ),
    "the label column is missing": (
        _csv(_good(), ("review", "stars")),
        FailureReason.DATA_COLUMN_MISSING,
        "spec.data.labelColumn",
    ),
    "the cells are separated by semicolons": (
        b"review;sentiment\na film;positive\n",
        FailureReason.DATA_COLUMN_MISSING,
        "review;sentiment",
    ),
    "the text is Latin-1": (
        _csv(_good()) + "Amélie,positive\n".encode("latin-1"),
        FailureReason.DATA_NOT_UTF8,
        "line 202, byte 3 (0xe9)",
    ),
    "the text is UTF-16": (_csv(_good()).decode().encode("utf-16"), FailureReason.DATA_NOT_UTF8, "line 1, byte 1"),
    "a quote is never closed": (
        _csv(_good()) + b'"it broke off',
        FailureReason.DATA_UNREADABLE,
        "unexpected end of data",
    ),
    "a row has a cell too many": (
        _csv([*_good(), ["A film.", "positive", "5"]]),
        FailureReason.DATA_UNREADABLE,
        "line 202 has 3 cells",
    ),
    "a cell is larger than any review": (
        _csv([*_good(), ["x" * 17_000_000, "positive"]]),
        FailureReason.DATA_UNREADABLE,
        "field larger",
    ),
    "the parquet file is cut off": (_GOOD_PARQUET[: len(_GOOD_PARQUET) // 2], FailureReason.DATA_UNREADABLE, "parquet"),
    "the parquet file lacks a column": (
        _parquet(text=["a"], sentiment=[1]),
        FailureReason.DATA_COLUMN_MISSING,
        "its columns: text",
    ),
    "there are only stop-words": (
        _csv([[f"the and of {'a ' * i}", ("positive", "negative")[i % 2]] for i in range(200)]),
        FailureReason.DATA_NO_TERMS,
        "stop-words",
    ),
    "there is only punctuation": (
        _csv([["?!" * (i + 1), ("positive", "negative")[i % 2]] for i in range(200)]),
        FailureReason.DATA_NO_TERMS,
        "punctuation",
    ),
    "many rows have no text": (
        _csv([*_good(), *[["  ", "positive"]] * 20]),
        FailureReason.DATA_CHECK_FAILED,
        "9.1 % rows without text, allowed are 1 %",
    ),
    "one sentiment is rare": (
        _csv([*_all_positive(), *[[f"An awful film {i}", "negative"] for i in range(10)]]),
        FailureReason.DATA_CHECK_FAILED,
        "4.8 % reviews of the rarer",
    ),
    "texts are repeated": (_csv([*_good(100), *_good(26)]), FailureReason.DATA_CHECK_FAILED, "20.6 % repeated texts"),
    "the split column holds another word": (
        _with_split(lambda i: "valid" if i == 7 else "train"),
        FailureReason.DATA_CHECK_FAILED,
        "'valid' in row 8",
    ),
    "the split column holds out nothing": (
        _with_split(lambda _: "train"),
        FailureReason.DATA_TOO_FEW_ROWS,
        "held-out part",
    ),
    "one side of the split has one sentiment": (
        _with_split(lambda i: "test" if i == 0 else "train"),
        FailureReason.DATA_ONE_CLASS,
        "held-out part",
    ),
}


@pytest.fixture
def run(
    settings: Settings, make_order, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Callable[[Data | None], tuple[int, TrainingFailed, str]]:
    """Runs the program as a pod would; gives exit code, answer and log."""

    def call(data: Data | None = None) -> tuple[int, TrainingFailed, str]:
        monkeypatch.setenv(ORDER_VARIABLE, make_order(data).model_dump_json(by_alias=True))
        monkeypatch.setenv("SENTIMENT_DATA_ROOT", str(settings.data_root))
        monkeypatch.setenv("SENTIMENT_SCRATCH", str(settings.scratch))
        monkeypatch.setenv("SENTIMENT_TERMINATION_LOG", str(settings.termination_log))
        code = main(["run"])
        answer = TrainingAnswer.validate_json(settings.termination_log.read_bytes())
        assert isinstance(answer, TrainingFailed)
        return code, answer, caplog.text

    return call


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data_is_refused_when(case: str, run, settings: Settings) -> None:
    content, reason, told = BAD_DATA[case]
    (settings.data_root / "other.txt").touch()
    if content is not None:
        (settings.data_root / "reviews.csv").write_bytes(content)
    code, answer, log = run()
    assert (answer.reason, code) == (reason, EXIT_CODES[reason])
    assert told in answer.message
    assert " Next: " in answer.message
    assert "\n" not in answer.message
    assert "Traceback" not in log


def test_a_link_that_leads_out_of_the_volume_is_refused(run, settings: Settings) -> None:
    outside = settings.data_root.parent / "outside.csv"
    outside.write_bytes(_csv(_good()))
    (settings.data_root / "reviews.csv").symlink_to(outside)
    _, answer, _ = run()
    assert answer.reason is FailureReason.DATA_NOT_FOUND
    assert "leads out" in answer.message


def test_another_content_than_the_pinned_one_is_refused(run, on_volume: str) -> None:
    _, answer, _ = run(Data(volume=VolumeSource(claim_name="reviews", path=on_volume, sha256="0" * 64)))
    assert answer.reason is FailureReason.DATA_HASH_MISMATCH
    assert "spec.data.volume.sha256" in answer.message


def test_the_limits_of_the_recipe_decide_and_not_the_defaults(run, settings: Settings) -> None:
    (settings.data_root / "reviews.csv").write_bytes(_csv(_good(150)))
    source = VolumeSource(claim_name="reviews", path="reviews.csv")
    _, answer, _ = run(Data(volume=source, checks=DataChecks(min_rows=151)))
    assert answer.reason is FailureReason.DATA_TOO_FEW_ROWS


def test_an_order_of_another_version_is_refused(
    run, monkeypatch: pytest.MonkeyPatch, make_order, settings: Settings
) -> None:
    order = json.loads(make_order().model_dump_json(by_alias=True)) | {"surprise": 1}
    monkeypatch.setenv(ORDER_VARIABLE, json.dumps(order))
    monkeypatch.setenv("SENTIMENT_TERMINATION_LOG", str(settings.termination_log))
    assert main(["run"]) == EXIT_CODES[FailureReason.INVALID_ORDER]
    assert "surprise" in settings.termination_log.read_text()


def test_nothing_is_left_in_the_scratch_folder(run, settings: Settings) -> None:
    run()
    assert list(settings.scratch.iterdir()) == []

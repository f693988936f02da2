"""The program as a person and a pod call it."""

import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sentiment_artifact import CompiledModel, digest_of
from sentiment_contract.training import (
    EXIT_CODES,
    ORDER_VARIABLE,
    TERMINATION_MESSAGE_LIMIT,
    FailureReason,
    TrainingAnswer,
    TrainingFailed,
    TrainingSucceeded,
)
from sentiment_trainer import answer
from sentiment_trainer import command_line as program
from sentiment_trainer.__main__ import main
from sentiment_trainer.generate import generate
from sentiment_trainer.settings import Settings, settings_from


def test_a_laptop_trains_with_flags_alone(
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("SENTIMENT_TERMINATION_LOG", str(tmp_path / "none" / "log"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    kept = tmp_path / "model.rpm1"
    flags = ["--data", str(corpus), "--preset", "Fast", "--model", "laptop", "--output", str(kept)]
    assert main(["run", *flags]) == 0
    printed = capsys.readouterr()
    result = TrainingAnswer.validate_json(printed.out)
    assert isinstance(result, TrainingSucceeded)
    assert digest_of(kept) == result.artifact_digest
    assert "decisions equal to the last bit" in caplog.text
    kept.unlink()
    assert main(["run", *flags]) == 0
    assert CompiledModel.load(kept, result.artifact_digest).terms > 100


def test_python_m_is_the_same_program() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "sentiment_trainer", "run", "--help"], capture_output=True, text=True, check=True
    )
    assert "--tracking-url" in shown.stdout


def test_it_hears_that_it_has_to_end_while_it_still_imports(tmp_path: Path) -> None:
    (tmp_path / "pydantic.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGTERM); print('went on')")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-m", "sentiment_trainer", "run"]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (ended.returncode, ended.stdout, ended.stderr) == (128 + signal.SIGTERM, "", "")


def test_bad_data_is_refused_before_anything_heavy_is_imported(make_order, settings: Settings) -> None:
    (settings.data_root / "reviews.csv").touch()
    script = (
        "import sys; from sentiment_trainer.settings import settings_from; from sentiment_trainer.order import *;"
        "from sentiment_trainer.train import train; from sentiment_trainer.failures import TrainingError\n"
        "try: train(order_from_environment(), settings_from())\n"
        "except TrainingError as error: print(error.reason, sorted({*sys.modules} & {'sklearn', 'mlflow', 'pandas'}))"
    )
    environment = {
        ORDER_VARIABLE: make_order().model_dump_json(by_alias=True),
        "SENTIMENT_DATA_ROOT": str(settings.data_root),
    }
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    assert run.stdout.strip() == "DataEmpty []"


def test_without_an_order_the_program_says_how_to_give_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(ORDER_VARIABLE, raising=False)
    monkeypatch.setenv("SENTIMENT_TERMINATION_LOG", str(tmp_path / "log"))
    assert main(["run"]) == EXIT_CODES[FailureReason.INVALID_ORDER]
    assert "--data FILE" in caplog.text


BAD_ORDERS = {
    "no JSON": ("{", "Invalid JSON"),
    "no order": ("{}", "recipe: Field required"),
    "a recipe hash of another recipe": (None, "operator and trainer differ"),
}


@pytest.mark.parametrize("case", BAD_ORDERS)
def test_an_order_is_refused_that_is(
    case: str, make_order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    document, told = BAD_ORDERS[case]
    file = tmp_path / "order.json"
    file.write_text(
        document or make_order().model_copy(update={"recipe_hash": "0" * 64}).model_dump_json(by_alias=True)
    )
    monkeypatch.setenv("SENTIMENT_TERMINATION_LOG", str(tmp_path / "log"))
    assert main(["run", "--order", str(file)]) == EXIT_CODES[FailureReason.INVALID_ORDER]
    assert told in caplog.text


@pytest.mark.parametrize(
    "flag", [["--rows", "1"], ["--test-percent", "95"], ["--parameters", '{"ngramMax": 9}'], ["--parameters", "["]]
)
def test_a_flag_out_of_bounds_is_named(
    flag: list[str], corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SENTIMENT_TERMINATION_LOG", str(tmp_path / "log"))
    assert main(["run", "--data", str(corpus), *flag]) == EXIT_CODES[FailureReason.INVALID_ORDER]
    assert "The flags are invalid" in caplog.text


def test_a_fault_of_the_trainer_is_told_in_one_line_and_traced_in_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, corpus: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a\nfault")

    monkeypatch.setattr(program, "train", broken)
    monkeypatch.setenv("SENTIMENT_TERMINATION_LOG", str(tmp_path / "log"))
    assert main(["run", "--data", str(corpus)]) == EXIT_CODES[FailureReason.TRAINER_ERROR]
    result = TrainingAnswer.validate_json((tmp_path / "log").read_bytes())
    assert isinstance(result, TrainingFailed)
    assert "ZeroDivisionError: a fault" in result.message
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("letter", ["x", "é", "映", '"', "\\", "\x01"])
def test_any_message_fits_into_a_termination_message(
    letter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer.deliver(answer.failed(FailureReason.DATA_EMPTY, letter * 5000), tmp_path / "log")
    written = (tmp_path / "log").read_bytes()
    assert len(written) <= TERMINATION_MESSAGE_LIMIT
    assert isinstance(TrainingAnswer.validate_json(written), TrainingFailed)
    assert json.loads(capsys.readouterr().out)["reason"] == "DataEmpty"


def test_defaults_are_those_of_a_training_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings_from({})
    assert (str(found.data_root), str(found.termination_log)) == ("/data", "/dev/termination-log")


@pytest.mark.parametrize("rows", [1, 2, 500])
def test_made_up_reviews_are_unique_and_the_same_for_a_seed(rows: int) -> None:
    first, again, other = (list(generate(rows, seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert len({one.review for one in first}) == rows


def test_a_larger_corpus_begins_with_the_smaller_one() -> None:
    assert list(generate(300, seed=4))[:100] == list(generate(100, seed=4))


def test_made_up_reviews_come_as_csv(tmp_path: Path) -> None:
    assert main(["generate", "--rows", "20", "--seed", "3", "--output", str(tmp_path / "r.csv")]) == 0
    assert (tmp_path / "r.csv").read_text().count("\n") == 21

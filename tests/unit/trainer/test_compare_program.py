"""`sentiment-train compare` as a person, CI and a pod call it."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from sentiment_contract.gates import (
    COMPARISON_VARIABLE,
    Compared,
    ComparisonAnswer,
    ComparisonOrder,
    Contestant,
    Figures,
    Gate,
)
from sentiment_contract.training import EXIT_CODES, TERMINATION_MESSAGE_LIMIT, FailureReason, TrainingFailed
from sentiment_trainer import answer
from sentiment_trainer import command_line as program
from sentiment_trainer.__main__ import main
from sentiment_trainer.generate import write_csv

PASSES = {"name": "f1", "metric": "f1", "threshold": "0.5"}
NO_WORSE = {"name": "no-worse", "metric": "accuracy", "compareWith": "Serving", "maxDecrease": "0.005"}


@dataclass(frozen=True)
class Files:
    """A data file, a model that saw all of its training side, and one that saw little of it."""

    data: Path
    good: Path
    poor: Path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("laptop")
    found = Files(folder / "reviews.csv", folder / "good.rpm1", folder / "poor.rpm1")
    write_csv(found.data, rows=3000, seed=7)
    tracking = f"sqlite:///{folder}/mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SENTIMENT_TERMINATION_LOG", str(folder / "log"))
        for model, sample in ((found.good, "3000"), (found.poor, "150")):
            flags = ["--data", str(found.data), "--rows", sample, "--preset", "Fast", "--tracking-url", tracking]
            assert main(["run", *flags, "--output", str(model)]) == 0
    return found


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SENTIMENT_TERMINATION_LOG", str(tmp_path / "log"))
    monkeypatch.delenv(COMPARISON_VARIABLE, raising=False)


def _compare(files: Files, *flags: str, gates: Sequence[dict[str, object]] = (PASSES,)) -> int:
    asked = [word for gate in gates for word in ("--gate", json.dumps(gate))]
    return main(["compare", "--data", str(files.data), *asked, *flags])


def test_a_better_model_passes_and_the_page_is_named(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("--candidate", str(files.good), "--baseline", str(files.poor), "--report", "out/of the way")
    assert _compare(files, *flags, gates=(PASSES, NO_WORSE)) == 0
    assert capsys.readouterr().out == "out/of the way/report.md\n"
    page = Path("out/of the way/report.md").read_text()
    assert page.startswith("# Gates of version good, compared with serving version poor\n\n**2 of 2 gates passed")
    for name in ("difference.png", "confusion_matrices.png"):
        assert f"({name})" in page
        assert Path("out/of the way", name).is_file()
    assert not (tmp_path / "log").exists()


def test_a_worse_model_is_held_up(files: Files) -> None:
    assert _compare(files, "--candidate", str(files.poor), "--baseline", str(files.good), gates=(NO_WORSE,)) == 1
    assert "| no-worse | **Failed** | accuracy |" in Path("comparison/report.md").read_text()


def test_a_warning_holds_nothing_up(files: Files) -> None:
    warned = NO_WORSE | {"onFailure": "Warn"}
    flags = ("--candidate", str(files.poor), "--baseline", str(files.good))
    assert _compare(files, *flags, gates=(warned, PASSES)) == 0
    page = Path("comparison/report.md").read_text()
    assert "**Failed (warning)**" in page
    assert "1 of 2 gates passed: the version may serve" in page


@pytest.mark.parametrize(
    "gate",
    [NO_WORSE, {"name": "g", "metric": "latency", "threshold": "1"}, PASSES | {"slice": {"column": "a", "value": "b"}}],
    ids=["nothing to compare with", "an unknown metric", "a missing column"],
)
def test_what_cannot_be_told_holds_up(gate: dict[str, object], files: Files) -> None:
    assert _compare(files, "--candidate", str(files.good), gates=(gate, PASSES | {"name": "other"})) == 1
    page = Path("comparison/report.md").read_text()
    assert "**Inconclusive**" in page
    assert "1 of 2 gates passed: the version must not serve" in page


@pytest.mark.parametrize("dialect", ["yaml", "json"])
def test_gates_may_stand_in_a_file(dialect: str, files: Files) -> None:
    file = Path(f"gates.{dialect}")
    if dialect == "json":
        file.write_text(json.dumps([NO_WORSE]))
    else:
        file.write_text('- name: no-worse\n  metric: accuracy\n  compareWith: Serving\n  maxDecrease: "0.005"\n')
    flags = ("--candidate", str(files.good), "--baseline", str(files.good), "--gates", str(file))
    assert _compare(files, *flags) == 0
    assert "| no-worse | Passed | accuracy | " in Path("comparison/report.md").read_text()


def test_a_sample_and_a_share_are_those_of_the_training(files: Files) -> None:
    flags = ("--candidate", str(files.good), "--rows", "1000", "--test-percent", "30", "--seed", "5")
    assert _compare(files, *flags) == 0
    (gate,) = json.loads(Path("comparison/figures.json").read_text())["gates"]
    assert 250 < gate["figures"]["samples"] < 350


def test_names_from_elsewhere_stand_as_they_are_in_the_page(files: Files) -> None:
    part = {"column": "a|b", "value": "<script> [x](y) `z`"}
    assert _compare(files, "--candidate", str(files.good), gates=(PASSES | {"slice": part},)) == 1
    table = next(line for line in Path("comparison/report.md").read_text().splitlines() if line.startswith("| f1"))
    assert "a\\|b=&lt;script&gt; \\[x\\](y) \\`z\\`" in table


BAD = {
    "no candidate": ([], "--data needs --candidate", FailureReason.INVALID_ORDER),
    "no such candidate": (
        ["--candidate", "absent"],
        "The model absent of --candidate cannot",
        FailureReason.INVALID_ORDER,
    ),
    "a candidate that is none": (
        ["--candidate", "{data}"],
        "of --candidate is no compiled",
        FailureReason.INVALID_ORDER,
    ),
    "a baseline that is none": (
        ["--candidate", "{good}", "--baseline", "{data}"],
        "of --baseline is no compiled",
        FailureReason.INVALID_ORDER,
    ),
    "a share out of bounds": (
        ["--candidate", "{good}", "--test-percent", "95"],
        "The flags are invalid: test_percent",
        FailureReason.INVALID_ORDER,
    ),
    "a column that is missing": (
        ["--candidate", "{good}", "--text-column", "text"],
        "no column 'text'",
        FailureReason.DATA_COLUMN_MISSING,
    ),
    "too few rows": (["--candidate", "{good}", "--min-rows", "9000"], "usable rows", FailureReason.DATA_TOO_FEW_ROWS),
    "a gate that is no JSON": (["--candidate", "{good}", "--gate", "f1"], "The gates are", FailureReason.INVALID_ORDER),
    "a gate without a metric": (
        ["--candidate", "{good}", "--gate", '{"name": "g"}'],
        "The gates are invalid: metric: Field required",
        FailureReason.INVALID_ORDER,
    ),
    "a gate that asks for nothing": (
        ["--candidate", "{good}", "--gate", '{"name": "g", "metric": "f1"}'],
        "'g' needs either threshold or compareWith",
        FailureReason.INVALID_ORDER,
    ),
    "two gates of one name": (
        ["--candidate", "{good}", "--gate", json.dumps(PASSES)],
        "Two gates have the name 'f1'",
        FailureReason.INVALID_ORDER,
    ),
    "an absent file of gates": (
        ["--candidate", "{good}", "--gates", "absent.yaml"],
        "The gates in absent.yaml cannot be read",
        FailureReason.INVALID_ORDER,
    ),
    "a file of gates that is no YAML": (
        ["--candidate", "{good}", "--gates", "{broken}"],
        "cannot be read",
        FailureReason.INVALID_ORDER,
    ),
    "a file of gates that holds none": (
        ["--candidate", "{good}", "--gates", "{text}"],
        "The gates are invalid",
        FailureReason.INVALID_ORDER,
    ),
    "a report that cannot be written": (
        ["--candidate", "{good}", "--report", "{data}/x"],
        "The report cannot be written",
        FailureReason.INVALID_ORDER,
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_makes_no_sense_is_told_with_its_own_exit_code(
    case: str, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    Path("broken.yaml").write_text("- {")
    Path("text.yaml").write_text("hello")
    flags, told, reason = BAD[case]
    places = {"data": files.data, "good": files.good, "broken": "broken.yaml", "text": "text.yaml"}
    filled = [flag.format(**places) if flag.startswith("{") and flag[1].isalpha() else flag for flag in flags]
    assert _compare(files, *filled) == EXIT_CODES[reason]
    assert told in caplog.text
    assert "Next: " in caplog.text
    assert "Traceback" not in caplog.text


def test_without_any_gate_the_program_says_how_to_give_one(files: Files, caplog: pytest.LogCaptureFixture) -> None:
    assert _compare(files, "--candidate", str(files.good), gates=()) == EXIT_CODES[FailureReason.INVALID_ORDER]
    assert "use --gate JSON or --gates FILE" in caplog.text


def test_absent_data_are_named(files: Files, caplog: pytest.LogCaptureFixture) -> None:
    flags = ["compare", "--data", "absent.csv", "--candidate", str(files.good), "--gate", json.dumps(PASSES)]
    assert main(flags) == EXIT_CODES[FailureReason.DATA_NOT_FOUND]
    assert "absent.csv" in caplog.text


def test_without_an_order_the_program_says_how_to_give_one(caplog: pytest.LogCaptureFixture) -> None:
    assert main(["compare"]) == EXIT_CODES[FailureReason.INVALID_ORDER]
    assert "--data FILE" in caplog.text


@pytest.mark.parametrize(("document", "told"), [("{", "Invalid JSON"), ("{}", "candidate: Field required")])
def test_an_order_that_makes_no_sense_is_an_answer(
    document: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COMPARISON_VARIABLE, document)
    assert main(["compare"]) == EXIT_CODES[FailureReason.INVALID_ORDER]
    result = ComparisonAnswer.validate_json((tmp_path / "log").read_bytes())
    assert isinstance(result, TrainingFailed)
    assert told in result.message


def test_a_pod_answers_in_its_termination_message(
    make_order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Compared(figures=(Figures(gate="g", value="0.9", samples=30),))
    asked: list[ComparisonOrder] = []

    def compare(order: ComparisonOrder, _: object) -> Compared:
        asked.append(order)
        return found

    monkeypatch.setattr("sentiment_trainer.compare.compare.compare", compare)
    recipe = make_order().recipe
    contestant = Contestant(
        version="1", registry_version="1", runID="r", artifact_digest="d", data_hash="h", recipe=recipe
    )
    order = ComparisonOrder(
        namespace="n", model="m", registered_model="n.m", trackingURL="http://m", candidate=contestant,
        gates=(Gate(name="g", metric="f1", threshold="0.5"),),
    )  # fmt: skip
    monkeypatch.setenv(COMPARISON_VARIABLE, order.model_dump_json(by_alias=True))
    assert main(["compare"]) == 0
    assert asked == [order]
    assert ComparisonAnswer.validate_json((tmp_path / "log").read_bytes()) == found
    assert ComparisonAnswer.validate_json(capsys.readouterr().out) == found


def test_a_fault_of_the_trainer_is_no_verdict(
    files: Files, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(program, "_compare_files", broken)
    assert _compare(files, "--candidate", str(files.good)) == EXIT_CODES[FailureReason.TRAINER_ERROR]
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("letter", ["x", "é", "映", '"', "\\"])
def test_ten_gates_with_long_problems_fit_into_a_termination_message(letter: str, tmp_path: Path) -> None:
    short = Figures(gate="short", problem="only 3 held-out reviews")
    full = Figures(gate="f" * 40, value="0.912345", baseline_value="0.912345", low="-0.012345", high="0.012345",
                   p_value="0.123456", samples=1_000_000)  # fmt: skip
    gates = [Figures(gate=f"{i}{'g' * 39}", problem=letter * 300) for i in range(8)]
    assert answer.deliver(Compared(figures=(*gates, short, full)), tmp_path / "log") == 0
    written = (tmp_path / "log").read_bytes()
    assert len(written) <= TERMINATION_MESSAGE_LIMIT
    result = ComparisonAnswer.validate_json(written)
    assert isinstance(result, Compared)
    assert [one.gate for one in result.figures] == [*(one.gate for one in gates), "short", "f" * 40]
    assert result.figures[8:] == (short, full)
    assert all(len(one.problem) > 30 for one in result.figures[:8])


def test_ten_gates_with_all_figures_fit_into_a_termination_message(tmp_path: Path) -> None:
    full = Figures(gate="f" * 40, value="0.912345", baseline_value="0.912345", low="-0.012345", high="-0.012345",
                   p_value="0.123456", samples=100_000_000)  # fmt: skip
    answer.deliver(Compared(figures=(full,) * 10), tmp_path / "log")
    assert len((tmp_path / "log").read_bytes()) <= TERMINATION_MESSAGE_LIMIT


def test_a_comparison_on_a_laptop_needs_no_mlflow(files: Files) -> None:
    script = (
        "import sys; from sentiment_trainer.__main__ import main\n"
        "code = main(sys.argv[1:]); print(code, sorted({*sys.modules} & {'mlflow', 'dvc'}))"
    )
    flags = ["compare", "--data", str(files.data), "--candidate", str(files.good), "--gate", json.dumps(PASSES)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", script, *flags], capture_output=True, text=True, check=True, env=environment
    )
    assert run.stdout.splitlines()[-1] == "0 []"


def test_progress_goes_to_the_log(files: Files, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    _compare(files, "--candidate", str(files.good))
    assert "reviews that version good has not learnt from; scoring" in caplog.text
    assert "f1: Passed: f1 is 0." in caplog.text

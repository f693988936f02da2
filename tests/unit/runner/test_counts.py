"""What the test runner says of its tiers, and when it fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import __main__ as runner
from tests import tiers
from tests.tiers import Result

ROOT, SOMEBODY = 0, 1000
TESTS = """
import pytest

def test_good(): pass

def test_bad(): assert False

@pytest.mark.skip(reason="no data\\nsecond line")
def test_marked(): pass

def test_called(): pytest.skip("no moon")

def test_without_a_word(): pytest.skip("")

@pytest.fixture
def broken(): raise OSError

def test_error(broken): pass
"""


def outcome(monkeypatch: pytest.MonkeyPatch, user: int, *results: Result) -> int:
    """Exit code of a run whose tiers end so."""
    by_tier = {result.tier: result for result in results}
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(runner, "environment", lambda: Path(sys.executable))
    monkeypatch.setattr(runner, "run_tier", lambda tier, python, campaign: by_tier[tier])
    return runner._run(list(by_tier), campaign=False)


def test_a_good_run_is_green_and_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    unit = Result("unit", passed=7, skipped=2, reasons=["no moon", "no moon"])
    assert outcome(monkeypatch, ROOT, unit, Result("e2e", passed=3)) == runner.GREEN
    told = capsys.readouterr()
    assert told.out == "\n10 passed, 0 failed, 2 skipped\n"
    assert told.err.count("skipped: no moon") == 1


@pytest.mark.parametrize("user", [ROOT, SOMEBODY])
@pytest.mark.parametrize("result", [Result("unit", failed=1), Result("unit", passed=3, ended_well=False)])
def test_a_failure_or_a_bad_end_is_red(monkeypatch: pytest.MonkeyPatch, user: int, result: Result) -> None:
    assert outcome(monkeypatch, user, result) == runner.RED


@pytest.mark.parametrize(("user", "code"), [(ROOT, runner.RED), (SOMEBODY, runner.GREEN)])
def test_a_tier_left_out_is_told_with_its_reason_and_red_for_root(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], user: int, code: int
) -> None:
    assert outcome(monkeypatch, user, Result("unit", passed=1), Result("e2e", left_out="no memory")) == code
    told = capsys.readouterr().err
    assert "e2e          left out: no memory" in told
    assert ("e2e: left out (no memory), although this is root" in told) == (user == ROOT)


@pytest.mark.parametrize(
    ("user", "tier", "code"),
    [(ROOT, "e2e", runner.RED), (SOMEBODY, "e2e", runner.GREEN), (ROOT, "unit", runner.GREEN)],
)
def test_root_skips_nothing_of_the_end_to_end_tier(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], user: int, tier: str, code: int
) -> None:
    assert outcome(monkeypatch, user, Result(tier, passed=9, skipped=1, reasons=["no moon"])) == code
    assert ("e2e: 1 skipped, although this is root" in capsys.readouterr().err) == (code == runner.RED)


def test_the_end_to_end_tier_is_left_out_where_no_cluster_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*command: object, **options: object) -> None:
        raise AssertionError(f"{command} was run")

    monkeypatch.setattr(tiers, "obstacles", lambda: ["no root", "no disk"])
    monkeypatch.setattr(subprocess, "run", nothing)
    result = tiers.run_tier("e2e", Path(sys.executable), campaign=False)
    assert (result.tier, result.left_out) == ("e2e", "no root; no disk")


def test_an_installation_that_fails_is_a_failure_and_no_test_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def fail(command: object, **options: object) -> "subprocess.CompletedProcess[str]":
        calls.append(command)
        return subprocess.CompletedProcess([], 1)

    monkeypatch.setattr(tiers, "obstacles", list)
    monkeypatch.setattr(subprocess, "run", fail)
    result = tiers.run_tier("e2e", Path(sys.executable), campaign=False)
    assert (result.failed, result.ended_well, len(calls)) == (1, False, 1)


@pytest.fixture
def tree(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A project with one tier."""
    (tmp_path / "tests" / "unit").mkdir(parents=True)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    monkeypatch.setattr(tiers, "AT_A_TIME", {})
    return tmp_path / "tests" / "unit"


def test_everything_that_pytest_reports_is_counted_with_the_reasons_of_skips(tree: Path) -> None:
    (tree / "test_some.py").write_text(TESTS)
    result = tiers.run_tier("unit", Path(sys.executable), campaign=False)
    assert (result.passed, result.failed, result.skipped, result.ended_well) == (1, 2, 3, False)
    assert result.reasons[:2] == ["no data", "no moon"]
    assert len(result.reasons) == 3


def test_a_tier_without_tests_did_not_end_well(tree: Path) -> None:
    assert not tiers.run_tier("unit", Path(sys.executable), campaign=False).ended_well


def test_the_parts_of_a_tier_add_up() -> None:
    one = Result("e2e", passed=3, skipped=1, reasons=["no moon"])
    both = one.with_more(Result("e2e", passed=2, failed=1, ended_well=False))
    assert (both.passed, both.failed, both.skipped, both.ended_well, both.reasons) == (5, 1, 1, False, ["no moon"])

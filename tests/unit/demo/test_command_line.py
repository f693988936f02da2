"""The order of things, and that bad surroundings are told in a sentence with a next step."""

import urllib.error
from pathlib import Path

import pytest

from demo import __main__ as program
from demo.data import Reviews
from demo.target import Target
from local_cluster.console import ClusterError


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done, in order; nothing is in the way."""
    order: list[str] = []

    def choose() -> Reviews:
        order.append("choose")
        return Reviews(None, "made up")

    monkeypatch.setattr(Target, "check", lambda self: order.append("check"))
    monkeypatch.setattr(program, "choose", choose)
    monkeypatch.setattr(program, "install", lambda target: order.append("install"))
    monkeypatch.setattr(program, "tell", lambda target, reviews: order.append("tell"))
    monkeypatch.setattr(program, "remove", lambda target: order.append("remove"))
    return order


def call(monkeypatch: pytest.MonkeyPatch, command: str) -> int:
    monkeypatch.setattr("sys.argv", ["demo", command])
    return program.main()


@pytest.mark.parametrize(
    ("command", "order"),
    [("up", ["check", "choose", "install", "tell"]), ("install", ["check", "install"]), ("down", ["remove"])],
)
def test_what_can_be_told_at_once_comes_before_the_long_build(
    monkeypatch: pytest.MonkeyPatch, done: list[str], command: str, order: list[str]
) -> None:
    assert call(monkeypatch, command) == 0
    assert done == order


def test_a_mistyped_file_is_told_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch, done: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    from demo.data import choose

    monkeypatch.setattr(program, "choose", choose)
    monkeypatch.setenv("DATA", "/no/such.csv")
    assert call(monkeypatch, "up") == 1
    assert done == ["check"]
    assert "DATA=/no/such.csv is no file. Next: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "fault",
    [
        ClusterError("`kubectl get` failed with 1:\n    forbidden"),
        urllib.error.URLError("no route"),
        urllib.error.HTTPError("http://x", 500, "broken", None, None),  # type: ignore[arg-type]
        TimeoutError("timed out"),
        OSError(28, "No space left on device"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_bad_surroundings_are_one_message_with_a_next_step(
    monkeypatch: pytest.MonkeyPatch, done: list[str], capsys: pytest.CaptureFixture[str], fault: Exception
) -> None:
    def fail(target: Target) -> None:
        raise fault

    monkeypatch.setattr(program, "install", fail)
    assert call(monkeypatch, "up") == 1
    told = capsys.readouterr().err
    assert told.count("error: ") == 1
    assert str(fault) in told
    assert "Next: " in told
    assert "Traceback" not in told


def test_a_next_step_that_is_there_is_not_doubled(
    monkeypatch: pytest.MonkeyPatch, done: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> Reviews:
        raise ClusterError("that. Next: this")

    monkeypatch.setattr(program, "choose", fail)
    assert call(monkeypatch, "up") == 1
    assert capsys.readouterr().err == "error: that. Next: this\n"


def test_the_path_of_the_kubeconfig_is_all_that_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call(monkeypatch, "kubeconfig") == 0
    printed = capsys.readouterr()
    assert printed.out == f"{tmp_path}/cache/clusters/demo/admin.kubeconfig\n"
    assert printed.err == ""

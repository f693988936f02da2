"""The volume's repository: what it was made from is kept there, told, and never mixed up."""

import json
from pathlib import Path

import pytest

from demo import repository
from demo.data import Reviews
from demo.target import Target
from tests.unit.demo.conftest import Programs

TARGET = Target("kind", "demo", "kind-kind")
MADE_UP = Reviews(None, "made-up reviews")


class Volume:
    """What lies on the volume, as the commands in the pod leave it."""

    def __init__(self, programs: Programs) -> None:
        self.made = False
        self.record = ""
        self.uploaded: list[str] = []
        self.streamed: list[str] = []
        self._programs = programs
        programs.answer("get deploy", "localhost/sentiment-trainer:1")
        programs.answer("-- ls /data", lambda _: "reviews.git\n" if self.made else "lost+found\n")
        programs.answer("then cat /data/reviews.git/.git/made-from.json", lambda _: self.record)
        programs.answer("rm -rf /data/upload &&", self._cleared)
        programs.answer("sentiment-train generate", lambda _: self._upload("reviews.csv"))
        programs.answer("-- sh -s", self._make)

    def stream(self, file: Path, *arguments: str) -> None:
        self.streamed.append(" ".join(arguments))
        self._upload(f"reviews{file.suffix}")

    def _cleared(self, _: str) -> str:
        self.uploaded.clear()
        return ""

    def _upload(self, name: str) -> str:
        self.uploaded.append(name)
        return ""

    def _make(self, _: str) -> str:
        assert len(self.uploaded) == 1
        calls = zip(self._programs.calls, self._programs.inputs, strict=True)
        self.record = next(given for call, given in calls if call.endswith("cat > /data/upload/made-from.json"))
        self.made = True
        return ""


@pytest.fixture
def volume(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> Volume:
    played = Volume(programs)
    monkeypatch.setattr(Target, "stream", lambda self, file, *arguments: played.stream(file, *arguments))
    return played


@pytest.fixture
def mine(tmp_path: Path) -> Reviews:
    (tmp_path / "mine.csv").write_text("review,sentiment\n")
    return Reviews(tmp_path / "mine.csv", "your file mine.csv")


def test_a_new_one_is_made_from_what_was_asked_for(volume: Volume, mine: Reviews) -> None:
    assert repository.make(TARGET, "reviews", mine) == "your file mine.csv"
    assert json.loads(volume.record) == {"description": "your file mine.csv", "fingerprint": mine.fingerprint()}


def test_the_record_moves_into_the_repository_with_it() -> None:
    assert "mv /data/upload/made-from.json .git/made-from.json" in repository.SCRIPT
    assert repository.SCRIPT.index(".git/made-from.json") < repository.SCRIPT.index("mv /data/making /data/reviews.git")


def test_the_same_again_uses_it_without_a_word(
    volume: Volume, mine: Reviews, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.make(TARGET, "reviews", mine)
    capsys.readouterr()
    assert repository.make(TARGET, "reviews", mine) == "your file mine.csv"
    assert len(volume.streamed) == 1
    assert capsys.readouterr().err == ""


def test_other_reviews_are_not_passed_off_as_the_ones_that_are_there(
    volume: Volume, mine: Reviews, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.make(TARGET, "reviews", MADE_UP)
    assert repository.make(TARGET, "reviews", mine) == "made-up reviews"
    told = capsys.readouterr().err
    assert "was made from made-up reviews, not from your file mine.csv" in told
    assert "Next, to begin anew: make down CLUSTER=kind" in told


def test_one_without_a_record_is_told_too(volume: Volume, mine: Reviews, capsys: pytest.CaptureFixture[str]) -> None:
    volume.made = True
    assert "kept no record" in repository.make(TARGET, "reviews", mine)
    assert "Next, to begin anew" in capsys.readouterr().err


def test_an_upload_that_was_cut_off_is_cleared_first(volume: Volume, mine: Reviews) -> None:
    volume.uploaded.append("reviews.parquet")
    repository.make(TARGET, "reviews", mine)
    assert volume.uploaded == ["reviews.csv"]


def test_a_pod_that_was_left_ends_before_another_comes(volume: Volume, programs: Programs) -> None:
    repository.make(TARGET, "reviews", MADE_UP)
    assert programs.index("delete pod reviews-repository --ignore-not-found") < programs.index("apply -f -")

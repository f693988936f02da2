"""What is there is not built again; what is not is built once; a failure says what and what next."""

from pathlib import Path

import pytest

from images import build as building
from images import engine as engines
from images.__main__ import main
from images.catalogue import IMAGES, OPERATOR, SERVER
from images.engine import Order, Run, engine_of_this_machine
from images.problem import Problem
from images.progress import LoggedRun


class Recording:
    """An engine that only remembers what it was asked."""

    name = "recording"

    def __init__(self) -> None:
        self.built: list[str] = []
        self.forgotten: list[str] = []

    def has(self, reference: str) -> bool:
        return reference in self.built

    def build(self, order: Order, run: Run) -> None:
        self.built.append(order.reference)

    def export(self, reference: str, archive: Path, run: Run) -> None:
        archive.write_text(reference, encoding="utf-8")

    def forget(self, reference: str) -> None:
        self.forgotten.append(reference)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recording:
    monkeypatch.setenv("ROTTEN_CACHE", str(tmp_path))
    recording = Recording()

    def this_machine(wanted: str = "auto") -> Recording:
        assert wanted == "auto"
        return recording

    monkeypatch.setattr(building, "engine_of_this_machine", this_machine)
    return recording


def test_every_image_is_built_once_and_exported(engine: Recording) -> None:
    built = building.build(IMAGES, base="python:3.13-slim")
    assert sorted(engine.built) == sorted(one.reference for one in built)
    assert [one.archive.read_text(encoding="utf-8") for one in built] == [one.reference for one in built]
    assert building.build(IMAGES, base="python:3.13-slim") == built
    assert len(engine.built) == len(IMAGES)


def test_an_export_that_was_cut_off_is_made_again_without_a_build(engine: Recording) -> None:
    (one,) = building.build([OPERATOR], base="b")
    one.archive.rename(one.archive.with_suffix(".unfinished"))
    building.build([OPERATOR], base="b")
    assert one.archive.is_file()
    assert len(engine.built) == 1


def test_only_the_newest_builds_stay(engine: Recording) -> None:
    for base in ("a", "b", "c", "d"):
        building.build([SERVER], base=base)
    assert len(engine.built) == 4
    assert len(list((building.cache_folder() / "archives").glob("server-*.tar"))) == building.KEPT_ARCHIVES
    assert set(engine.forgotten) == {SERVER.reference("a"), SERVER.reference("b")}


def test_the_command_prints_values_that_the_chart_takes(engine: Recording, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--only=operator", "--base=b", "--output=values"]) == 0
    assert len(engine.built) == 1
    assert '"repository": "localhost/sentiment-operator"' in capsys.readouterr().out


def test_without_a_tool_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def nothing(_: str) -> None:
        return None

    monkeypatch.setenv("ROTTEN_CACHE", str(tmp_path))
    monkeypatch.setattr(engines.shutil, "which", nothing)
    assert main(["build", "--base=b"]) == 1
    said = capsys.readouterr().err
    assert "neither buildah" in said
    assert "Next: apt-get install buildah" in said


def test_a_tool_that_is_asked_for_and_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_: str) -> None:
        return None

    monkeypatch.setattr(engines.shutil, "which", nothing)
    with pytest.raises(Problem, match="docker cannot be used"):
        engine_of_this_machine("docker")


def test_a_failed_command_shows_its_last_lines_and_where_the_rest_is(tmp_path: Path) -> None:
    run = LoggedRun("server", tmp_path / "server.log")
    run(["echo", "fine"])
    with pytest.raises(Problem) as problem:
        run(["sh", "-c", "echo broken wheel; exit 3"])
    assert "`sh` ended with 3" in problem.value.what
    assert "broken wheel" in problem.value.what
    assert str(tmp_path / "server.log") in problem.value.next_step
    assert (tmp_path / "server.log").read_text(encoding="utf-8") == "fine\nbroken wheel\n"


@pytest.mark.parametrize(("answers", "engine"), [(True, set[str]()), (False, {"buildah"})])
def test_what_building_takes_is_named_for_whoever_installs_it(
    monkeypatch: pytest.MonkeyPatch, answers: bool, engine: set[str]
) -> None:
    monkeypatch.setattr(engines, "_docker_answers", lambda: answers)
    assert set(engines.packages().values()) == {"debootstrap", "debian-archive-keyring"} | engine

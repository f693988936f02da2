"""The whole command beside a kubectl that is played: what it asks for, prints and ends with."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.unit.kubectl_plugin.documents import Manifest, began, model, revision, way

PLAYED = """#!/bin/sh
echo "$@" >>"$PLAY/asked"
test ! -e "$PLAY/complaint" || { cat "$PLAY/complaint" >&2; exit 1; }
cat "$PLAY/$2.json"
"""
MODELS, REVISIONS = "sentimentmodels.rottenpotatoes.com", "sentimentmodelrevisions.rottenpotatoes.com"


@dataclass(frozen=True, slots=True)
class Play:
    """A folder that a played kubectl reads its answers from."""

    folder: Path

    def has(self, document: Manifest, *revisions: Manifest) -> None:
        """These objects are there, and one revision of another model."""
        other = revision()
        other["metadata"]["name"] = "imdb-too.1"
        labelled = [{**one, "status": _labelled(one)} for one in revisions]
        (self.folder / f"{MODELS}.json").write_text(json.dumps(document))
        (self.folder / f"{REVISIONS}.json").write_text(json.dumps({"items": [*labelled, other]}))

    def asked(self) -> list[str]:
        """What kubectl was called with."""
        return (self.folder / "asked").read_text().splitlines()

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The plugin with those arguments."""
        return subprocess.run(
            [sys.executable, "-m", "kubectl_rotten", *words],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(sys.path),
                "PLAY": str(self.folder),
                "PATH": f"{self.folder}:/usr/bin:/bin",
                "PYTHONIOENCODING": "utf-8",
                "COLUMNS": "100",
                **environment,
            },
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )


def _labelled(document: Manifest) -> Manifest:
    serving = [{"version": document["spec"]["version"], **entry} for entry in document["status"].get("serving", [])]
    return {**document["status"], "serving": serving}


@pytest.fixture
def play(tmp_path: Path) -> Play:
    (tmp_path / "kubectl").write_text(PLAYED)
    (tmp_path / "kubectl").chmod(0o755)
    return Play(tmp_path)


NOT_READY = model(way("Trained", reason="JobFailed", message="It broke → badly. Next: kubectl get jobs"))
SERVED = revision("1", serving=[began("2026-01-01T10:00:00Z")])


def test_only_what_is_needed_is_read_and_kubectl_gets_its_flags(play: Play) -> None:
    play.has(model())
    assert play.run("why", "imdb", "-n", "reviews", "--as", "ada", "--moon=1").returncode == 0
    assert play.asked() == [f"get {MODELS} imdb --output=json -n reviews --as ada --moon=1"]


def test_a_model_that_is_not_ready_ends_with_1_and_the_step_last(play: Play) -> None:
    play.has(NOT_READY)
    done = play.run("why", "imdb")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[-1] == "kubectl get jobs"
    assert "It broke → badly." in done.stdout


def test_lines_are_as_wide_as_the_terminal(play: Play) -> None:
    play.has(model(way("Trained", reason="JobFailed", message="word " * 40)))
    assert max(map(len, play.run("why", "imdb", COLUMNS="60").stdout.splitlines()[:-1])) <= 60


@pytest.mark.parametrize(
    ("words", "environment"),
    [(("--no-unicode",), {}), ((), {"PYTHONIOENCODING": "ascii"}), ((), {"PYTHONIOENCODING": "latin-1"})],
    ids=["asked for", "an ascii terminal", "a western terminal"],
)
def test_ascii_where_nothing_else_is_wanted_or_shown(
    play: Play, words: tuple[str, ...], environment: dict[str, str]
) -> None:
    play.has(NOT_READY)
    done = play.run("why", "imdb", *words, **environment)
    assert done.returncode == 1
    assert done.stdout.isascii()
    assert "It broke -> badly." in done.stdout
    assert "  no   Trained" in done.stdout


def test_versions_as_table_json_and_yaml(play: Play) -> None:
    play.has(model(), SERVED)
    table, as_json, as_yaml = (play.run("versions", "imdb", *words) for words in ((), ("-o", "json"), ("-o", "yaml")))
    assert [done.returncode for done in (table, as_json, as_yaml)] == [0, 0, 0]
    assert table.stdout.startswith("VERSION")
    assert json.loads(as_json.stdout) == yaml.safe_load(as_yaml.stdout)
    assert [one["version"] for one in json.loads(as_json.stdout)["versions"]] == ["1"]


def test_who_ran_ends_with_0_where_something_did_and_1_where_nothing_did(play: Play) -> None:
    play.has(model(), SERVED)
    codes = [play.run("who-ran", "imdb", "--at", at).returncode for at in ("2026-01-02", "2025-12-31", "2999-01-01")]
    assert codes == [0, 1, 1]
    assert json.loads(play.run("who-ran", "imdb", "--at", "2025-12-31", "-o", "json").stdout)["ran"] is None


def test_a_time_without_an_offset_is_utc_wherever_it_is_typed(play: Play) -> None:
    play.has(model(), SERVED)
    done = play.run("who-ran", "imdb", "--at", "2026-01-02T15:04:05", "-o", "json", TZ="JST-9")
    assert json.loads(done.stdout)["at"] == "2026-01-02T15:04:05Z"


def test_a_moment_that_is_none_is_said_before_anybody_is_asked(play: Play) -> None:
    done = play.run("who-ran", "imdb", "--at", "noon")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "kubectl rotten: --at noon is no moment. Next: write it as 2026-01-02, or as 2026-01-02T15:04:05Z\n"
    )
    assert not (play.folder / "asked").exists()


def test_a_revision_that_cannot_be_read_is_left_out_and_named(play: Play) -> None:
    broken = revision("2")
    del broken["spec"]["version"]
    play.has(model(), SERVED, broken)
    told = "SentimentModelRevision imdb.2 is not as this plugin knows it (spec.version: Field required)"
    for words in (("versions", "imdb"), ("who-ran", "imdb", "--at", "2026-01-02")):
        done = play.run(*words)
        assert done.returncode == 0
        assert f"Warning: {told}" in done.stderr
        assert told in json.loads(play.run(*words, "-o", "json").stdout)["warnings"][0]


def test_a_model_that_cannot_be_read_ends_with_2(play: Play) -> None:
    play.has({**model(), "status": {"conditions": "none"}})
    done = play.run("why", "imdb")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        "kubectl rotten: SentimentModel imdb is not as this plugin knows it (status.conditions:"
    )
    assert done.stderr.endswith("Next: kubectl get smod imdb -o yaml\n")


def test_what_kubectl_complains_of_ends_with_2_on_one_line(play: Play) -> None:
    (play.folder / "complaint").write_text("Error from server (NotFound): x not found\n")
    done = play.run("why", "imdb", "-n", "reviews")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "kubectl rotten: There is no SentimentModel imdb in the namespace reviews. Next: kubectl get smod -A\n"
    )


def test_an_answer_that_is_no_json_ends_with_2(play: Play) -> None:
    (play.folder / f"{MODELS}.json").write_text("")
    done = play.run("why", "imdb")
    assert done.returncode == 2
    assert "kubectl printed no JSON" in done.stderr


def test_a_kubectl_that_is_not_there_is_named(play: Play, tmp_path: Path) -> None:
    done = play.run("why", "imdb", PATH=str(tmp_path / "nowhere"))
    assert (done.returncode, done.stderr) == (
        2,
        "kubectl rotten: kubectl is not in PATH. Next: add its folder to PATH\n",
    )


def test_a_reader_that_has_read_enough_is_no_failure(play: Play) -> None:
    play.has(model(), *(revision(str(number)) for number in range(2000)))
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m kubectl_rotten versions imdb | head -n 1"],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PLAY": str(play.folder),
            "PATH": f"{play.folder}:/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("VERSION")

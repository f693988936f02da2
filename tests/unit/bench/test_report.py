"""The page of figures: from what the parts keep to Markdown, and what it says of those that kept nothing."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import bench.__main__ as every_part
from bench import results
from bench.report import __main__ as report
from bench.report import chapters
from bench.report.chapters import PARTS, RUN, Chapter, Part
from bench.report.page import page
from bench.report.parts import operator, ready, search, server, train
from bench.report.shapes import Goal, Section, Table
from bench.results import keep, kept, this_machine

COST = {"cpu_microseconds": 100.0, "reviews_per_second": 5_000.0, "median_ms": 1.0, "p99_ms": 1.9}
START = {"cpu_seconds": 0.25, "seconds": 0.5, "private_mib": 46.0}
SERVER: dict[str, Any] = {
    "loads": {"one by one": {"FastAPI + scikit-learn": {**COST, "cpu_microseconds": 2_500.0}, "the direct way": COST}},
    "half": {
        "FastAPI + scikit-learn": {"requests_per_second": 180.0, "median_ms": 3.0, "p99_ms": 8.25},
        "the direct way": {"requests_per_second": 2_500.0, "median_ms": 0.5, "p99_ms": 1.335},
    },
    "starts": {"the direct way": START},
    "goals": [{"what": "requests, × FastAPI", "wanted": 20, "reached": 25.0, "more": True, "met": True}],
    "missing": {"MLServer": "no network"},
    "in_process": {"one by one": {"scikit_learn": 800.0, "scorer": 10.0}},
    "forest_in_process": {"one by one": {"scikit_learn": 4_500.0, "scorer": 45.0}},
}
PRESET = {"preset": "Best", "counted_by": "native code", "accuracy": 0.9202, "accuracy_of_unseen_texts": 0.9198,
          "train_rows": 25_000, "test_rows": 25_000, "seconds": 12.0, "cpu_seconds": 6.0, "peak_mib": 900.0}  # fmt: skip
BY_OTHER = PRESET | {"counted_by": "scikit-learn", "seconds": 32.0, "cpu_seconds": 30.0}
STEP = {"rows": 10_000, "counted_by": "native code", "terms": 100, "counting_cpu_seconds": 1.0,
        "fitting_cpu_seconds": 1.0, "peak_mib": 600.0}  # fmt: skip
COLD = {
    "who": "SentimentModel",
    "reached": {"pod created": 0.2, "first right answer": 2.0, "Ready": 2.5},
    "cpu_seconds": 0.3,
}
SWITCH = {"who": "SentimentModel", "back": False, "first_answer": 2.0, "ready": 11.0, "failed": 0, "requests": 500}
MADE: dict[str, Any] = {
    "settled_seconds": 50.0, "to_children": {"p99": 1.5}, "requests_by_verb": {"patch": 9_000}, "writes": 9_000,
    "cpu_seconds": 20.0, "objects": 7_000, "status_writes": 3_000, "stall": {"worst": 0.05},
}  # fmt: skip
CELL: dict[str, Any] = {
    "operator": "SentimentModel operator", "models": 1000, "autoscaled": True, "trained": False, "peak_mib": 410.0,
    "made": MADE,
    "quiet": {"writes": 0, "resident_mib": 200.0}, "edited": {"recorded": {"p50": 0.1, "p99": 0.2}},
    "restarted": {"seconds": 5.0, "cpu_seconds": 2.0, "writes": 0},
    "beside": {"to_children": {"p99": 0.3}, "queue_oldest_seconds": 0.4},
}  # fmt: skip
USUAL = CELL | {
    "operator": "usual kopf operator",
    "made": MADE | {"settled_seconds": 100.0, "cpu_seconds": 120.0, "writes": 17_000},
    "beside": {"to_children": {"p99": 0.3}, "queue_oldest_seconds": None},
}


SEARCH: dict[str, Any] = {
    "costs": [
        {"way": "together", "processes": 2, "trials": 32, "cpu_seconds": 40.0, "seconds": 30.0, "peak_mib": 900.0}
    ],
    "ratio": 9.1,
    "differing": [[1, "1", 0.9, 0.8]],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where figures are kept."""
    monkeypatch.setattr(results, "RESULTS", tmp_path / "bench")
    return tmp_path / "bench"


def verdicts(section: Section) -> dict[str, bool]:
    """Goal → met."""
    return {goal.what: goal.met for goal in section.goals}


def test_figures_come_back_with_what_they_were_measured_on(folder: Path) -> None:
    keep("some", [{"figure": 1}])
    found = kept("some", folder)
    assert found is not None
    assert (found.figures, found.machine.cores) == ([{"figure": 1}], this_machine().cores)
    assert kept("other", folder) is None


def test_a_page_shows_every_part_its_goals_and_what_it_ran_on(folder: Path, tmp_path: Path) -> None:
    for name, figures in (
        ("server", SERVER),
        ("train", [PRESET, BY_OTHER]),
        ("ready-cold", [COLD]),
        ("operator", [CELL]),
    ):
        keep(name, figures)
    keep(RUN, {"search": "no cluster here"})
    (folder / "server.png").write_bytes(b"a picture")
    assert report.main(["--from", str(folder), "--to", str(tmp_path / "docs")]) == 0
    text = (tmp_path / "docs" / "performance.md").read_text()
    assert "| Requests | requests, × FastAPI | ≥ 20 | 25 | met |" in text
    assert "| Training | Best: fit, measure, export and prove, wall | ≤ 10 s | 12 s | **missed** |" in text
    assert "| FastAPI + scikit-learn | 2,500.0 | 25.0 |" in text
    assert "| forest, one by one | 4,500.0 | 45.0 | 100.0 |" in text
    assert "MLServer was not measured: no network." in text
    assert "Not measured here: no cluster here." in text
    assert f"{this_machine().cores} cores" in text
    assert "(images/server.png)" in text
    assert (tmp_path / "docs" / "images" / "server.png").read_bytes() == b"a picture"
    assert "(images/operator.png)" not in text, "that picture was never drawn"


def test_nothing_measured_is_no_page(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main(["--from", str(folder), "--to", str(tmp_path / "docs")]) == 1
    assert "Next: make bench" in capsys.readouterr().err
    assert not (tmp_path / "docs").exists()


@pytest.mark.parametrize("written", ['{"loads": {}}', '{"machine": {}, "figures": 1}', "{"])
def test_a_file_of_another_version_is_told(folder: Path, written: str) -> None:
    folder.mkdir()
    (folder / "server.json").write_text(written)
    with pytest.raises(SystemExit, match=r"server\.json .*Next: measure that part again"):
        chapters.chapters(folder)


def test_figures_of_another_shape_are_told(folder: Path) -> None:
    keep("server", {"loads": {"one by one": {}}})
    with pytest.raises(SystemExit, match=r"server\.json has another shape .*bench\.report\.parts\.server"):
        chapters.chapters(folder)


def test_goals_say_what_was_reached_on_the_right_side() -> None:
    assert verdicts(server.section(SERVER)) == {"requests, × FastAPI": True}
    assert verdicts(train.section([PRESET, BY_OTHER])) == {
        "Best: accuracy on held-out reviews": True,
        "Best: fit, measure, export and prove, wall": False,
        "Best: less CPU than the same in scikit-learn": True,
    }
    assert list(verdicts(search.section(SEARCH)).values()) == [True, False]
    assert list(verdicts(ready.cold([COLD])).values()) == [True, True]
    assert list(verdicts(ready.switches([SWITCH])).values()) == [True, False, True]


def test_the_goal_at_half_load_stands_in_a_table_of_its_own() -> None:
    section = server.section(SERVER)
    (half,) = (table for table in section.tables if table.title == "At half load")
    assert half.rows == (
        ("the direct way", "2,500", "0.50", "1.33"),
        ("FastAPI + scikit-learn", "180", "3.00", "8.25"),
    )
    assert any("at full load" in told for told in section.told)


def test_an_operator_is_judged_beside_the_usual_one_and_by_itself() -> None:
    found = verdicts(operator.section([CELL, USUAL]))
    assert {what.removeprefix("1,000 models: "): met for what, met in found.items()} == {
        "models a second until they serve, better than the usual operator": True,
        "writes a model, Events included, better than the usual operator": False,
        "writes a model, Events included": True,
        "operator CPU ms, each object and status, better than the usual operator": True,
        "writes while nothing changes": True,
        "memory at its most, MiB": False,
        "restart, writes": True,
        "longest wait in the queue then, s": True,
    }


def test_replicas_that_share_are_judged_by_what_one_of_them_costs() -> None:
    one = {"models": 100, "settled_seconds": 9.0, "quiet_cpu_ms_a_second": 1.0, "edit_cpu_ms": 30.0}
    found = [{**one, "replicas": len(seconds), "cpu_seconds": seconds} for seconds in ([2.0], [1.1, 1.2], [0.7] * 4)]
    assert [(goal.reached, goal.met) for goal in operator.shards(found).goals] == [(1.15, True), (1.4, False)]
    assert [row[:3] for row in operator.shards(found).tables[0].rows] == [
        ("1", "20.0", "1.00"),
        ("2", "23.0", "1.15"),
        ("4", "28.0", "1.40"),
    ]
    assert operator.shards(found[1:]).goals == ()


def test_an_operator_alone_has_no_ratios() -> None:
    assert "better than" not in str(operator.section([CELL]).goals)


def test_only_5000_models_have_to_be_caught_up_with_in_a_minute_and_have_no_autoscaler() -> None:
    found = operator.section([CELL, CELL | {"models": 5000, "autoscaled": False}])
    assert [goal.what for goal in found.goals if "restart to" in goal.what] == [
        "5,000 models, without autoscalers: restart to caught up, s"
    ]
    assert [table.title for table in found.tables] == ["1,000 models", "5,000 models, without autoscalers"]


def test_where_one_machine_ends_is_what_the_slope_says() -> None:
    larger = STEP | {"rows": 500_000, "peak_mib": 600 + 490_000 * 10 / 1024}
    told = train.growth([STEP, larger]).told[-1]
    assert "each takes 10.0 KiB" in told
    assert "104,858 reviews for each GiB" in told
    assert "8 GiB for 790,000 reviews" in told
    assert "ends" not in str(train.growth([STEP]).told)


def test_a_bar_in_a_cell_is_no_border() -> None:
    section = Section(tables=(Table("", ("a", "b"), (("x|y", "z"),)),), goals=(Goal("a|b", 1, 1, more=True),))
    text = page([Chapter(Part("some", "Some"), [(section, replace(this_machine(), day="2026-01-01"))], "")])
    assert r"| x\|y | z |" in text
    assert r"| Some | a\|b | ≥ 1 | 1 | met |" in text


def test_every_part_is_run_and_one_that_fails_says_why_while_the_others_go_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    programs = {"server": "raise SystemExit('no core to spare. Next: another machine')", "train": "print('done')"}
    monkeypatch.setattr(every_part, "RESULTS", folder)
    monkeypatch.setattr(every_part.importlib.util, "find_spec", lambda name: name.removeprefix("bench.") in programs)
    popen = subprocess.Popen

    def start(command: list[str], **options: Any) -> Any:
        program = programs[command[-1].removeprefix("bench.")]
        return popen([sys.executable, "-c", program], **options)

    monkeypatch.setattr(every_part.subprocess, "Popen", start)
    assert every_part.main() == 1
    reasons = json.loads((folder / f"{RUN}.json").read_text())["figures"]
    assert reasons["server"] == "no core to spare. Next: another machine"
    assert reasons["operator"] == "it is no part of this version"
    assert "train" not in reasons
    told = capfd.readouterr()
    assert "done" in told.out
    assert "server was not measured: no core to spare" in told.err


def test_every_part_has_a_target() -> None:
    makefile = (Path(__file__).parents[3] / "Makefile").read_text()
    here = [part for part in PARTS if every_part.importlib.util.find_spec(f"bench.{part.name}")]
    assert {"server", "train"} <= {part.name for part in here}
    for part in here:
        assert f"\nbench-{part.name}: ##" in makefile

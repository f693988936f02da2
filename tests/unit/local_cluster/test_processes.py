import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cluster import processes
from local_cluster.console import holds_within
from local_cluster.processes import Process, started_at

SLEEP = ("sleep", "60")
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    one = Process(tmp_path / "state", "sleeper")
    yield one
    one.stop()


def _record(process: Process) -> Path:
    return process.state / "pids" / process.name


def _id(process: Process) -> int:
    pid = process.pid()
    assert pid is not None
    return pid


def test_a_process_runs_until_it_is_stopped(process: Process) -> None:
    assert process.start(SLEEP)
    pid = _id(process)
    process.stop()
    assert process.pid() is None
    assert started_at(pid) == ""


def test_a_second_start_leaves_a_running_process_alone(process: Process) -> None:
    process.start(SLEEP)
    first = process.pid()
    assert not process.start(SLEEP)
    assert process.pid() == first


@pytest.mark.parametrize(
    ("command", "configuration"), [(("sleep", "61"), ""), (SLEEP, "changed")], ids=["command", "configuration"]
)
def test_a_process_starts_anew_when_what_it_runs_with_changes(
    process: Process, command: tuple[str, ...], configuration: str
) -> None:
    process.start(SLEEP)
    first = _id(process)
    assert process.start(command, configuration=configuration)
    assert process.pid() != first
    assert started_at(first) == ""


def test_a_killed_process_is_known_to_be_dead_and_starts_again(process: Process) -> None:
    process.start(SLEEP)
    os.kill(_id(process), signal.SIGKILL)
    assert holds_within(5, lambda: process.pid() is None)
    assert process.start(SLEEP)
    assert process.pid() is not None


def test_a_process_id_that_belongs_to_somebody_else_by_now_is_not_ours(process: Process) -> None:
    process.start(SLEEP)
    _, started, fingerprint = _record(process).read_text().split()
    process.stop()
    _record(process).write_text(f"{os.getpid()} {started} {fingerprint}")
    assert process.pid() is None
    process.stop()  # would end the test itself


def test_a_process_id_of_an_earlier_boot_is_not_ours(process: Process) -> None:
    process.start(SLEEP)
    pid, started, fingerprint = _record(process).read_text().split()
    ticks = started.partition("@")[0]
    _record(process).write_text(f"{pid} {ticks}@another-boot {fingerprint}")
    assert process.pid() is None
    _record(process).write_text(f"{pid} {started} {fingerprint}")


@pytest.mark.parametrize("content", ["", "12", "x y z", "12 34"])
def test_half_a_record_is_none(process: Process, content: str) -> None:
    _record(process).parent.mkdir(parents=True)
    _record(process).write_text(content)
    assert process.pid() is None


def test_a_process_that_ignores_the_request_is_killed(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PATIENCE_SECONDS", 0.3)
    process.start((sys.executable, "-c", STUBBORN))
    assert holds_within(10, lambda: "deaf" in process.log.read_text())
    pid = _id(process)
    process.stop()
    assert started_at(pid) == ""


def test_the_last_words_are_the_end_of_the_log(process: Process) -> None:
    assert process.last_words() == "    (no log)"
    process.start(("seq", "1", "100"))
    assert holds_within(5, lambda: process.last_words().endswith("    100"))
    assert process.last_words().splitlines()[0] == "    86"


def test_a_log_that_grew_large_makes_way(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LARGEST_LOG", 10)
    process.log.parent.mkdir(parents=True)
    process.log.write_text("x" * 11)
    process.start(SLEEP)
    assert process.log.with_suffix(".log.1").read_text() == "x" * 11
    assert process.log.read_text() == ""

"""What the operator logs: one JSON object a line, whatever happens."""

import json
import logging
import threading
from collections.abc import Iterator

import pytest

from sentiment_operator import logs


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    """The operator's logging, and what was there before afterwards."""
    root, hook = logging.getLogger(), threading.excepthook
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level, threading.excepthook = handlers, level, hook


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    told = capsys.readouterr()
    assert not told.err
    return [json.loads(line) for line in told.out.splitlines()]


def test_what_belongs_to_a_line_becomes_fields_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    logging.getLogger("sentiment_operator").info("training started", extra={"event.action": "train", "model": "a/b"})
    (line,) = lines(capsys)
    assert (line["message"], line["event.action"], line["model"]) == ("training started", "train", "a/b")


def test_a_thread_that_dies_says_why_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")

    def die() -> None:
        raise ValueError("no such thing")

    thread = threading.Thread(target=die, name="kopf")
    thread.start()
    thread.join()
    (line,) = lines(capsys)
    assert line["message"] == "thread kopf ended unexpectedly"
    assert (line["error.type"], line["error.message"]) == ("ValueError", "no such thing")

"""Every line is one JSON object with the names that log stores expect."""

import io
import json
import logging

import pytest

from sentiment_server.logs import log_event, set_up_logs


@pytest.fixture
def lines():
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    set_up_logs({"model": "imdb", "version": "2", "digest": ""}, stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = before


def test_an_event_is_one_line(lines) -> None:
    log_event(
        logging.getLogger("a"),
        logging.WARNING,
        "load",
        "two\nlines \u2028 and “quotes”",
        **{"event.outcome": "failure"},
    )
    (line,) = lines()
    assert line["message"] == "two\nlines \u2028 and “quotes”"
    assert (line["log.level"], line["event.action"], line["event.outcome"]) == ("warning", "load", "failure")
    assert (line["labels.model"], line["labels.version"], "labels.digest" in line) == ("imdb", "2", False)
    assert line["@timestamp"].endswith("+00:00")


def test_a_defect_brings_its_traceback_in_the_same_line(lines) -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logging.getLogger("a").exception("broken")
    (line,) = lines()
    assert "ZeroDivisionError" in line["error.stack_trace"]

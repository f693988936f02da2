"""Every line is one JSON object with the names that log stores expect."""

import asyncio
import io
import json
import logging
from collections.abc import Callable
from datetime import datetime

import pytest

from sentiment_server.logs import EcsHandler, RequestPattern, log_event, log_request, log_requests, set_up_logs


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


@pytest.fixture
def alone() -> Callable[[], None]:
    """Has the server's handler log without those of pytest, which come back for each phase of a test."""

    def leave_alone() -> None:
        root = logging.getLogger()
        root.handlers[:] = [handler for handler in root.handlers if isinstance(handler, EcsHandler)]
        assert len(root.handlers) == 1

    return leave_alone


async def test_a_request_leaves_the_line_that_any_event_leaves(lines, alone) -> None:
    alone()
    fields = {"labels.route": "/predict", "score": 0.5, "text": ["“é\ud800”\n"]}
    log_event(logging.getLogger("a"), logging.INFO, "predict", "1 texts scored.", **fields)
    log_request(logging.getLogger("a"), "1 texts scored.", {"event.action": "predict", **fields})
    await asyncio.sleep(0)
    one, other = lines()
    assert abs(_seconds(one) - _seconds(other)) < 60
    assert {**one, "@timestamp": ""} == {**other, "@timestamp": ""}
    assert list(one) == list(other)


async def test_a_line_by_a_pattern_is_the_line_of_its_fields(lines, alone) -> None:
    alone()
    logger, fields = logging.getLogger("a"), {"event.action": "predict", "n": 0, "odd": "%s %r \ue001é", "score": 0.0}
    pattern = RequestPattern(logger, "100 % scored.", fields, ("n", "score"))
    numbers = [(7, 1e-17), (8, 0.1 + 0.2), (9, 1.0)]
    log_requests([(pattern, each) for each in numbers])
    for each in numbers:
        log_request(logger, pattern.message, pattern.with_numbers(each))
    await asyncio.sleep(0)
    said = [{**line, "@timestamp": _seconds(line) > 0} for line in lines()]
    assert said[:3] == said[3:]
    assert [(line["n"], line["score"], line["odd"]) for line in said[:3]] == [
        (*each, fields["odd"]) for each in numbers
    ]
    assert [list(line) for line in said[:3]] == [list(line) for line in said[3:]]


async def test_lines_stand_in_the_order_in_which_things_happened(lines, alone) -> None:
    alone()

    def say(number: int) -> None:
        log_request(logging.getLogger("a"), f"{number}", {})

    say(1)
    say(2)
    assert lines() == []
    logging.getLogger("a").info("3")
    say(4)
    await asyncio.sleep(0)
    say(5)
    logging.getLogger().handlers[0].flush()
    assert [line["message"] for line in lines()] == ["1", "2", "3", "4", "5"]


def test_a_request_is_logged_by_whoever_else_logs(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        log_request(logging.getLogger("a"), "1 texts scored.", {"event.action": "predict"})
        log_requests([(RequestPattern(logging.getLogger("a"), "2 texts scored.", {}, ("n",)), (2,))])
    assert caplog.messages == ["1 texts scored.", "2 texts scored."]
    assert getattr(caplog.records[1], "ecs") == {"n": 2}  # noqa: B009  types know it not


def _seconds(line: dict[str, str]) -> float:
    return datetime.fromisoformat(line["@timestamp"]).timestamp()

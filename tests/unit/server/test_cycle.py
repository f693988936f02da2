"""A whole reply is one write; whatever else is sent goes out as uvicorn sends it."""

import asyncio
import json
import logging
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sentiment_server.web.cycle import Cycle
from sentiment_server.web.envelope import Envelope

LENGTH = (b"content-length", b"4")


class Wire(asyncio.Transport):
    """Remembers what reached it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data) -> None:
        assert not self.closed
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def _cycle(wire: Wire, *, method: str = "POST", keep_alive: bool = True) -> Cycle:
    given: dict[str, Any] = {
        "scope": {"method": method, "state": {"identity_headers": [(b"x-model-version", b"2")]}},
        "transport": wire,
        "flow": SimpleNamespace(write_paused=False),
        "default_headers": [(b"date", b"today")],
        "message_event": asyncio.Event(),
        "keep_alive": keep_alive,
        "on_response": lambda: None,
    }
    rest = {
        "logger": logging.getLogger("uvicorn.error"),
        "access_logger": None,
        "access_log": False,
        "expect_100_continue": False,
    }
    return Cycle(**given, **cast("Any", rest))


async def _send(cycle: Cycle, *headers: tuple[bytes, bytes], body: bytes = b"body", more: bool = False) -> None:
    await cycle.send({"type": "http.response.start", "status": 200, "headers": [*headers]})
    await cycle.send({"type": "http.response.body", "body": body, "more_body": more})


async def test_a_head_goes_with_its_body() -> None:
    cycle = _cycle(wire := Wire())
    await _send(cycle, LENGTH)
    assert wire.sent == [b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-length: 4\r\n\r\nbody"]
    assert (cycle.response_complete, wire.closed) == (True, False)


async def test_the_last_reply_of_a_connection_ends_it_and_says_so_once() -> None:
    for headers, keep_alive in (((LENGTH,), False), ((LENGTH, (b"connection", b"close")), True)):
        await _send(_cycle(wire := Wire(), keep_alive=keep_alive), *headers)
        assert (len(wire.sent), wire.sent[0].count(b"connection: close"), wire.closed) == (1, 1, True)


async def test_what_is_no_whole_reply_is_sent_as_uvicorn_sends_it() -> None:
    await _send(_cycle(wire := Wire()), body=b"part", more=True)
    assert b"transfer-encoding: chunked" in wire.sent[0]
    assert wire.sent[1] == b"4\r\npart\r\n"
    await _send(_cycle(wire := Wire(), method="HEAD"), LENGTH)
    assert b"".join(wire.sent).endswith(b"\r\n\r\n")


async def test_a_header_with_a_line_break_is_never_sent() -> None:
    try:
        await _send(_cycle(wire := Wire()), LENGTH, (b"x-model-version", b"1\r\nset-cookie: a"))
    except RuntimeError as error:
        assert "Invalid HTTP header value" in str(error)
    else:
        raise AssertionError(wire.sent)


async def test_an_application_that_fails_behind_its_head_is_answered_for_with_a_problem_document() -> None:
    async def fails(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [LENGTH]})
        raise ZeroDivisionError("q7zkqsecret")

    cycle = _cycle(wire := Wire())
    await cycle.run_asgi(fails)
    (sent,) = wire.sent
    head, _, body = sent.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 500 ")
    assert b"content-type: application/problem+json" in head
    assert b"x-model-version: 2" in head
    assert (json.loads(body)["title"], wire.closed) == ("The server failed", True)
    assert b"q7zkqsecret" not in sent


async def test_a_defect_is_counted() -> None:
    counted: list[tuple[object, ...]] = []

    async def fails(scope, receive, send) -> None:
        raise ZeroDivisionError

    metrics = SimpleNamespace(answered=lambda *told: counted.append(told[:3]))
    envelope = Envelope(fails, cast("Any", None), cast("Any", metrics), lambda *_: None, log_text=False)
    with pytest.raises(ZeroDivisionError):
        await envelope(
            {"type": "http", "method": "POST", "headers": [], "state": {"route": "/predict"}},
            *cast("Any", (None, None)),
        )
    assert counted == [("/predict", "POST", 500)]

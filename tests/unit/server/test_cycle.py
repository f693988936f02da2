"""A whole reply is one write; whatever else is sent goes out as uvicorn sends it."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from sentiment_server.web.cycle import Cycle

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
        "scope": {"method": method},
        "transport": wire,
        "flow": SimpleNamespace(write_paused=False),
        "default_headers": [(b"date", b"today")],
        "message_event": asyncio.Event(),
        "keep_alive": keep_alive,
        "on_response": lambda: None,
    }
    rest = {"logger": None, "access_logger": None, "access_log": False, "expect_100_continue": False}
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


async def test_an_application_that_fails_behind_its_head_can_still_answer() -> None:
    cycle = _cycle(wire := Wire())
    await cycle.send({"type": "http.response.start", "status": 200, "headers": [LENGTH]})
    assert (wire.sent, cycle.response_started) == ([], False)
    await cycle.send_500_response()
    assert len(wire.sent) == 1
    assert wire.sent[0].startswith(b"HTTP/1.1 500 ")

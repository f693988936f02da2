"""What is written in one turn of the loop goes out together, in order, and nothing is kept back."""

import asyncio

from sentiment_server.web.corked import Corked


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

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


async def _turn() -> None:
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_a_head_goes_with_its_body() -> None:
    corked = Corked(wire := Wire(), asyncio.get_running_loop())
    corked.write(b"head")
    corked.write(b"body")
    assert wire.sent == [b"headbody"]
    await _turn()
    assert wire.sent == [b"headbody"]


async def test_what_is_alone_waits_for_the_end_of_the_turn_only() -> None:
    corked = Corked(wire := Wire(), asyncio.get_running_loop())
    corked.write(b"head")
    assert wire.sent == []
    await _turn()
    assert wire.sent == [b"head"]
    for piece in (b"a", bytearray(b"b"), memoryview(b"c")):
        corked.write(piece)
    await _turn()
    assert wire.sent == [b"head", b"ab", b"c"]


async def test_the_last_words_are_sent_before_the_end() -> None:
    corked = Corked(wire := Wire(), asyncio.get_running_loop())
    corked.write(b"bye")
    corked.close()
    assert (wire.sent, corked.is_closing()) == ([b"bye"], True)
    await _turn()


async def test_nothing_is_written_to_a_connection_that_has_ended() -> None:
    corked = Corked(wire := Wire(), asyncio.get_running_loop())
    corked.write(b"late")
    wire.closed = True
    await _turn()
    assert wire.sent == []


async def test_an_abort_sends_nothing() -> None:
    corked = Corked(wire := Wire(), asyncio.get_running_loop())
    corked.write(b"never")
    corked.abort()
    await _turn()
    assert (wire.sent, wire.closed) == ([], True)

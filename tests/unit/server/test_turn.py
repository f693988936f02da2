"""What one turn of the loop brings of plain requests is scored together; whatever is anything else goes to the application."""

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from uvicorn.server import ServerState

from sentiment_artifact import Linear, Score, Tfidf, write_model
from sentiment_contract.rollout import MIRRORED_HEADER
from sentiment_server.metrics import Metrics
from sentiment_server.model.loading import Retry
from sentiment_server.model.serving import SLICE_CHARACTERS, Identity, Serving
from sentiment_server.model.source import LocalFile
from sentiment_server.web.admission import Admission
from sentiment_server.web.copies import Copies
from sentiment_server.web.delivery import Copy
from sentiment_server.web.receipt import Held
from sentiment_server.web.taking_turns import TurnTakingProtocol
from sentiment_server.web.turn import Limits, Turn

_LONG = "good " * (max(SLICE_CHARACTERS.values()) // 5)


class Watched(Serving):
    """Remembers what it was asked in one go; fails if told to."""

    def __init__(self, path: Path) -> None:
        super().__init__(Identity("imdb", "2", None, {}), LocalFile(path, None), Retry(0.001, 0.002))
        self.load_now()
        self.asked: list[list[str]] = []
        self.defect = False

    def lose_model(self) -> None:
        """As before it was loaded."""
        self._compiled = None

    def score_now(self, texts: list[str]) -> list[Score]:
        self.asked.append(texts)
        if self.defect:
            raise ZeroDivisionError
        return super().score_now(texts)


class Wire(asyncio.Transport):
    """Remembers what reached it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.closed = False

    def write(self, data) -> None:
        assert not self.closed
        self.sent += bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Server:
    """A process with one model, whose application says only that it was asked."""

    def __init__(self, path: Path, *, waiting: int = 99, held: int = 10**6, copies: Copies | None = None) -> None:
        self.serving = Watched(path)
        self.admission = Admission(waiting)
        self.held = Held(held)
        self.metrics = Metrics("imdb", "2")
        self.counted: list[str] = []
        self.turn = Turn(
            self.serving,
            self.admission,
            Limits(10**5, self.held),
            copies or Copies(lambda _: None),
            self.metrics,
            lambda texts, _: self.counted.extend(texts),
        )
        self.bodies: list[bytes] = []
        self._config = uvicorn.Config(
            self._application, interface="asgi3", lifespan="off", log_config=None, proxy_headers=False
        )
        self._state = ServerState()

    async def _application(self, scope, receive, send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        self.bodies.append(body)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"11")]})
        await send({"type": "http.response.body", "body": b"application"})

    def connected(self) -> tuple[TurnTakingProtocol, Wire]:
        protocol = TurnTakingProtocol(self._config, self._state, {"turn": self.turn}, asyncio.get_running_loop())
        protocol.connection_made(wire := Wire())
        return protocol, wire

    def ask(self, *texts: str) -> list[tuple[TurnTakingProtocol, Wire]]:
        """All at once, each on a connection of its own."""
        connections = [self.connected() for _ in texts]
        for (protocol, _), text in zip(connections, texts, strict=True):
            protocol.data_received(_request(text))
        return connections

    def answered(self) -> float:
        """Requests that the figures know."""
        told = self.metrics.registry.get_sample_value(
            "sentiment_requests_total", {"route": "/predict", "method": "POST", "status": "200"}
        )
        return told or 0.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    terms, idf, coef = ["bad", "good"], np.ones(2), np.array([-1.0, 1.0])
    write_model(tmp_path / "m.rpm1", Tfidf(terms, idf, 1, False), Linear(coef, 0.0))
    return tmp_path / "m.rpm1"


def _request(text: str, head: str = "", method: str = "POST", path: str = "/predict", version: str = "1.1") -> bytes:
    body = json.dumps({"text": text})
    lines = (
        f"{method} {path} HTTP/{version}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{head}\r\n"
    )
    return (lines + body).encode()


def _said(wire: Wire) -> Any:
    head, _, body = wire.sent.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"content-length: {len(body)}".encode() in head
    return json.loads(body)


async def _turns(count: int = 1) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_what_one_turn_brings_is_scored_together_and_each_gets_its_own_answer(path: Path) -> None:
    server = Server(path)
    texts = ["good", "bad", "gut \u00e9"]
    connections = server.ask(*texts)
    assert [wire.sent for _, wire in connections] == [b"", b"", b""]
    assert server.admission.busy
    await _turns()
    expected = server.serving.compiled
    assert expected is not None
    for (_, wire), text in zip(connections, texts, strict=True):
        score = expected.score(text)
        assert _said(wire) == {"sentiment": score.sentiment, "probability": score.probability, "version": "2"}
        assert f"x-model-digest: {expected.digest}".encode() in wire.sent
    assert (server.serving.asked, server.counted, server.answered()) == ([texts], texts, 3)
    assert not server.admission.busy
    assert server.held.has_room(10**6)


async def test_a_connection_may_ask_again_and_again(path: Path) -> None:
    server = Server(path)
    ((protocol, wire),) = server.ask("good")
    for asked in range(2, 5):
        await _turns()
        protocol.data_received(_request("bad"))
        await _turns()
        assert wire.sent.count(b"HTTP/1.1 200 OK") == asked
    assert (server.bodies, len(server.serving.asked)) == ([], 4)


async def test_a_client_that_has_gone_costs_nobody_anything(path: Path) -> None:
    server = Server(path)
    (_, one), (gone, nobody), (_, other) = server.ask("good", "bad", "good")
    gone.connection_lost(None)
    await _turns()
    assert (server.serving.asked, nobody.sent, server.answered()) == ([["good", "good"]], b"", 2)
    assert _said(one) == _said(other)
    assert not server.admission.busy


async def test_a_turn_of_clients_that_have_all_gone_is_nothing(path: Path) -> None:
    server = Server(path)
    ((gone, _),) = server.ask("good")
    gone.connection_lost(None)
    await _turns(3)
    assert (server.serving.asked, server.bodies, server.admission.busy) == ([], [], False)


async def test_no_more_wait_than_may(path: Path) -> None:
    server = Server(path, waiting=2)
    server.ask("good", "bad", "good")
    await _turns(3)
    assert (server.serving.asked, server.bodies) == ([["good", "bad"]], [b'{"text": "good"}'])


async def test_no_more_bytes_wait_than_may(path: Path) -> None:
    server = Server(path, held=40)
    server.ask("good", "bad", "good")
    await _turns(3)
    assert (server.serving.asked, server.bodies) == ([["good", "bad"]], [b'{"text": "good"}'])
    assert server.held.has_room(40)


async def test_others_get_a_turn_between_long_texts_and_all_are_answered_in_their_order(path: Path) -> None:
    server, seen = Server(path), list[int]()

    def look(times: int) -> None:
        seen.append(len(server.serving.asked))
        if times:
            asyncio.get_running_loop().call_soon(look, times - 1)

    connections = server.ask(_LONG, "good", _LONG, "bad")
    look(4)
    await _turns(5)
    assert server.serving.asked == [[_LONG], ["good", _LONG], ["bad"]]
    assert {1, 2, 3} <= set(seen)
    assert all(_said(wire) for _, wire in connections)


async def test_a_draining_server_answers_and_says_farewell(path: Path) -> None:
    server = Server(path)
    ((_, wire),) = server.ask("good")
    server.serving.drain()
    await _turns()
    assert b"\r\nconnection: close\r\n" in wire.sent
    assert (_said(wire)["sentiment"], wire.closed) == ("positive", True)


async def test_a_server_that_ends_answers_what_waits(path: Path) -> None:
    server = Server(path)
    ((protocol, wire),) = server.ask("good")
    protocol.shutdown()
    await _turns(3)
    assert (server.bodies, wire.closed, server.admission.busy) == ([b'{"text": "good"}'], True, False)
    assert b"connection: close" in wire.sent


async def test_a_defect_is_left_to_who_answers_for_defects(path: Path) -> None:
    server, told = Server(path), list[Any]()
    server.serving.defect = True
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    connections = server.ask("good", "bad")
    await _turns(3)
    assert sorted(server.bodies) == [b'{"text": "bad"}', b'{"text": "good"}']
    assert all(wire.sent.endswith(b"application") for _, wire in connections)
    assert ([type(error) for error in told], server.admission.busy) == ([ZeroDivisionError], False)


@pytest.mark.parametrize("broken", ["sentiment_server.web.turn.read_text", "sentiment_server.web.turn.Ticket"])
async def test_a_request_that_cannot_be_taken_is_left_to_the_application(
    path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def no_memory(*_: object) -> None:
        raise MemoryError

    server, told = Server(path), list[Any]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    with monkeypatch.context() as patch:
        patch.setattr(broken, no_memory)
        ((protocol, wire),) = server.ask("good")
    await _turns(3)
    assert ([type(error) for error in told], server.bodies) == ([MemoryError], [b'{"text": "good"}'])
    assert wire.sent.count(b"HTTP/1.1") == 1
    assert wire.sent.endswith(b"application")
    assert not server.admission.busy
    assert server.held.has_room(10**6)
    protocol.data_received(_request("bad"))
    await _turns()
    assert server.serving.asked == [["bad"]]


async def test_a_defect_half_way_is_told_and_those_behind_it_are_answered(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bool:
        raise ZeroDivisionError

    server, told = Server(path, copies=(copies := Copied())), list[Any]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(type(context["exception"])))
    connections = server.ask("good", "bad", "ugly")
    monkeypatch.setattr(connections[1][0], "is_spent", broken)
    monkeypatch.setattr(connections[1][0], "ask_application", broken)
    await _turns(4)
    (_, first), (_, second), (_, third) = connections
    assert (_said(first)["sentiment"], second.sent, third.sent.endswith(b"application")) == ("positive", b"", True)
    assert (server.answered(), server.counted, len(copies.taken)) == (1, ["good"], 1)
    assert (told, server.bodies) == ([ZeroDivisionError, ZeroDivisionError], [b'{"text": "ugly"}'])
    assert not server.admission.busy


async def test_a_reply_that_could_not_be_written_is_no_answer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        monkeypatch.undo()
        raise MemoryError

    server = Server(path)
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    ((_, wire),) = server.ask("good")
    monkeypatch.setattr(wire, "write", broken)
    await _turns(4)
    assert (wire.sent.endswith(b"application"), server.answered(), server.admission.busy) == (True, 0, False)


async def test_short_texts_are_no_pause_either(path: Path) -> None:
    server = Server(path)
    server.ask(*["good"] * 90)
    await _turns(12)
    slices = [len(asked) for asked in server.serving.asked]
    assert (sum(slices), max(slices) <= 50) == (90, True)


async def test_who_sends_ahead_is_answered_in_order(path: Path) -> None:
    server = Server(path)
    ((protocol, wire),) = server.ask("good")
    protocol.data_received(_request("bad") + _request("ugly"))
    await _turns(8)
    assert server.bodies == [b'{"text": "good"}', b'{"text": "bad"}', b'{"text": "ugly"}']
    assert (wire.sent.count(b"HTTP/1.1 200 OK"), server.admission.busy) == (3, False)
    protocol.data_received(_request("good"))
    await _turns()
    assert (server.serving.asked, wire.sent.count(b"HTTP/1.1 200 OK")) == ([["good"]], 4)


async def test_a_body_that_comes_in_pieces_is_taken_by_the_application(path: Path) -> None:
    server = Server(path)
    protocol, _ = server.connected()
    whole = _request("good")
    protocol.data_received(whole[:-4])
    await _turns(2)
    protocol.data_received(whole[-4:])
    await _turns(2)
    assert (server.serving.asked, server.bodies) == ([], [b'{"text": "good"}'])


_OTHERS: dict[str, bytes] = {
    "method": _request("good", method="PUT"),
    "path": _request("good", path="/predict/batch"),
    "query": _request("good", path="/predict?x=1"),
    "escaped": _request("good", path="/%70redict"),
    "version": _request("good", version="1.0", head="Connection: keep-alive\r\n"),
    "last": _request("good", head="Connection: close\r\n"),
    "expect": _request("good", head="Expect: 100-continue\r\n"),
    "copy": _request("good", head=f"{MIRRORED_HEADER}: 1\r\n"),
    "binary": _request("good", head="Inference-Header-Content-Length: 5\r\n"),
    "twice": _request("good", head="Content-Type: application/json\r\n"),
    "type": _request("good").replace(b"application/json", b"text/plain"),
    "parameter": _request("good").replace(b"application/json", b"application/json; charset=utf-8"),
    "body": _request("good").replace(b'"text"', b'"next"'),
    "surrogate": _request("\ud800"),
    "large": _request("x" * 99_995),
    "chunked": b"POST /predict HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'10\r\n{"text": "good"}\r\n0\r\n\r\n',
}


@pytest.mark.parametrize("sent", _OTHERS.values(), ids=_OTHERS.keys())
async def test_whatever_is_not_plain_goes_to_the_application(path: Path, sent: bytes) -> None:
    server = Server(path)
    protocol, wire = server.connected()
    protocol.data_received(sent)
    await _turns(3)
    assert (server.serving.asked, len(server.bodies)) == ([], 1)
    assert wire.sent.endswith(b"application")


class Copied(Copies):
    """Wants every other request, and keeps the copies."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)
        self.asked = 0
        self.taken: list[Copy] = []

    def wanted(self) -> bool:
        self.asked += 1
        return self.asked % 2 == 1

    def offer(self, copy: Copy) -> None:
        self.taken.append(copy)


async def test_copies_are_taken_of_what_was_answered(path: Path) -> None:
    server = Server(path, copies=(copies := Copied()))
    (_, (gone, _), *_) = server.ask("good", "bad", "ugly", "gut")
    gone.connection_lost(None)
    await _turns()
    assert [copy.body for copy in copies.taken] == [b'{"text": "good"}', b'{"text": "gut"}']
    assert copies.taken[0].path == "/predict"
    assert copies.taken[0].headers == {"content-type": "application/json", MIRRORED_HEADER: "1"}


async def test_without_a_model_the_application_says_so(path: Path) -> None:
    server = Server(path)
    server.serving.lose_model()
    ((_, wire),) = server.ask("good")
    await _turns(3)
    assert wire.sent.endswith(b"application")


async def test_a_slow_reader_is_waited_for_by_the_application(path: Path) -> None:
    server = Server(path)
    protocol, wire = server.connected()
    protocol.pause_writing()
    protocol.data_received(_request("good"))
    await _turns(3)
    assert (server.serving.asked, wire.sent) == ([], b"")
    protocol.resume_writing()
    await _turns(2)
    assert wire.sent.endswith(b"application")

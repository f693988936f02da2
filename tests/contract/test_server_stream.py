"""NDJSON in, NDJSON out: a line is answered as it would be alone, however long the stream is and however it is cut."""

import json
import socket
import threading
import time
from collections.abc import Iterable

import pytest

from tests.support.eventually import eventually

_TYPE = "application/x-ndjson"
_HEAD = (
    f"POST /predict/stream HTTP/1.1\r\nHost: x\r\nContent-Type: {_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
)
_TEXTS = ["a wonderful film", "an awful, boring film", "not good", "", "İ ΣΑΣ \x00 great 映画 \U0001f600"]


def _line(text: str) -> bytes:
    return json.dumps({"text": text}).encode()


def _stream(server, body: bytes) -> list[dict[str, object]]:
    reply = server.request("POST", "/predict/stream", body, {"Content-Type": _TYPE})
    assert (reply.status, reply.headers["content-type"]) == (200, _TYPE)
    assert reply.headers["x-model-version"] == "2"
    return [json.loads(line) for line in reply.body.splitlines()]


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


class Exchange:
    """Sends pieces, and reads answers in a thread of its own meanwhile."""

    def __init__(self, server) -> None:
        self.connection = server.connect()
        self.received = b""
        self.closed = False
        threading.Thread(target=self._read, daemon=True).start()
        self.connection.sendall(_HEAD)

    def _read(self) -> None:
        try:
            while piece := self.connection.recv(1 << 20):
                self.received += piece
        except OSError:
            pass
        self.closed = True

    def send(self, pieces: Iterable[bytes], *, end: bool = False) -> None:
        for piece in pieces:
            self.connection.sendall(_chunk(piece))
        if end:
            self.connection.sendall(b"0\r\n\r\n")

    def lines(self) -> list[dict[str, object]]:
        """Every whole line of the body so far."""
        rest, body = self.received.partition(b"\r\n\r\n")[2], b""
        while b"\r\n" in rest:
            size, _, rest = rest.partition(b"\r\n")
            body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
        return [json.loads(line) for line in body.split(b"\n")[:-1]]


def test_a_line_is_answered_as_its_text_alone(server) -> None:
    alone = [server.post("/predict", {"text": text}).json() for text in _TEXTS]
    assert _stream(server, b"\n".join(map(_line, _TEXTS))) == alone
    assert _stream(server, b"\n".join(map(_line, _TEXTS)) + b"\n") == alone
    assert _stream(server, b"\r\n".join(map(_line, _TEXTS))) == alone


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_it_does_not_matter_where_a_stream_is_cut(server, size: int) -> None:
    body = b"\n".join(map(_line, _TEXTS))
    exchange = Exchange(server)
    exchange.send((body[start : start + size] for start in range(0, len(body), size)), end=True)
    eventually("it is answered", lambda: exchange.received.endswith(b"0\r\n\r\n"), 20)
    assert exchange.lines() == _stream(server, body)


def test_answers_come_while_lines_are_on_their_way(server) -> None:
    exchange = Exchange(server)
    for count, text in enumerate(_TEXTS, 1):
        exchange.send([_line(text) + b"\n"])
        eventually("this line is answered", lambda count=count: len(exchange.lines()) == count, 20)
    exchange.send([], end=True)
    eventually("it ends", lambda: exchange.received.endswith(b"0\r\n\r\n"), 20)


def test_an_empty_stream_has_an_empty_answer(server) -> None:
    assert _stream(server, b"") == []
    assert _stream(server, b"\n \n\r\n") == []


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"film", 400),
        (b'{"text": "\xff"}', 400),
        (b'{"text": "a"}{"text": "b"}', 400),
        (b'{"text": "a", "text": "b"}', 400),
        (b"[" * 50_000, 400),
        (b"null", 422),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"text": 1}', 422),
        (b'{"text": "\\ud800"}', 422),
        (b'{"text": "a", "q7zkqsecret": 1}', 422),
        (_line("x" * 100_001), 422),
        (_line("x" * 1_400_000), 413),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_line_that_is_wrong_costs_itself_alone(server, line: bytes, status: int) -> None:
    first, problem, _, last = _stream(server, b"\n".join((_line("good"), b"", line, b"film", _line("awful"))))
    assert (first["sentiment"], last["sentiment"]) == ("positive", "negative")
    assert (problem["status"], problem["line"]) == (status, 3)
    assert all(str(problem[part]).strip() for part in ("type", "title", "detail", "next"))
    assert "q7zkqsecret" not in json.dumps(problem)


def test_a_line_without_end_is_refused_once_and_passed_over(server) -> None:
    exchange = Exchange(server)
    exchange.send(b"x" * 65_536 for _ in range(200))
    eventually("it is refused", lambda: [line["status"] for line in exchange.lines()] == [413], 20)
    exchange.send([b"x" * 65_536, b'y\n{"text": "good"}\n'], end=True)
    eventually("it is answered", lambda: exchange.received.endswith(b"0\r\n\r\n"), 20)
    assert [line.get("line", line.get("sentiment")) for line in exchange.lines()] == [1, "positive"]


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_another_type_is_refused(server, content_type: str) -> None:
    reply = server.request("POST", "/predict/stream", _line("good"), {"Content-Type": content_type})
    assert (reply.status, reply.headers["accept-post"], reply.headers["connection"]) == (415, _TYPE, "close")
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("content_type", ["application/x-ndjson; charset=utf-8", "application/jsonl"])
def test_its_type_has_many_names(server, content_type: str) -> None:
    assert server.request("POST", "/predict/stream", _line("good"), {"Content-Type": content_type}).status == 200


def test_another_method_is_refused(server) -> None:
    assert server.get("/predict/stream").status == 405


def test_it_stands_in_the_description(server) -> None:
    described = server.get("/openapi.json").json()["paths"]["/predict/stream"]["post"]
    assert _TYPE in described["requestBody"]["content"]
    assert _TYPE in described["responses"]["200"]["content"]


def test_a_long_stream_takes_no_memory(server) -> None:
    """Sixty megabytes, in lines of a few kilobytes, some of them wrong; answers are read as they come."""
    piece = (_line("a wonderful film " * 200) + b"\n") * 30 + b"nonsense\n"
    _stream(server, piece * 20)
    before, high = server.rss_bytes(), 0
    exchange = Exchange(server)
    for count in range(580):
        exchange.send([piece])
        if count % 20 == 0:
            high = max(high, server.rss_bytes())
    exchange.send([], end=True)
    eventually("it is answered", lambda: exchange.received.endswith(b"0\r\n\r\n"), 60)
    assert exchange.received.count(b'"positive"') == 580 * 30
    assert exchange.received.count(b'"status":400') == 580
    assert high - before < 8 * 2**20


def test_a_client_that_takes_no_answers_is_not_read_from_and_then_given_up(start_server) -> None:
    server = start_server(SENTIMENT_STREAM_IDLE_SECONDS="1")
    server.wait_for_reason("Ready")
    _stream(server, (_line("good") + b"\n") * 1_000)
    before = server.rss_bytes()
    with server.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(5)
        connection.sendall(_HEAD)
        chunk = _chunk((_line("good") + b"\n") * 2_000)
        with pytest.raises(OSError):
            _send_for_ever(connection, chunk)
        assert server.rss_bytes() - before < 16 * 2**20
    assert server.post("/predict", {"text": "good"}).status == 200
    assert [line for line in server.log() if line["log.level"] in ("error", "critical")] == []


def _send_for_ever(connection: socket.socket, chunk: bytes) -> None:
    """Until the other end has enough; 500 MB are more than any buffer on the way takes."""
    for _ in range(500 * 2**20 // len(chunk)):
        connection.sendall(chunk)


def test_a_stream_that_stands_still_is_given_up(start_server) -> None:
    server = start_server(SENTIMENT_STREAM_IDLE_SECONDS="0.5")
    server.wait_for_reason("Ready")
    exchange = Exchange(server)
    eventually("the silent one is refused", lambda: exchange.closed, 20)
    assert exchange.received.startswith(b"HTTP/1.1 408 ")
    exchange = Exchange(server)
    exchange.send([_line("good") + b'\n{"te'])
    eventually("the one that began is given up", lambda: exchange.closed, 20)
    good, problem = exchange.lines()
    assert (good["sentiment"], problem["status"], problem["line"]) == ("positive", 408, 2)


def test_no_more_streams_than_allowed_are_open(start_server) -> None:
    server = start_server(SENTIMENT_STREAM_LIMIT="2")
    server.wait_for_reason("Ready")
    held = [Exchange(server) for _ in range(2)]
    for exchange in held:
        exchange.send([_line("good") + b"\n"])
        eventually("it is open", lambda exchange=exchange: exchange.lines(), 20)
    refused = server.request("POST", "/predict/stream", _line("good"), {"Content-Type": _TYPE})
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    assert server.post("/predict", {"text": "good"}).status == 200
    for exchange in held:
        exchange.connection.shutdown(socket.SHUT_RDWR)

    def there_is_room() -> bool:
        return server.request("POST", "/predict/stream", _line("good"), {"Content-Type": _TYPE}).status == 200

    eventually("there is room again", there_is_room, 20)


def test_a_server_without_its_model_refuses_a_stream(start_server, from_registry) -> None:
    server = start_server("--from-environment", **from_registry, SENTIMENT_TRACKING_URL="http://127.0.0.1:9")
    server.wait_for_reason("RegistryUnreachable")
    refused = server.request("POST", "/predict/stream", _line("good"), {"Content-Type": _TYPE})
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")


def test_others_are_answered_meanwhile(server) -> None:
    exchange = Exchange(server)
    piece = (_line("a wonderful film " * 200) + b"\n") * 50
    sending = threading.Thread(target=lambda: exchange.send([piece] * 150, end=True))
    sending.start()
    slowest = 0.0
    while sending.is_alive():
        began = time.monotonic()
        assert server.post("/predict", {"text": "good"}).status == 200
        slowest = max(slowest, time.monotonic() - began)
    sending.join()
    assert slowest < 1.0


def test_a_stream_is_counted_line_by_line_and_logged_once(start_server) -> None:
    server = start_server()
    server.wait_for_reason("Ready")
    _stream(server, b"\n".join((_line("good"), b"nonsense", _line("awful secretword"), _line("great"))))
    line = server.wait_for(lambda s: next((x for x in s.log() if x.get("event.action") == "predict"), None))
    assert (line["texts"], line["positive"], line["refused"]) == (3, 2, 1)
    assert (line["labels.route"], line["http.response.status_code"]) == ("/predict/stream", 200)
    assert "secretword" not in server.log_file.read_text()
    assert server.figure("sentiment_predictions_total", sentiment="positive") == 2
    assert server.figure("sentiment_predictions_total", sentiment="negative") == 1
    assert server.figure("sentiment_requests_total", route="/predict/stream", method="POST", status="200") == 1

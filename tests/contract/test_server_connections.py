"""A connection ends after so many requests, or at some age, so that clients which keep theirs meet servers that came later."""

import json
import time
from http.client import HTTPConnection

import pytest

from tests.support.eventually import eventually

_BODY = json.dumps({"text": "good"}).encode()
_WIRE = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_BODY),
    _BODY,
)


def _started(start_server, requests: int, seconds: float):
    server = start_server(SENTIMENT_CONNECTION_REQUESTS=str(requests), SENTIMENT_CONNECTION_SECONDS=str(seconds))
    server.wait_for_reason("Ready")
    return server


def _ask(server, connection) -> str:
    """What the reply says of the connection."""
    connection.sendall(_WIRE)
    reply = server.read(connection)
    assert reply.status == 200
    return reply.headers.get("connection", "")


def test_the_last_reply_of_a_connection_says_so(start_server) -> None:
    server = _started(start_server, requests=3, seconds=0)
    with server.connect() as connection:
        assert [_ask(server, connection) for _ in range(3)] == ["", "", "close"]
        assert connection.recv(1) == b""
    with server.connect() as another:
        assert _ask(server, another) == ""


def test_a_client_that_keeps_connections_notices_nothing(start_server) -> None:
    server = _started(start_server, requests=9, seconds=0)
    client = HTTPConnection("127.0.0.1", server.port, timeout=20)
    sockets: list[object] = []
    for _ in range(99):
        client.request("POST", "/predict", _BODY, {"Content-Type": "application/json"})
        if client.sock not in sockets:
            sockets.append(client.sock)
        reply = client.getresponse()
        assert (reply.status, reply.read() != b"") == (200, True)
    assert len(sockets) == 11


def test_clients_that_came_together_do_not_come_back_together(start_server) -> None:
    server = _started(start_server, requests=100, seconds=0)

    def answered() -> int:
        with server.connect() as connection:
            return next(count for count in range(1, 102) if _ask(server, connection) == "close")

    counts = [answered() for _ in range(10)]
    assert all(90 <= count <= 100 for count in counts)
    assert len(set(counts)) > 1


def test_a_connection_ends_at_its_age_with_a_reply(start_server) -> None:
    server = _started(start_server, requests=0, seconds=1.0)
    with server.connect() as connection:
        began = time.monotonic()
        assert _ask(server, connection) == ""
        eventually("a reply says that it is the last", lambda: _ask(server, connection) == "close", 10)
        assert time.monotonic() - began >= 0.85
        assert connection.recv(1) == b""


def test_connections_do_not_end_in_step(start_server) -> None:
    server = _started(start_server, requests=0, seconds=2.0)
    connections = [server.connect() for _ in range(12)]
    ended: dict[int, float] = {}
    deadline = time.monotonic() + 10
    while len(ended) < len(connections) and time.monotonic() < deadline:
        for number, connection in enumerate(connections):
            if number not in ended and _ask(server, connection) == "close":
                ended[number] = time.monotonic()
                connection.close()
    assert len(ended) == len(connections)
    assert max(ended.values()) - min(ended.values()) > 0.05


@pytest.mark.parametrize("bounds", [{"requests": 0, "seconds": 0}, {"requests": 1_000, "seconds": 30}])
def test_a_connection_lasts_as_long_as_it_may(start_server, bounds) -> None:
    server = _started(start_server, **bounds)
    with server.connect() as connection:
        assert {_ask(server, connection) for _ in range(100)} == {""}


def test_requests_that_were_sent_ahead_are_all_answered_first(start_server) -> None:
    server = _started(start_server, requests=2, seconds=0)
    with server.connect() as connection:
        connection.sendall(_WIRE * 6)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    assert received.count(b"HTTP/1.1 200 OK") == 6
    assert received.lower().count(b"connection: close") == 1


def test_a_reply_that_ends_a_connection_comes_whole(start_server) -> None:
    server = _started(start_server, requests=1, seconds=0)
    texts = ["good film " * 100] * 256
    for _ in range(5):
        assert len(server.post("/predict/batch", {"texts": texts}).json()["predictions"]) == 256

"""Clients that are slow, greedy or many cost themselves an error, and the others nothing."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

_HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def strict_server(start_server):
    running = start_server(
        SENTIMENT_RECEIPT_SECONDS="0.6",
        SENTIMENT_HEADER_SECONDS="0.6",
        SENTIMENT_HELD_BODIES_LIMIT_BYTES="200000",
    )
    running.wait_for_reason("Ready")
    return running


def _read(connection) -> bytes:
    received = b""
    while chunk := connection.recv(65_536):
        received += chunk
    return received


def _timed(server, *pieces: bytes, pause: float = 0.0) -> tuple[bytes, float]:
    """Everything the server sent until it closed, and after how many seconds."""
    started = time.monotonic()
    with server.connect() as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        return _read(connection), time.monotonic() - started


def test_a_body_that_does_not_come_is_given_up(strict_server) -> None:
    reply, seconds = _timed(strict_server, _HEAD + b'Content-Length: 100\r\n\r\n{"text"')
    assert reply.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in reply.lower()
    assert b"x-model-digest" in reply
    assert seconds < 5


def test_a_body_that_drips_is_given_up(strict_server) -> None:
    started = time.monotonic()
    with strict_server.connect() as connection:
        connection.sendall(_HEAD + b"Content-Length: 1000\r\n\r\n")
        connection.settimeout(0.05)
        reply = b""
        while not reply and time.monotonic() < started + 10:
            connection.sendall(b" ")
            try:
                reply = connection.recv(65_536)
            except TimeoutError:
                continue
    assert reply.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - started < 5


def test_a_head_that_does_not_end_is_given_up(strict_server) -> None:
    reply, seconds = _timed(strict_server, b"GET /version HTTP/1.1\r\nHost: x\r\n")
    assert reply.startswith(b"HTTP/1.1 408 ")
    assert b"x-model-version: 2" in reply
    assert seconds < 5


def test_a_connection_that_says_nothing_is_closed(strict_server) -> None:
    reply, seconds = _timed(strict_server)
    assert (reply, seconds < 5) == (b"", True)


def test_a_second_head_that_does_not_end_is_given_up(strict_server) -> None:
    reply, seconds = _timed(strict_server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /hea", pause=0.1)
    assert reply.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in reply
    assert seconds < 5


def test_a_kept_connection_may_rest_longer_than_a_head_may_take(strict_server) -> None:
    with strict_server.connect() as connection:
        for _ in range(2):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert strict_server.read(connection).status == 200
            time.sleep(0.9)


def test_bodies_that_would_fill_the_memory_are_shed(strict_server) -> None:
    half = _HEAD + b"Content-Length: 90000\r\n\r\n" + b" " * 80_000
    with ExitStack() as stack:
        holders = [stack.enter_context(strict_server.connect()) for _ in range(2)]
        for holder in holders:
            holder.sendall(half)
        shed = strict_server.wait_for(
            lambda s: (reply := s.post("/predict", {"text": "x" * 90_000})).status == 503 and reply, seconds=0.5
        )
        assert shed.headers["retry-after"] == "1"
        assert strict_server.post("/predict", {"text": "good"}).status == 200
    strict_server.wait_for(lambda s: s.post("/predict", {"text": "x" * 90_000}).status == 200)


def test_more_requests_than_the_limit_are_shed_and_the_rest_are_answered(start_server) -> None:
    server = start_server(SENTIMENT_IN_FLIGHT_LIMIT="4")
    batch = json.dumps({"texts": ["good film " * 1_000] * 100}).encode()
    wire = _HEAD.replace(b"/predict", b"/predict/batch") + b"Content-Length: %d\r\n\r\n" % len(batch) + batch
    with ThreadPoolExecutor(24) as pool:
        replies = list(pool.map(lambda _: server.raw(wire), range(24)))
    statuses = sorted({reply.status for reply in replies})
    assert statuses == [200, 503]
    assert all(reply.headers["retry-after"] == "1" for reply in replies if reply.status == 503)
    assert server.post("/predict", {"text": "good"}).status == 200


def test_small_requests_are_answered_while_a_batch_is_scored(server) -> None:
    batch = {"texts": ["good film " * 1_500] * 256}
    with ThreadPoolExecutor(1) as pool:
        long = pool.submit(server.post, "/predict/batch", batch)
        answered = 0
        while not long.done():
            assert server.post("/predict", {"text": "good"}).status == 200
            answered += 1
    assert long.result().status == 200
    assert answered >= 3

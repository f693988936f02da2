"""The port of a server is open before there is anybody to answer."""

import socket

import pytest

from sentiment_server.port import open_port


def test_whoever_asks_before_anybody_answers_is_connected() -> None:
    with open_port("127.0.0.1", 0) as opened, socket.create_connection(opened.getsockname(), timeout=5) as early:
        early.sendall(b"?")
        answering, _ = opened.accept()
        with answering:
            assert answering.recv(1) == b"?"


def test_a_port_in_use_is_refused() -> None:
    with open_port("127.0.0.1", 0) as opened, pytest.raises(OSError, match="in use"):
        open_port("127.0.0.1", opened.getsockname()[1])

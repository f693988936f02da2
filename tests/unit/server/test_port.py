"""The port of a server is open before there is anybody to answer."""

import socket
import sys
from types import SimpleNamespace

import pytest

from sentiment_server.__main__ import main
from sentiment_server.port import open_early, open_port, settle


def test_whoever_asks_before_anybody_answers_is_connected() -> None:
    with open_port("127.0.0.1", 0) as opened, socket.create_connection(opened.getsockname(), timeout=5) as early:
        early.sendall(b"?")
        answering, _ = opened.accept()
        with answering:
            assert answering.recv(1) == b"?"


def test_a_port_in_use_is_refused() -> None:
    with open_port("127.0.0.1", 0) as opened, pytest.raises(OSError, match="in use"):
        open_port("127.0.0.1", opened.getsockname()[1])


@pytest.fixture
def free() -> int:
    """A port that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.parametrize(("flags", "is_open"), [([], True), (["--port", "1"], False)])
def test_the_port_of_the_environment_is_open_before_the_server_is_imported(
    monkeypatch: pytest.MonkeyPatch, free: int, flags: list[str], is_open: bool
) -> None:
    def start(early: socket.socket | None) -> int:
        with socket.socket() as asking:
            refused = asking.connect_ex(("127.0.0.1", free))
        if early:
            early.close()
        return refused

    monkeypatch.setattr("gc.disable", lambda: None)
    monkeypatch.setattr("sys.argv", ["sentiment-server", *flags])
    monkeypatch.setenv("SENTIMENT_HOST", "127.0.0.1")
    monkeypatch.setenv("SENTIMENT_PORT", str(free))
    monkeypatch.setitem(sys.modules, "sentiment_server.cli", SimpleNamespace(main=start))
    assert (main() == 0) is is_open


@pytest.mark.parametrize("port", ["eighty", "-1", "70000"])
def test_a_wrong_port_is_left_to_who_reads_the_settings(port: str) -> None:
    assert open_early({"PORT": port}) is None


def test_a_port_that_was_opened_early_is_kept_where_it_is_wanted(free: int) -> None:
    early = open_early({"SENTIMENT_HOST": "127.0.0.1", "PORT": str(free)})
    assert early
    assert settle(early, ("127.0.0.1", free)) is early
    other = settle(early, ("127.0.0.1", 0))
    assert other
    with other:
        assert other.getsockname()[1] != free
    assert early.fileno() == -1


def test_workers_find_their_port_free(free: int) -> None:
    early = open_early({"SENTIMENT_HOST": "127.0.0.1", "PORT": str(free)})
    assert early
    assert settle(early, None) is None
    open_port("127.0.0.1", free).close()

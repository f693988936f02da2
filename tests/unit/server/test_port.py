"""The port of a server is open before there is anybody to answer."""

import socket
import sys
from types import SimpleNamespace

import pytest

from sentiment_server.__main__ import main
from sentiment_server.port import Early, open_early, open_port, settle


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
    def start(early: Early | None) -> int:
        with socket.socket() as asking:
            refused = asking.connect_ex(("127.0.0.1", free))
        if early:
            early.socket.close()
        return refused

    monkeypatch.setattr("gc.disable", lambda: None)
    monkeypatch.setattr("sys.argv", ["sentiment-server", *flags])
    monkeypatch.setenv("SENTIMENT_HOST", "127.0.0.1")
    monkeypatch.setenv("SENTIMENT_PORT", str(free))
    monkeypatch.setenv("SENTIMENT_WORKERS", "1")
    monkeypatch.setitem(sys.modules, "sentiment_server.cli", SimpleNamespace(main=start))
    assert (main() == 0) is is_open


@pytest.mark.parametrize("port", ["eighty", "-1", "70000"])
def test_a_wrong_port_is_left_to_who_reads_the_settings(port: str) -> None:
    assert open_early({"SENTIMENT_WORKERS": "1", "PORT": port}) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_port_that_was_opened_early_is_kept_where_it_is_wanted(free: int, host: str) -> None:
    for port in (free, 0):
        early = open_early({"SENTIMENT_WORKERS": "1", "SENTIMENT_HOST": host, "PORT": str(port)})
        assert early
        with early.socket:
            assert settle(early, (host, port)) is early.socket


def test_a_port_that_was_opened_early_is_left_for_another_one(free: int) -> None:
    early = open_early({"SENTIMENT_WORKERS": "1", "SENTIMENT_HOST": "127.0.0.1", "PORT": str(free)})
    assert early
    other = settle(early, ("127.0.0.1", 0))
    assert other
    with other:
        assert other.getsockname()[1] != free
    assert early.socket.fileno() == -1


def test_workers_find_their_port_free(free: int) -> None:
    early = open_early({"SENTIMENT_WORKERS": "1", "SENTIMENT_HOST": "127.0.0.1", "PORT": str(free)})
    assert early
    assert settle(early, None) is None
    open_port("127.0.0.1", free).close()


@pytest.mark.parametrize(
    ("workers", "fit", "is_open"),
    [("1", 2, True), (None, 1, True), ("0", 1, True), (None, 2, False), ("0", 2, False), ("2", 1, False)],
)
def test_nothing_listens_before_workers_do(
    monkeypatch: pytest.MonkeyPatch, free: int, workers: str | None, fit: int, *, is_open: bool
) -> None:
    monkeypatch.setattr("sentiment_server.port.workers_that_fit", lambda: fit)
    told = {"SENTIMENT_WORKERS": workers} if workers else {}
    early = open_early({"SENTIMENT_HOST": "127.0.0.1", "PORT": str(free), **told})
    if early:
        early.socket.close()
    assert (early is not None) is is_open

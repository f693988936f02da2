"""A prediction through a port of kubectl, which is played by a program that answers as the model server does."""

import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from demo import reach
from demo.target import Target
from local_cluster import toolchain
from local_cluster.console import ClusterError
from tests.unit.demo.conftest import Programs

TARGET = Target("kind", "demo", "kind-kind")
KUBECTL = f"""#!{sys.executable}
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

expected = "--context kind-kind -n reviews port-forward service/imdb :80"
if " ".join(sys.argv[1:]) != expected:
    sys.exit(f"asked for {{sys.argv[1:]}}")

class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        print("Handling connection", flush=True)
        self.send_response(200 if self.headers["Content-Type"] == "application/json" else 415)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Server)
print(f"Forwarding from 127.0.0.1:{{server.server_port}} -> 8000", flush=True)
server.serve_forever()
"""


def play_kubectl(monkeypatch: pytest.MonkeyPatch, folder: Path, program: str) -> None:
    file = folder / "kubectl"
    file.write_text(program)
    file.chmod(0o700)
    monkeypatch.setattr(toolchain, "binary", lambda name: file)


def test_a_prediction_by_a_forwarded_port_and_nothing_runs_afterwards(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    play_kubectl(monkeypatch, tmp_path, KUBECTL)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with reach.by_port_forward(TARGET, "reviews", "imdb") as address:
        assert reach.predict(address, "a “film”") == {"text": "a “film”"}
    with pytest.raises(urllib.error.URLError):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://{address}/", timeout=5)


def test_nothing_runs_after_a_failure_either(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    play_kubectl(monkeypatch, tmp_path, KUBECTL)
    with pytest.raises(KeyError), reach.by_port_forward(TARGET, "reviews", "imdb") as address:
        raise KeyError
    with pytest.raises(ClusterError):
        reach.predict(address, "x")


def test_a_forward_that_fails_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    play_kubectl(monkeypatch, tmp_path, "#!/bin/sh\necho 'error: no running pod' >&2; exit 1\n")
    with (
        pytest.raises(ClusterError, match=r"(?s)port-forward service/imdb listens nowhere.*no running pod.*Next: "),
        reach.by_port_forward(TARGET, "reviews", "imdb"),
    ):
        raise AssertionError("it never listened")


def test_a_forward_that_says_nothing_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    play_kubectl(monkeypatch, tmp_path, "#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(reach, "PATIENCE_SECONDS", 0.2)
    with pytest.raises(ClusterError, match="listens nowhere"), reach.by_port_forward(TARGET, "reviews", "imdb"):
        raise AssertionError("it never listened")


@pytest.mark.parametrize(("kind", "way"), [("local", reach.by_address), ("kind", reach.by_port_forward)])
def test_only_to_the_local_cluster_there_is_a_route(kind: str, way: reach.Way) -> None:
    assert reach.usual_way(Target(kind, "demo")) is way


def test_the_address_is_the_services_own(programs: Programs) -> None:
    programs.answer("get service imdb", "10.96.0.9")
    with reach.by_address(Target("local", "demo"), "reviews", "imdb") as address:
        assert address == "10.96.0.9"


class Odd(BaseHTTPRequestHandler):
    """Answers with what its path says."""

    def do_POST(self) -> None:
        status, _, body = self.path.strip("/").partition("/")
        self.send_response(int(status))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def odd_server() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Odd)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "said"),
    [("/503/no-model", "answered with 503"), ("/200/gibberish", "failed: Expecting value")],
)
def test_an_odd_answer_is_a_sentence_with_a_next_step(odd_server: str, path: str, said: str) -> None:
    with pytest.raises(ClusterError, match=rf"POST http://.* was {said}|{said}") as raised:
        reach.predict(f"{odd_server}{path}", "x")
    assert "Next: " in str(raised.value)


def test_no_answer_is_a_sentence_with_a_next_step() -> None:
    with pytest.raises(ClusterError, match=r"POST http://127\.0\.0\.1:1/predict failed: .*refused.*Next: "):
        reach.predict("127.0.0.1:1", "x")

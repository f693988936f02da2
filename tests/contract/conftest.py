"""A model server as users run it: a process of its own on a loopback port, with a small model."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sentiment_artifact import CompiledModel, Linear, Tfidf, digest_of, write_model
from tests.support.ports import free_port

_START_SECONDS = 30.0


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ServerProcess:
    """A running `sentiment-server`."""

    process: subprocess.Popen[bytes]
    log_file: Path
    port: int = 0
    metrics_port: int = 0
    model_file: Path = field(default_factory=Path)

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, dict(headers or {}))
            reply = connection.getresponse()
            return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        finally:
            connection.close()

    def get(self, path: str) -> Reply:
        return self.request("GET", path)

    def post(self, path: str, value: object) -> Reply:
        return self.request("POST", path, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def raw(self, sent: bytes) -> Reply:
        """Sends these bytes, reads until the server closes or a whole reply is there."""
        with self.connect() as connection:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(sent)
            return self.read(connection)

    def read(self, connection: socket.socket) -> Reply:
        """The next reply on a connection. Status 0 when the server closed it without one."""
        return _read_reply(connection)

    def figures(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Every sample of GET /metrics by its name and labels."""
        connection = HTTPConnection("127.0.0.1", self.metrics_port, timeout=20)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}

    def figure(self, name: str, **labels: str) -> float:
        """One sample, which has to be there."""
        return self.figures()[name, frozenset(labels.items())]

    def rss_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def private_bytes(self) -> int:
        """Memory that no other process shares."""
        lines = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) * 1024

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def log(self) -> list[dict[str, Any]]:
        """Every line so far; each has to be JSON."""
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]

    def wait_for(self, condition: Callable[["ServerProcess"], object], seconds: float = _START_SECONDS) -> Any:
        """The first true value of the condition. Fails with the log when there is none in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if value := condition(self):
                    return value
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        pytest.fail(f"exit code {self.process.poll()}; log:\n{self.log_file.read_text()}")

    def wait_for_reason(self, reason: str) -> dict[str, Any]:
        """What /readyz says once it gives this reason."""
        return self.wait_for(lambda server: (state := server.get("/readyz").json())["reason"] == reason and state)

    def stop(self) -> int:
        """Ends the process as the kubelet does, and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


def _read_reply(connection: socket.socket) -> Reply:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = _receive(connection)
        if not chunk:
            return Reply(0, {}, received)
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    while len(body) < int(headers.get("content-length", 0)) and (chunk := _receive(connection)):
        body += chunk
    return Reply(int(lines[0].split()[1]), headers, body)


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except ConnectionResetError:
        return b""


_WEIGHTS = {
    "awful": -3.0,
    "bad": -2.0,
    "boring": -1.5,
    "film": 0.1,
    "good": 2.0,
    "great": 2.5,
    "not good": -3.0,
    "wonderful": 3.0,
}


def _write_model(path: Path, sign: float) -> Path:
    idf, coef = np.linspace(1.0, 2.0, len(_WEIGHTS)), np.array(list(_WEIGHTS.values()))
    write_model(path, Tfidf(list(_WEIGHTS), idf, 2, True), Linear(sign * coef, 0.125))
    return path


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled model that knows a few words."""
    return _write_model(tmp_path_factory.mktemp("model") / "model.rpm1", 1.0)


@pytest.fixture(scope="session")
def contrary_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that finds good what the other one finds bad; they agree on texts of which neither knows a word."""
    return _write_model(tmp_path_factory.mktemp("model") / "contrary.rpm1", -1.0)


@pytest.fixture(scope="session")
def compiled(model_file: Path) -> CompiledModel:
    return CompiledModel.load(model_file)


StartServer = Callable[..., ServerProcess]


@pytest.fixture(scope="module", params=["direct", pytest.param("fastapi", marks=pytest.mark.campaign)])
def way(request: pytest.FixtureRequest) -> str:
    """Who answers: every test of this tier holds for both, unless its module says that it is about something else."""
    return request.param


@pytest.fixture(scope="module")
def start_server(tmp_path_factory: pytest.TempPathFactory, model_file: Path, way: str) -> Iterator[StartServer]:
    """`start_server("--flag", …, VARIABLE="value")`; without flags it serves the small model."""
    started: list[ServerProcess] = []

    def start(*flags: str, **variables: str) -> ServerProcess:
        log_file = tmp_path_factory.mktemp("server") / "log"
        metrics_port = free_port()
        chosen = flags or ("--artifact", str(model_file), "--version", "2", "--model", "imdb")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SENTIMENT_")},
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "SENTIMENT_DIRECT": str(way == "direct"),
            "SENTIMENT_WORKERS": "1",
            "SENTIMENT_DRAIN_SECONDS": "0.3",
            "SENTIMENT_RETRY_SECONDS": "0.1",
            "SENTIMENT_RETRY_LIMIT_SECONDS": "0.3",
            **variables,
        }
        command = [sys.executable, "-m", "sentiment_server", *(f for f in chosen if f != "--from-environment")]
        command += ["--host", "127.0.0.1", "--port", "0", "--metrics-port", str(metrics_port)]
        with log_file.open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        server = ServerProcess(process, log_file, metrics_port=metrics_port, model_file=model_file)
        started.append(server)
        server.port = server.wait_for(_listening)
        return server

    yield start
    for server in started:
        server.process.kill()
        server.process.wait()


def _listening(server: ServerProcess) -> int:
    return next((line["server.port"] for line in server.log() if line.get("event.action") == "listen"), 0)


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> ServerProcess:
    """A ready server of model imdb, version 2."""
    running = start_server()
    running.wait_for_reason("Ready")
    return running


class Registry:
    """An MLflow as far as the server asks it: the compiled model, which a test can change at any time, and where it lies."""

    def __init__(self, content: bytes) -> None:
        self.status = 200
        self.content = content
        self.announced: int | None = None
        self.asked: list[str] = []
        """Paths by which the model was asked for."""
        self.artifact_uri = "s3://bucket/1/run/artifacts/model"
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/api/2.0/mlflow/model-versions/get-download-uri?") and registry.status == 200:
                    self._tell(json.dumps({"artifact_uri": registry.artifact_uri}).encode())
                    return
                registry.asked.append(self.path)
                self.send_response(registry.status)
                self.send_header("Content-Length", str(registry.announced or len(registry.content)))
                self.end_headers()
                self.wfile.write(registry.content)

            def _tell(self, content: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def registry(model_file: Path) -> Iterator[Registry]:
    running = Registry(model_file.read_bytes())
    yield running
    running.close()


@pytest.fixture
def from_registry(tmp_path: Path, model_file: Path) -> dict[str, str]:
    """Everything a pod is told, but the address of MLflow."""
    return {
        "SENTIMENT_MODEL": "imdb",
        "SENTIMENT_VERSION": "2",
        "SENTIMENT_ARTIFACT_DIGEST": digest_of(model_file),
        "SENTIMENT_REGISTERED_MODEL": "team-a.imdb",
        "SENTIMENT_REGISTRY_VERSION": "7",
        "SENTIMENT_CACHE_DIRECTORY": str(tmp_path / "cache"),
    }

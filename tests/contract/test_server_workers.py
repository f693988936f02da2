"""Several processes on one port are one server: its figures, its readiness and its end are those of all of them."""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.support.eventually import eventually


@pytest.fixture(scope="module")
def way() -> str:
    """As users get it: nothing here depends on who answers."""
    return "direct"


def _of_two(start_server, **variables: str):
    """A server whose two workers both listen."""
    server = start_server(SENTIMENT_WORKERS="2", **variables)
    server.wait_for(lambda s: sum(line.get("event.action") == "listen" for line in s.log()) == 2)
    return server


@pytest.fixture
def crew(start_server):
    """As users start it."""
    return _of_two(start_server)


def _workers(server) -> list[int]:
    pid = server.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _connections(pid: int) -> int:
    ends = (str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir())
    return sum(end.startswith("socket:") for end in ends)


def test_figures_are_those_of_all(crew) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: crew.post("/predict", {"text": "good"}).status, range(200)))
    assert replies == [200] * 200
    assert crew.figure("sentiment_requests_total", route="/predict", method="POST", status="200") == 200
    assert crew.figure("sentiment_request_seconds_count", route="/predict") == 200
    assert crew.figure("sentiment_predictions_total", sentiment="positive") == 200
    assert crew.figure("sentiment_ready") == 1
    lines = [line for line in crew.log() if line.get("event.action") == "predict"]
    assert len(lines) == 200


def test_connections_are_dealt_out_evenly(crew) -> None:
    one, other = _workers(crew)
    before = _connections(one), _connections(other)
    held = [HTTPConnection("127.0.0.1", crew.port, timeout=20) for _ in range(64)]
    for connection in held:
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b'{"alive":true}'
    shares = _connections(one) - before[0], _connections(other) - before[1]
    for connection in held:
        connection.close()
    assert sum(shares) == 64
    assert min(shares) >= 12  # by chance less than that comes once in a million runs


def test_it_ends_as_one_without_a_failed_request(start_server) -> None:
    server = _of_two(start_server, SENTIMENT_DRAIN_SECONDS="1")
    server.process.terminate()
    until, statuses = time.monotonic() + 0.8, set()
    while time.monotonic() < until:
        reply = server.post("/predict", {"text": "good"})
        statuses.add((reply.status, server.get("/readyz").json()["ready"]))
    assert {status for status, _ in statuses} == {200}
    assert (200, False) in statuses
    assert server.process.wait(20) == 0


def test_a_second_signal_ends_all_of_it_at_once(start_server) -> None:
    server = _of_two(start_server, SENTIMENT_DRAIN_SECONDS="600")
    held = [server.connect() for _ in range(16)]
    server.process.terminate()
    eventually("all drain", lambda: sum(line.get("event.action") == "drain" for line in server.log()) == 2, 20)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 5
    for connection in held:
        connection.close()


def test_a_worker_that_dies_takes_the_server_with_it(crew) -> None:
    victim, survivor = _workers(crew)
    os.kill(victim, signal.SIGKILL)
    assert crew.process.wait(20) == 1
    assert not Path(f"/proc/{survivor}").exists()
    (line,) = [line for line in crew.log() if line.get("event.action") == "worker"]
    assert (line["log.level"], line["event.outcome"]) == ("error", "failure")
    assert f"Worker {victim} ended by signal 9" in line["message"]
    assert "Next:" in line["message"]


def test_workers_do_not_outlive_whoever_started_them(crew) -> None:
    workers = _workers(crew)
    crew.process.kill()
    crew.process.wait()
    eventually("they are gone", lambda: not any(Path(f"/proc/{pid}/fd").exists() for pid in workers), 20)
    with pytest.raises(ConnectionRefusedError):
        crew.connect()


def test_it_is_ready_when_every_worker_has_its_model(start_server, registry, from_registry) -> None:
    registry.status = 503
    server = start_server(
        "--from-environment", **from_registry, SENTIMENT_TRACKING_URL=registry.url, SENTIMENT_WORKERS="2"
    )
    server.wait_for_reason("RegistryUnreachable")
    assert server.figure("sentiment_ready") == 0
    registry.status = 200
    server.wait_for_reason("Ready")
    assert {server.get("/readyz").status for _ in range(40)} == {200}
    assert {server.post("/predict", {"text": "good"}).status for _ in range(40)} == {200}
    assert server.figure("sentiment_ready") == 1


def test_a_port_in_use_ends_the_process_with_a_message(server, model_file: Path) -> None:
    command = [sys.executable, "-m", "sentiment_server", "--artifact", str(model_file), "--host", "127.0.0.1"]
    command += ["--port", str(server.port), "--metrics-port", "0", "--workers", "2"]
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode != 0
    assert "address already in use" in ended.stderr.lower()
    assert "Traceback" not in ended.stderr


def test_a_metrics_port_in_use_leaves_no_worker_behind(model_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "sentiment_server", "--artifact", str(model_file), "--host", "127.0.0.1"]
        command += ["--port", "0", "--metrics-port", str(taken.getsockname()[1]), "--workers", "2"]
        environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PATH": "/usr/bin:/bin"}
        # The workers hold the pipe, so this returns when all have ended.
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert "--metrics-port" in ended.stderr

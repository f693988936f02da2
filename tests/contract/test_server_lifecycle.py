"""From the start without a model to the last reply: what the server does when the world around it fails."""

import hashlib
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sentiment_artifact import digest_of


@pytest.fixture(scope="module")
def way() -> str:
    """As users get it: nothing here depends on who answers."""
    return "direct"


def _start(start_server, variables: dict[str, str], url: str):
    return start_server("--from-environment", **variables, SENTIMENT_TRACKING_URL=url)


def test_the_model_is_fetched_from_the_registry_once(start_server, registry, from_registry) -> None:
    server = _start(start_server, from_registry, registry.url)
    server.wait_for_reason("Ready")
    assert registry.asked == ["/model-versions/get-artifact?name=team-a.imdb&version=7&path=artifacts%2Fmodel.rpm1"]
    assert server.post("/predict", {"text": "good"}).json()["version"] == "2"


def test_a_restart_needs_no_registry(start_server, registry, from_registry) -> None:
    first = _start(start_server, from_registry, registry.url)
    first.wait_for_reason("Ready")
    first.process.kill()
    registry.close()
    _start(start_server, from_registry, registry.url).wait_for_reason("Ready")


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("mlflow-artifacts:/3/run/artifacts/model", "/api/2.0/mlflow-artifacts/artifacts/3/run/artifacts/model/"),
        ("mlflow-artifacts://elsewhere/3/run", "/model-versions/get-artifact?"),
        ("mlflow-artifacts:/3/../../secret", "/model-versions/get-artifact?"),
        ("", "/model-versions/get-artifact?"),
    ],
)
def test_what_mlflow_stores_itself_is_fetched_from_there(
    start_server, registry, from_registry, stored: str, asked: str
) -> None:
    registry.artifact_uri = stored
    _start(start_server, from_registry, registry.url).wait_for_reason("Ready")
    (path,) = registry.asked
    assert path.startswith(asked)


def test_a_damaged_cache_is_fetched_again(start_server, registry, from_registry) -> None:
    cache = Path(from_registry["SENTIMENT_CACHE_DIRECTORY"])
    cache.mkdir()
    (cache / f"{from_registry['SENTIMENT_ARTIFACT_DIGEST']}.rpm1").write_bytes(b"half a file")
    _start(start_server, from_registry, registry.url).wait_for_reason("Ready")
    assert len(registry.asked) == 1


def test_while_the_registry_is_away_the_process_lives_and_says_so(
    start_server, from_registry, model_file: Path
) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://user:password@127.0.0.1:{reserved.getsockname()[1]}"
        server = _start(start_server, from_registry, url)
        state = server.wait_for_reason("RegistryUnreachable")
    assert "Next:" in state["message"]
    assert "password" not in server.log_file.read_text() + state["message"]
    assert server.get("/readyz").status == 503
    assert server.get("/v2/health/ready").status == 503
    assert server.get("/healthz").status == 200
    refused = server.post("/predict", {"text": "good"})
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    assert refused.headers["x-model-digest"] == digest_of(model_file)
    assert refused.json()["detail"].startswith("RegistryUnreachable")


def test_it_becomes_ready_by_itself_when_the_registry_comes_back(start_server, registry, from_registry) -> None:
    registry.status = 503
    server = _start(start_server, from_registry, registry.url)
    server.wait_for_reason("RegistryUnreachable")
    registry.status = 200
    server.wait_for_reason("Ready")


@pytest.mark.parametrize("status", [404, 500])
def test_a_missing_artifact_is_named(start_server, registry, from_registry, status: int) -> None:
    registry.status = status
    _start(start_server, from_registry, registry.url).wait_for_reason("ArtifactMissing")


def test_another_artifact_is_never_served(start_server, registry, from_registry) -> None:
    right = registry.content
    registry.content = right[:-1] + b"M"
    server = _start(start_server, from_registry, registry.url)
    state = server.wait_for_reason("DigestMismatch")
    wanted = from_registry["SENTIMENT_ARTIFACT_DIGEST"]
    assert wanted in state["message"]
    assert hashlib.sha256(registry.content).hexdigest() in state["message"]
    assert state["digest"] == wanted
    assert server.post("/predict", {"text": "good"}).status == 503
    assert not (Path(from_registry["SENTIMENT_CACHE_DIRECTORY"]) / f"{wanted}.rpm1").exists()
    registry.content = right
    server.wait_for_reason("Ready")


def test_a_transfer_that_breaks_off_is_the_registrys_fault(start_server, registry, from_registry) -> None:
    registry.announced = len(registry.content) + 100
    server = _start(start_server, from_registry, registry.url)
    server.wait_for_reason("RegistryUnreachable")
    registry.announced = None
    server.wait_for_reason("Ready")


def test_a_file_that_is_no_model_is_refused_although_its_digest_is_right(
    start_server, registry, from_registry, tmp_path
) -> None:
    registry.content = b"no model at all"
    (tmp_path / "file").write_bytes(registry.content)
    variables = {**from_registry, "SENTIMENT_ARTIFACT_DIGEST": digest_of(tmp_path / "file")}
    server = _start(start_server, variables, registry.url)
    server.wait_for_reason("ArtifactRefused")
    assert server.post("/predict", {"text": "good"}).status == 503


def test_an_artifact_without_end_is_cut_off(start_server, registry, from_registry) -> None:
    variables = {**from_registry, "SENTIMENT_ARTIFACT_LIMIT_BYTES": "1000"}
    _start(start_server, variables, registry.url).wait_for_reason("ArtifactRefused")


def test_failures_leave_one_line_each_with_the_reason(start_server, registry, from_registry) -> None:
    registry.status = 404
    server = _start(start_server, from_registry, registry.url)
    server.wait_for_reason("ArtifactMissing")
    line = next(line for line in server.log() if line.get("event.action") == "load")
    assert (line["event.outcome"], line["event.reason"], line["log.level"]) == ("failure", "ArtifactMissing", "error")


def _run(*flags: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path), "PATH": "/usr/bin:/bin", **variables}
    command = [sys.executable, "-m", "sentiment_server", *flags]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((), "SENTIMENT_ARTIFACT_DIGEST"),
        (("--artifact", "/nowhere/model.rpm1"), "/nowhere/model.rpm1"),
        (("--artifact", __file__), "no compiled model"),
        (("--artifact", __file__, "--digest", "0" * 64), "0" * 64),
        (("--artifact", __file__, "--digest", "abc"), "digest"),
        (("--artifact", __file__, "--port", "70000"), "port"),
        (("--artifact", __file__, "--version", "two words"), "version"),
    ],
)
def test_a_start_that_cannot_succeed_ends_with_a_message_and_no_traceback(
    flags: tuple[str, ...], expected: str
) -> None:
    ended = _run(*flags)
    assert ended.returncode == 2
    assert expected in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_port_comes_from_the_environment_as_platforms_set_it(model_file: Path) -> None:
    ended = _run("--artifact", str(model_file), "--metrics-port", "0", PORT="eighty")
    assert (ended.returncode, "port" in ended.stderr.lower()) == (2, True)


def test_a_port_in_use_ends_the_process_with_a_message(server, model_file: Path) -> None:
    ended = _run(
        "--artifact", str(model_file), "--host", "127.0.0.1", "--port", str(server.port), "--metrics-port", "0"
    )
    assert ended.returncode != 0
    assert "address already in use" in (ended.stdout + ended.stderr).lower()
    assert "Traceback" not in ended.stderr


def test_sigterm_ends_readiness_then_connections_then_the_process(start_server) -> None:
    server = start_server(SENTIMENT_DRAIN_SECONDS="2")
    with server.connect() as kept:
        kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"connection: close" not in kept.recv(65_536).lower()
        server.process.terminate()
        server.wait_for(lambda s: s.get("/readyz").json()["reason"] == "Draining")
        body = b'{"text": "good"}'
        kept.sendall(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )
        received = b""
        while chunk := kept.recv(65_536):
            received += chunk
    assert b" 200 OK" in received
    assert b"connection: close" in received.lower()
    assert server.post("/predict", {"text": "good"}).headers["connection"] == "close"
    assert server.process.wait(20) == 0


def test_no_request_fails_while_the_server_drains(start_server) -> None:
    server = start_server(SENTIMENT_DRAIN_SECONDS="1")
    statuses: list[int] = []
    threading.Timer(0.2, server.process.terminate).start()
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        statuses.append(server.post("/predict", {"text": "good"}).status)
    assert set(statuses) == {200}
    assert server.process.wait(20) == 0


def test_a_registry_that_never_answers_does_not_hold_up_the_end(start_server, from_registry) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = _start(start_server, from_registry, f"http://127.0.0.1:{silent.getsockname()[1]}")
        connection, _ = silent.accept()
        with connection:
            assert server.get("/readyz").json()["reason"] == "Loading"
            started = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - started < 10


def test_a_patient_question_for_readiness_is_answered_when_loading_ends(start_server, registry, from_registry) -> None:
    server = _start(start_server, from_registry, registry.url)
    assert server.wait_for(lambda server: server.get("/readyz?wait")).status == 200


def test_a_patient_question_for_readiness_hears_what_is_wrong(start_server, from_registry) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = _start(start_server, from_registry, f"http://127.0.0.1:{silent.getsockname()[1]}")
        connection, _ = silent.accept()
        assert server.get("/readyz").json()["reason"] == "Loading"
        threading.Timer(0.1, connection.close).start()
        assert server.get("/readyz?wait").json()["reason"] == "RegistryUnreachable"


def test_a_second_signal_ends_it_at_once(start_server) -> None:
    server = start_server(SENTIMENT_DRAIN_SECONDS="600")
    with server.connect():
        server.process.terminate()
        server.wait_for_reason("Draining")
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 5


def test_it_ends_as_soon_as_all_have_gone(start_server) -> None:
    server = start_server(SENTIMENT_DRAIN_SECONDS="600")
    with server.connect():
        server.process.terminate()
        server.wait_for_reason("Draining")
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(1.5)
    assert server.process.wait(5) == 0


def test_a_copy_of_the_model_serves_alike_from_anywhere(
    start_server, model_file: Path, tmp_path: Path, compiled
) -> None:
    copy = shutil.copy(model_file, tmp_path / "elsewhere")
    server = start_server("--artifact", str(copy), "--digest", compiled.digest)
    reply = server.post("/predict", {"text": "good"})
    assert (reply.json()["version"], reply.headers["x-model-digest"]) == ("local", compiled.digest)

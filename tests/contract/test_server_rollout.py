"""While two versions run, the candidate compares itself and the other one sends it copies; users notice neither."""

import json
import shutil
import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sentiment_artifact import digest_of
from sentiment_contract.rollout import (
    COMPARED_METRIC,
    COMPARING_METRIC,
    DISAGREEMENTS_METRIC,
    MIRRORED_HEADER,
    MIRRORED_METRIC,
    PREDICT_ROUTES,
    REQUESTS_METRIC,
    SECONDS_METRIC,
    SETTING_FILE,
    Mirror,
    RolloutSetting,
    ServedArtifact,
)
from tests.support.eventually import eventually, never

_PATHS = ("/predict", "/predict/batch", "/v2/models/imdb/infer", "/v2/models/imdb/versions/2/infer")
_KNOWN, _UNKNOWN = "a wonderful film", "zzz"


class ConfigMapVolume:
    """A mounted ConfigMap, swapped as the kubelet does it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._count = 0
        self.file = folder / SETTING_FILE

    def hold(self, content: str | None) -> None:
        """The key has this content from now on; None takes it away."""
        self._count += 1
        data, newer = self._folder / "..data", self._folder / f"..{self._count}"
        older = data.resolve()
        newer.mkdir()
        if content is not None:
            (newer / SETTING_FILE).write_text(content)
        link = self._folder / "..data_tmp"
        link.symlink_to(newer.name)
        link.replace(data)
        if content is None:
            self.file.unlink(missing_ok=True)
        elif not self.file.is_symlink():
            self.file.symlink_to(f"..data/{SETTING_FILE}")
        if older != data:
            shutil.rmtree(older)


@dataclass(frozen=True)
class Received:
    """What arrived at the other server."""

    path: str
    headers: dict[str, str]
    body: bytes


class Other:
    """A server that writes down what it gets, and answers at once."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.connections = 0
        other = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                other.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                other.received.append(Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def volume(tmp_path: Path) -> ConfigMapVolume:
    return ConfigMapVolume(tmp_path / "rollout")


@pytest.fixture
def other() -> Iterator[Other]:
    running = Other()
    yield running
    running.close()


@pytest.fixture
def following(start_server, volume, tmp_path):
    """A ready server of version 2 that is told where the setting will be."""

    def start(**more: str):
        server = start_server(
            SENTIMENT_ROLLOUT_FILE=str(volume.file),
            SENTIMENT_ROLLOUT_SECONDS="0.05",
            SENTIMENT_CACHE_DIRECTORY=str(tmp_path / "cache"),
            **more,
        )
        server.wait_for_reason("Ready")
        return server

    return start


def _artifact(file: Path, url: str, version: str = "1") -> ServedArtifact:
    return ServedArtifact(
        version=version, digest=digest_of(file), tracking_url=url, registered_model="team-a.imdb", registry_version="6"
    )


def _comparing(candidate: Path, baseline: Path, url: str) -> str:
    """The setting by which the server of that file is the candidate and compares itself."""
    setting = RolloutSetting(candidate=_artifact(candidate, url, "2"), baseline=_artifact(baseline, url))
    return setting.model_dump_json(by_alias=True)


def _mirroring(candidate: Path, url: str, percent: int = 100) -> str:
    """The setting by which everybody but the server of that file sends copies."""
    mirror = Mirror(url=url, percent=percent)
    return RolloutSetting(candidate=_artifact(candidate, url), mirror=mirror).model_dump_json(by_alias=True)


def _ask(server, path: str, text: str, **headers: str):
    if "infer" in path:
        value = {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}]}
    else:
        value = {"texts": [text]} if path.endswith("batch") else {"text": text}
    body = json.dumps(value).encode()
    reply = server.request("POST", path, body, {"Content-Type": "application/json", **headers})
    assert reply.status == 200, reply.body
    return reply


def _binary_infer(server, text: str):
    head = json.dumps({"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES"}]}).encode()
    body = head + struct.pack("<I", len(text)) + text.encode()
    headers = {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"}
    reply = server.request("POST", "/v2/models/imdb/infer", body, headers)
    assert reply.status == 200, reply.body
    return body


def _counted(server) -> tuple[float, float]:
    figures = server.figures()
    return figures[COMPARED_METRIC, frozenset()], figures[DISAGREEMENTS_METRIC, frozenset()]


def _wait_until_comparing(server, value: float) -> None:
    eventually(f"comparing is {value}", lambda: server.figure(COMPARING_METRIC) == value, 20)


def _lines(server, action: str) -> list[dict[str, object]]:
    return [line for line in server.log() if line.get("event.action") == action]


def _results(server) -> dict[str, float]:
    return {result: server.figure(MIRRORED_METRIC, result=result) for result in ("sent", "failed", "dropped")}


def test_the_candidate_counts_on_every_route_how_often_the_baseline_disagrees(
    following, volume, registry, model_file, contrary_file
) -> None:
    registry.content = contrary_file.read_bytes()
    volume.hold(_comparing(model_file, contrary_file, registry.url))
    server = following()
    _wait_until_comparing(server, 1)
    for path in _PATHS:
        _ask(server, path, _KNOWN)
        _ask(server, path, _UNKNOWN)
    assert eventually("all are compared", lambda: (seen := _counted(server))[0] >= 8 and seen, 20) == (8, 4)
    _binary_infer(server, _KNOWN)
    assert eventually("the binary one, too", lambda: (seen := _counted(server))[0] >= 9 and seen, 20) == (9, 5)
    assert registry.asked == ["/model-versions/get-artifact?name=team-a.imdb&version=6&path=artifacts%2Fmodel.rpm1"]


def test_the_setting_appears_changes_and_goes_while_the_server_lives(
    following, volume, registry, model_file, contrary_file, tmp_path
) -> None:
    server = following()
    _ask(server, "/predict", _KNOWN)
    registry.content = contrary_file.read_bytes()
    volume.hold(_comparing(model_file, contrary_file, registry.url))
    _wait_until_comparing(server, 1)
    _ask(server, "/predict", _KNOWN)
    eventually("the first baseline disagrees", lambda: _counted(server) == (1, 1), 20)

    registry.content = model_file.read_bytes()
    volume.hold(_comparing(model_file, model_file, registry.url))
    eventually("the second baseline is loaded", lambda: len(_lines(server, "compare")) == 2, 20)
    _ask(server, "/predict", _KNOWN)
    eventually("the second baseline agrees", lambda: _counted(server) == (2, 1), 20)

    volume.hold(None)
    _wait_until_comparing(server, 0)
    _ask(server, "/predict", _KNOWN)
    never("something is compared", lambda: _counted(server) != (2, 1), 1)
    assert [line["message"] for line in _lines(server, "rollout")] == [
        "This server is the candidate and compares its answers with those of version 1.",
        "This server is the candidate and compares its answers with those of version 1.",
        "This server does nothing but answer again.",
    ]


def test_a_baseline_that_cannot_be_had_costs_the_candidate_nothing(
    following, volume, registry, model_file, contrary_file
) -> None:
    registry.status = 503
    volume.hold(_comparing(model_file, contrary_file, registry.url))
    server = following()
    (first, *_) = server.wait_for(lambda s: _lines(s, "compare"))
    assert (first["event.outcome"], first["event.reason"]) == ("failure", "RegistryUnreachable")
    assert str(first["message"]).startswith("Answers are not compared with version 1: MLflow at ")
    assert server.get("/readyz").json()["reason"] == "Ready"
    _ask(server, "/predict", _KNOWN)
    assert (server.figure(COMPARING_METRIC), _counted(server)) == (0, (0, 0))
    registry.content, registry.status = contrary_file.read_bytes(), 200
    _wait_until_comparing(server, 1)


def test_another_artifact_than_the_named_one_is_never_compared_with(
    following, volume, registry, model_file, contrary_file
) -> None:
    registry.content = contrary_file.read_bytes()[:-1] + b"M"
    volume.hold(_comparing(model_file, contrary_file, registry.url))
    server = following()
    (first, *_) = server.wait_for(lambda s: _lines(s, "compare"))
    assert first["event.reason"] == "DigestMismatch"
    assert server.figure(COMPARING_METRIC) == 0


@pytest.mark.parametrize("content", ["{", "[]", '{"candidate": {}}', '{"candidate": null, "surprise": 1}'])
def test_a_setting_that_makes_no_sense_is_told_once_and_counts_as_none(
    following, volume, registry, model_file, contrary_file, content: str
) -> None:
    registry.content = contrary_file.read_bytes()
    volume.hold(_comparing(model_file, contrary_file, registry.url))
    server = following()
    _wait_until_comparing(server, 1)
    volume.hold(content)
    _wait_until_comparing(server, 0)
    _ask(server, "/predict", _KNOWN)

    def complaints() -> list[str]:
        return [str(line["message"]) for line in _lines(server, "rollout") if line["log.level"] == "warning"]

    (complaint,) = eventually("it is told", complaints, 20)
    assert str(volume.file) in complaint
    assert "Next:" in complaint
    never("it is told again", lambda: len(complaints()) > 1, 1)
    volume.hold(_comparing(model_file, contrary_file, registry.url))
    _wait_until_comparing(server, 1)


def test_an_empty_setting_is_none(following, volume) -> None:
    volume.hold("")
    server = following()
    _ask(server, "/predict", _KNOWN)
    assert _lines(server, "rollout") == []


def test_whoever_is_not_the_candidate_compares_nothing_and_copies_every_route(
    following, volume, other, model_file, contrary_file
) -> None:
    setting = json.loads(_mirroring(contrary_file, other.url))
    setting["baseline"] = json.loads(_comparing(contrary_file, model_file, other.url))["baseline"]
    volume.hold(json.dumps(setting))
    server = following()
    server.wait_for(lambda s: _lines(s, "rollout"))
    for path in _PATHS:
        _ask(server, path, _KNOWN)
    binary = _binary_infer(server, _KNOWN)
    eventually("all copies have come", lambda: len(other.received) == 5, 20)
    assert sorted(copy.path for copy in other.received) == [
        "/predict", "/predict/batch", *["/v2/models/imdb/infer"] * 3
    ]  # fmt: skip
    assert {copy.headers[MIRRORED_HEADER.lower()] for copy in other.received} == {"1"}
    single = next(copy for copy in other.received if copy.path == "/predict")
    assert (json.loads(single.body), single.headers["content-type"]) == ({"text": _KNOWN}, "application/json")
    (copied,) = [copy for copy in other.received if copy.body == binary]
    assert copied.headers["content-type"] == "application/octet-stream"
    assert int(copied.headers["inference-header-content-length"]) < len(binary)
    eventually("they are counted", lambda: _results(server) == {"sent": 5, "failed": 0, "dropped": 0}, 20)
    assert server.figure(COMPARING_METRIC) == 0
    assert other.connections <= 4


def test_the_lines_of_a_stream_are_compared(following, volume, registry, model_file, contrary_file) -> None:
    registry.content = contrary_file.read_bytes()
    volume.hold(_comparing(model_file, contrary_file, registry.url))
    server = following()
    _wait_until_comparing(server, 1)
    assert _stream(server, _KNOWN, _UNKNOWN, _KNOWN).count(b"\n") == 3
    eventually("all are compared", lambda: _counted(server) == (3, 2), 20)


def test_a_stream_is_not_copied(following, volume, other, contrary_file) -> None:
    volume.hold(_mirroring(contrary_file, other.url))
    server = following()
    server.wait_for(lambda s: _lines(s, "rollout"))
    _stream(server, _KNOWN)
    _ask(server, "/predict", "the only one")
    eventually("one copy has come", lambda: _results(server)["sent"] == 1, 20)
    assert [json.loads(copy.body) for copy in other.received] == [{"text": "the only one"}]


def _stream(server, *texts: str) -> bytes:
    body = b"\n".join(json.dumps({"text": text}).encode() for text in texts)
    reply = server.request("POST", "/predict/stream", body, {"Content-Type": "application/x-ndjson"})
    assert reply.status == 200, reply.body
    return reply.body


def test_neither_copies_nor_mistakes_nor_probes_are_copied(following, volume, other, contrary_file) -> None:
    volume.hold(_mirroring(contrary_file, other.url))
    server = following()
    server.wait_for(lambda s: _lines(s, "rollout"))
    _ask(server, "/predict", "good", **{MIRRORED_HEADER: "1"})
    assert server.post("/predict", {"txt": "good"}).status == 422
    assert server.post("/nowhere", {"text": "good"}).status == 404
    assert server.get("/version").status == 200
    _ask(server, "/predict", "the only one")
    eventually("one copy has come", lambda: _results(server)["sent"] == 1, 20)
    assert [json.loads(copy.body) for copy in other.received] == [{"text": "the only one"}]
    first, second = _lines(server, "predict")
    assert (first.get("labels.mirrored"), "labels.mirrored" in second) == ("true", False)


def test_a_share_of_the_requests_is_copied(following, volume, other, contrary_file) -> None:
    volume.hold(_mirroring(contrary_file, other.url, percent=25))
    server = following()
    server.wait_for(lambda s: _lines(s, "rollout"))
    for _ in range(400):
        _ask(server, "/predict", "good")
    eventually("a quarter is on its way", lambda: sum(_results(server).values()) >= 55, 20)
    eventually("they have come", lambda: len(other.received) == _results(server)["sent"], 20)
    assert sum(_results(server).values()) <= 150


def test_the_candidate_gets_the_copies_and_compares_them(
    start_server, following, volume, registry, tmp_path, model_file, contrary_file
) -> None:
    registry.content = model_file.read_bytes()
    own = ConfigMapVolume(tmp_path / "own")
    candidate = start_server(
        "--artifact", str(contrary_file), "--version", "3", "--model", "imdb",
        SENTIMENT_ROLLOUT_FILE=str(own.file),
        SENTIMENT_CACHE_DIRECTORY=str(tmp_path / "other-cache"),
        SENTIMENT_CONNECTION_REQUESTS="3",
    )  # fmt: skip
    mirror = Mirror(url=f"http://127.0.0.1:{candidate.port}", percent=100)
    setting = RolloutSetting(
        candidate=_artifact(contrary_file, registry.url, "3"),
        baseline=_artifact(model_file, registry.url, "2"),
        mirror=mirror,
    ).model_dump_json(by_alias=True)
    own.hold(setting)
    volume.hold(setting)
    _wait_until_comparing(candidate, 1)
    stable = following()
    stable.wait_for(lambda s: _lines(s, "rollout"))
    for path in _PATHS:
        for _ in range(5):
            assert _ask(stable, path, _KNOWN).headers["x-model-version"] == "2"
    eventually("all copies are compared", lambda: _counted(candidate) == (20, 20), 20)
    assert _results(stable) == {"sent": 20, "failed": 0, "dropped": 0}
    assert _results(candidate) == {"sent": 0, "failed": 0, "dropped": 0}
    assert {line["labels.mirrored"] for line in _lines(candidate, "predict")} == {"true"}
    volume.hold(None)
    eventually("nothing is copied any more", lambda: len(_lines(stable, "rollout")) == 2, 20)
    _ask(stable, "/predict", _KNOWN)
    never("something is copied", lambda: _results(stable)["sent"] != 20, 1)


def test_a_mirror_that_is_not_there_costs_users_nothing(following, volume, contrary_file) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        volume.hold(_mirroring(contrary_file, f"http://127.0.0.1:{reserved.getsockname()[1]}"))
        server = following()
        server.wait_for(lambda s: _lines(s, "rollout"))
        for _ in range(10):
            _ask(server, "/predict", "good")
        eventually("all have failed", lambda: _results(server) == {"sent": 0, "failed": 10, "dropped": 0}, 20)
    (complaint,) = _lines(server, "mirror")
    assert "Next:" in str(complaint["message"])


def test_a_mirror_that_never_answers_costs_users_nothing(following, volume, contrary_file) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        volume.hold(_mirroring(contrary_file, f"http://127.0.0.1:{silent.getsockname()[1]}"))
        server = following()
        server.wait_for(lambda s: _lines(s, "rollout"))
        began = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: _ask(server, "/predict", "good"), range(200)))
        assert time.monotonic() - began < 10
        assert _results(server)["dropped"] >= 100
        eventually("the first ones are given up", lambda: _results(server)["failed"] >= 4, 20)
        assert server.stop() == 0


def test_requests_and_times_are_counted_under_the_routes_of_the_contract(start_server) -> None:
    server = start_server()
    server.wait_for_reason("Ready")
    for path in _PATHS:
        _ask(server, path, "good")
    server.get("/version")
    figures = server.figures()
    counted = {dict(labels)["route"] for name, labels in figures if name == REQUESTS_METRIC}
    timed = {dict(labels)["route"] for name, labels in figures if name == f"{SECONDS_METRIC}_count"}
    probes = {"/version", "/readyz"}
    assert counted == timed == {*PREDICT_ROUTES, *probes}
    for route in PREDICT_ROUTES:
        assert server.figure(REQUESTS_METRIC, route=route, method="POST", status="200") == 1

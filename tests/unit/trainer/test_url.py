"""Downloads against a real server that misbehaves in every way a server can."""

import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from sentiment_contract.data import URLSource
from sentiment_contract.training import FailureReason
from sentiment_trainer.data import url
from sentiment_trainer.data.files import FetchedFile
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.settings import Settings

CONTENT = b"review,sentiment\nA film.,positive\n" * 1000


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers by path; `requests` counts what was asked for."""

    requests: list[str]

    def do_GET(self) -> None:
        self.requests.append(self.path)
        match self.path.split("?")[0].strip("/").split("/"):
            case ["good.csv"]:
                self._answer(200, CONTENT)
            case ["moved.csv"]:
                self._answer(302, b"", Location="/good.csv")
            case ["to-a-file.csv"]:
                self._answer(302, b"", Location="file:///etc/hostname")
            case ["later.csv"] if len(self.requests) > 2:
                self._answer(200, CONTENT)
            case ["later.csv"]:
                self._answer(503, b"")
            case ["short.csv"]:
                self._answer(200, CONTENT[:100], length=len(CONTENT))
            case [code]:
                self._answer(int(code), b"")

    def _answer(self, code: int, content: bytes, length: int | None = None, **headers: str) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(length or len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is http.server's
        del format, args


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    requests: list[str] = []
    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"requests": requests}))
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}", requests
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.fixture
def fetch(
    settings: Settings, server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., FetchedFile]:
    monkeypatch.setattr(url, "PAUSES_SECONDS", (0, 0))

    def call(path: str, sha256: str = hashlib.sha256(CONTENT).hexdigest(), **changed: int) -> FetchedFile:
        source = URLSource(href=f"{server[0]}/{path}", sha256=sha256)
        return url.fetch_url(source, replace(settings, **changed), settings.scratch)

    return call


@pytest.mark.parametrize("path", ["good.csv", "moved.csv", "later.csv"])
def test_the_file_arrives_whole(path: str, fetch) -> None:
    assert fetch(path).path.read_bytes() == CONTENT


BROKEN = {
    "it does not exist": ("404", FailureReason.DATA_NOT_FOUND, "answered 404"),
    "it is gone": ("410", FailureReason.DATA_NOT_FOUND, "answered 410"),
    "a login is missing": ("401", FailureReason.CREDENTIALS_DENIED, "answered 401"),
    "it is forbidden": ("403", FailureReason.CREDENTIALS_DENIED, "answered 403"),
    "the server fails": ("500", FailureReason.DATA_UNREACHABLE, "answered 500"),
    "the connection breaks": ("short.csv", FailureReason.DATA_UNREACHABLE, "before the end"),
    "it redirects to a local file": ("to-a-file.csv", FailureReason.DATA_UNREACHABLE, "could not be downloaded"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_download_fails_with_its_reason_when(case: str, fetch) -> None:
    path, reason, told = BROKEN[case]
    with pytest.raises(TrainingError) as raised:
        fetch(path)
    assert raised.value.reason is reason
    assert told in raised.value.message


def test_a_passing_fault_is_tried_again_and_no_further_than_allowed(fetch, server: tuple[str, list[str]]) -> None:
    with pytest.raises(TrainingError):
        fetch("500")
    assert len(server[1]) == 3


def test_what_is_missing_is_not_asked_for_again(fetch, server: tuple[str, list[str]]) -> None:
    with pytest.raises(TrainingError):
        fetch("404")
    assert len(server[1]) == 1


def test_another_content_is_refused(fetch) -> None:
    with pytest.raises(TrainingError, match=r"spec\.data\.url\.sha256") as raised:
        fetch("good.csv", sha256="0" * 64)
    assert raised.value.reason is FailureReason.DATA_HASH_MISMATCH


def test_a_file_above_the_limit_is_not_read_to_its_end(fetch) -> None:
    with pytest.raises(TrainingError, match="limit of 1000 bytes") as raised:
        fetch("good.csv", max_data_bytes=1000)
    assert raised.value.reason is FailureReason.DATA_CHECK_FAILED


def test_a_download_has_a_deadline(fetch) -> None:
    with pytest.raises(TrainingError, match="takes too long") as raised:
        fetch("good.csv", fetch_timeout_seconds=0)
    assert raised.value.reason is FailureReason.DATA_UNREACHABLE


def test_an_absent_server_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(url, "PAUSES_SECONDS", (0,))
    with pytest.raises(TrainingError, match=r"http://127.0.0.1:9/a.csv.*refused") as raised:
        url.fetch_url(URLSource(href="http://127.0.0.1:9/a.csv", sha256="0" * 64), settings, settings.scratch)
    assert raised.value.reason is FailureReason.DATA_UNREACHABLE


def test_a_signature_in_the_address_is_not_shown(fetch) -> None:
    with pytest.raises(TrainingError) as raised:
        fetch("404?token=s3cret")
    assert "s3cret" not in raised.value.message

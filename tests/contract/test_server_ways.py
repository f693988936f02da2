"""Whoever answers, the direct way or FastAPI's routes, the reply is the same: status, headers and every byte of the body."""

import json
import random
from collections.abc import Mapping

import pytest

from tests.contract.test_server_bad_requests import BAD, Bad

_KEPT = (
    "content-type",
    "content-length",
    "x-model-version",
    "x-model-digest",
    "connection",
    "retry-after",
    "accept-post",
)
_INFER = "/v2/models/imdb/infer"


@pytest.fixture(scope="module", params=["direct"])
def way(request: pytest.FixtureRequest) -> str:
    """The one that is compared with the reference."""
    return request.param


@pytest.fixture(scope="module")
def reference(start_server):
    """The same server with FastAPI's routes."""
    running = start_server(SENTIMENT_DIRECT="false")
    running.wait_for_reason("Ready")
    return running


def _told(server, sent: bytes) -> tuple[int, Mapping[str, str], bytes]:
    reply = server.raw(sent)
    return reply.status, {name: reply.headers[name] for name in _KEPT if name in reply.headers}, reply.body


def _post(value: object, path: str, **more: str) -> Bad:
    return Bad(200, json.dumps(value).encode(), path, **more)


_TEXTS = ["a wonderful film", "an awful, boring film", "", "zzz", "İ ΣΑΣ \x00 great 映画 \U0001f600", "good " * 9_000]
_TENSOR = {"name": "t", "shape": [2], "datatype": "BYTES", "data": ["good", "bad"]}
_GOOD = [
    *(_post({"text": text}, "/predict") for text in _TEXTS),
    _post({"texts": _TEXTS}, "/predict/batch"),
    _post({"text": "good"}, "/predict", content_type="Application/JSON; charset=utf-8"),
    _post({"text": "good"}, "/predict?x=1"),
    _post({"text": "good"}, "/predict/"),
    _post({"text": "good"}, "/%70redict"),
    _post({"text": "good"}, "/predict%0A"),
    _post({"inputs": [_TENSOR]}, _INFER),
    _post({"inputs": [_TENSOR], "id": "7", "outputs": [{"name": "label"}]}, _INFER),
    _post({"inputs": [{**_TENSOR, "shape": [2, 1]}]}, "/v2/models/imdb/versions/2/infer"),
    Bad(200, path="/healthz", method="GET"),
    Bad(200, path="/readyz", method="GET"),
    Bad(405, path="/healthz", method="PUT"),
]


@pytest.mark.parametrize("asked", _GOOD, ids=str)
def test_a_good_request_gets_one_answer(server, reference, asked: Bad) -> None:
    assert _told(server, asked.wire()) == _told(reference, asked.wire())


@pytest.mark.parametrize("asked", BAD.values(), ids=BAD.keys())
def test_a_bad_request_gets_one_answer(server, reference, asked: Bad) -> None:
    assert _told(server, asked.wire()) == _told(reference, asked.wire())


def test_a_request_that_is_a_little_wrong_gets_one_answer(server, reference) -> None:
    rng = random.Random(23)
    for _ in range(400):
        good = rng.choice(_GOOD)
        body = bytearray(good.body[:300])
        for _ in range(rng.randint(1, 3)):
            position = rng.randrange(len(body) + 1)
            body[position : position + rng.randint(0, 3)] = rng.choice(
                (b"", b'"', b"[", b"}", b",", b"\xff", b"1e9", b"null")
            )
        sent = Bad(0, bytes(body), good.path, good.method).wire()
        assert _told(server, sent) == _told(reference, sent), sent


def test_a_server_without_its_model_says_the_same(start_server, from_registry) -> None:
    replies = []
    for direct in ("true", "false"):
        server = start_server(
            "--from-environment", **from_registry, SENTIMENT_TRACKING_URL="http://127.0.0.1:9", SENTIMENT_DIRECT=direct
        )
        server.wait_for_reason("RegistryUnreachable")
        replies.append([_told(server, asked.wire()) for asked in _GOOD])
    assert replies[0] == replies[1]


@pytest.fixture
def from_registry(from_registry: dict[str, str]) -> dict[str, str]:
    """Where nobody is."""
    return {**from_registry, "SENTIMENT_VERSION": "2"}

"""Whatever a client sends, it gets a 4xx that says what to do, and the server neither fails nor grows."""

import json
import random
from dataclasses import dataclass
from statistics import median

import pytest

_JSON = "application/json"
_SECRET = "q7zkqsecret"
"""Stands in requests, must never stand in a reply."""


@dataclass(frozen=True)
class Bad:
    """A request and the status that it deserves."""

    status: int
    body: bytes = b""
    path: str = "/predict"
    method: str = "POST"
    content_type: str | None = _JSON
    extra: str = ""

    def wire(self) -> bytes:
        declared = f"Content-Type: {self.content_type}\r\n" if self.content_type is not None else ""
        head = f"{self.method} {self.path} HTTP/1.1\r\nHost: localhost\r\n{declared}{self.extra}"
        return f"{head}Content-Length: {len(self.body)}\r\n\r\n".encode() + self.body


def _chunked(body: bytes, path: str = "/predict") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {_JSON}\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = (body[start : start + 65_536] for start in range(0, len(body), 65_536))
    return head.encode() + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def _of(value: object) -> bytes:
    return json.dumps(value).encode()


def _infer(**change: object) -> bytes:
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [_SECRET], **change}
    return _of({"inputs": [{k: v for k, v in tensor.items() if v is not None}]})


_INFER = "/v2/models/imdb/infer"
_TEN_MEGABYTES = _of({"text": "x" * 10_000_000})
_BINARY_LENGTH = "Inference-Header-Content-Length: "
_BINARY_HEAD = _of({"inputs": [{"name": "t", "shape": [1], "datatype": "BYTES"}]})

BAD = {
    "no body": Bad(422),
    "no JSON": Bad(400, b"film"),
    "half an object": Bad(400, b'{"text": "film"'),
    "two objects": Bad(400, b'{"text": "a"}{"text": "b"}'),
    "a comment": Bad(400, b'{"text": "a"} // film'),
    "single quotes": Bad(400, b"{'text': 'a'}"),
    "a byte order mark": Bad(400, b"\xef\xbb\xbf" + _of({"text": "a"})),
    "UTF-16": Bad(400, json.dumps({"text": "a"}).encode("utf-16")),
    "bad UTF-8": Bad(400, b'{"text": "\xff\xfe"}'),
    "cut UTF-8": Bad(400, b'{"text": "\xc3"}'),
    "a surrogate in UTF-8": Bad(400, b'{"text": "\xed\xa0\x80"}'),
    "a lone surrogate": Bad(422, b'{"text": "\\ud800"}'),
    "a lone surrogate in a batch": Bad(422, b'{"texts": ["a", "\\udfff"]}', "/predict/batch"),
    "a control character": Bad(400, b'{"text": "a\x00b"}'),
    "NaN": Bad(400, b'{"text": NaN}'),
    "minus infinity": Bad(400, b'{"text": -Infinity}'),
    "a number of 5000 digits": Bad(400, b'{"text": ' + b"9" * 5_000 + b"}"),
    "a number beyond floats": Bad(422, b'{"text": 1e999}'),
    "a name twice": Bad(400, b'{"text": "a", "text": "b"}'),
    "100,000 lists in each other": Bad(400, b"[" * 100_000 + b"]" * 100_000),
    "100,000 objects in each other": Bad(400, b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "null": Bad(422, b"null"),
    "a list": Bad(422, b"[]"),
    "a string": Bad(422, _of(_SECRET)),
    "an empty object": Bad(422, b"{}"),
    "text null": Bad(422, _of({"text": None})),
    "text a number": Bad(422, _of({"text": 1})),
    "text true": Bad(422, _of({"text": True})),
    "text a list": Bad(422, _of({"text": [_SECRET]})),
    "text an object": Bad(422, _of({"text": {_SECRET: _SECRET}})),
    "an unknown field": Bad(422, _of({"text": "a", _SECRET: _SECRET})),
    "a field of the wrong case": Bad(422, _of({"Text": _SECRET})),
    "a text one character too long": Bad(422, _of({"text": "x" * 100_001})),
    "no texts": Bad(422, _of({"texts": []}), "/predict/batch"),
    "257 texts": Bad(422, _of({"texts": ["a"] * 257}), "/predict/batch"),
    "texts a string": Bad(422, _of({"texts": _SECRET}), "/predict/batch"),
    "texts of mixed types": Bad(422, _of({"texts": ["a", 1, None, ["b"]]}), "/predict/batch"),
    "one text too long among many": Bad(422, _of({"texts": ["a", "x" * 100_001]}), "/predict/batch"),
    "300,000 texts": Bad(422, _of({"texts": ["a"] * 300_000}), "/predict/batch"),
    "10 MB with a length": Bad(413, _TEN_MEGABYTES),
    "10 MB in a batch": Bad(413, _TEN_MEGABYTES, "/predict/batch"),
    "10 MB of inference": Bad(413, _TEN_MEGABYTES, _INFER),
    "10 MB to an unknown path": Bad(413, _TEN_MEGABYTES, "/nowhere"),
    "a form": Bad(415, b"text=film", content_type="application/x-www-form-urlencoded"),
    "an upload": Bad(415, b"--x--", content_type="multipart/form-data; boundary=x"),
    "no content type": Bad(415, _of({"text": "a"}), content_type=None),
    "a broken content type": Bad(415, _of({"text": "a"}), content_type=";;;="),
    "text/plain": Bad(415, b"film", content_type="text/plain"),
    "a compressed body": Bad(400, b"\x1f\x8b\x08\x00\x00\x00\x00\x00", extra="Content-Encoding: gzip\r\n"),
    "an unknown path": Bad(404, _of({"text": "a"}), f"/{_SECRET}"),
    "a path outside": Bad(404, path="/../../etc/passwd", method="GET"),
    "an encoded path outside": Bad(404, path="/docs/%2e%2e%2f%2e%2e%2fetc%2fpasswd", method="GET"),
    "a path with a NUL": Bad(404, path="/%00", method="GET"),
    "a path of 20,000 characters": Bad(404, path="/" + "a" * 20_000, method="GET"),
    "GET on predict": Bad(405, method="GET"),
    "PUT on predict": Bad(405, _of({"text": "a"}), method="PUT"),
    "DELETE on version": Bad(405, path="/version", method="DELETE"),
    "POST on readyz": Bad(405, path="/readyz"),
    "another model": Bad(404, _infer(), f"/v2/models/{_SECRET}/infer"),
    "another version": Bad(404, _infer(), f"/v2/models/imdb/versions/{_SECRET}/infer"),
    "metadata of another model": Bad(404, path=f"/v2/models/{_SECRET}", method="GET"),
    "no inputs": Bad(422, _of({"inputs": []}), _INFER),
    "two inputs": Bad(
        422, _of({"inputs": [{"name": "t", "shape": [1], "datatype": "BYTES", "data": ["a"]}] * 2}), _INFER
    ),
    "an input without data": Bad(422, _infer(data=None), _INFER),
    "an input of numbers": Bad(422, _infer(datatype="FP32", data=[1.0]), _INFER),
    "an input that is called BYTES but holds numbers": Bad(422, _infer(data=[1]), _INFER),
    "an unknown datatype": Bad(422, _infer(datatype=_SECRET), _INFER),
    "a shape that does not fit": Bad(422, _infer(shape=[2]), _INFER),
    "a shape of two columns": Bad(422, _infer(shape=[1, 2]), _INFER),
    "a negative shape": Bad(422, _infer(shape=[-1]), _INFER),
    "a shape of strings": Bad(422, _infer(shape=["1"]), _INFER),
    "257 inferences": Bad(422, _infer(shape=[257], data=["a"] * 257), _INFER),
    "another content type of an input": Bad(422, _infer(parameters={"content_type": _SECRET}), _INFER),
    "an unknown output": Bad(422, _of({"inputs": [], "outputs": [{"name": _SECRET}]}), _INFER),
    "a binary request of no length": Bad(400, _BINARY_HEAD, _INFER, extra=f"{_BINARY_LENGTH}x\r\n"),
    "a binary request of too great a length": Bad(400, _BINARY_HEAD, _INFER, extra=f"{_BINARY_LENGTH}99999\r\n"),
    "a binary text longer than the body": Bad(
        400, _BINARY_HEAD + b"\xff\xff\xff\xffab", _INFER, extra=f"{_BINARY_LENGTH}{len(_BINARY_HEAD)}\r\n"
    ),
    "a binary text that is no UTF-8": Bad(
        400, _BINARY_HEAD + b"\x02\x00\x00\x00\xff\xfe", _INFER, extra=f"{_BINARY_LENGTH}{len(_BINARY_HEAD)}\r\n"
    ),
    "a binary request without texts": Bad(422, _BINARY_HEAD, _INFER, extra=f"{_BINARY_LENGTH}{len(_BINARY_HEAD)}\r\n"),
}

_BAD_WIRE = {
    "10 MB without a length": (413, _chunked(_TEN_MEGABYTES)),
    "10 MB in a batch without a length": (413, _chunked(_TEN_MEGABYTES, "/predict/batch")),
    "a length of 30 digits": (400, b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n"),
    "a negative length": (400, b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
    "two lengths": (400, b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na"),
    "a length and chunks": (
        400,
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "a chunk of a bad size": (400, b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    "no HTTP": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 64),
    "a header without a colon": (400, b"GET /version HTTP/1.1\r\nHost localhost\r\n\r\n"),
    "a path that is no ASCII": (400, b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n"),
    "headers of 200 kB": (431, b"GET /version HTTP/1.1\r\nHost: x\r\n" + b"X-A: " + b"a" * 200_000),
    "20,000 headers": (431, b"GET /version HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 20_000),
}


def _check(reply, status: int) -> None:
    assert reply.status == status, reply.body[:300]
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["x-model-version"] == "2"
    assert len(reply.headers["x-model-digest"]) == 64
    problem = reply.json()
    assert problem["status"] == status
    assert all(problem[part].strip() for part in ("type", "title", "detail", "next"))
    assert _SECRET not in reply.body.decode()


def test_there_are_enough_bad_requests() -> None:
    assert len(BAD) + len(_BAD_WIRE) >= 40


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_request_gets_a_problem_document(server, bad: Bad) -> None:
    _check(server.raw(bad.wire()), bad.status)


@pytest.mark.parametrize(("status", "sent"), _BAD_WIRE.values(), ids=_BAD_WIRE.keys())
def test_broken_http_gets_a_problem_document(server, status: int, sent: bytes) -> None:
    _check(server.raw(sent), status)


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_an_ordinary_client_that_sends_10_mb_sees_the_refusal(server, path: str) -> None:
    """It writes everything before it reads, so the server must not close the connection on it."""
    _check(server.request("POST", path, _TEN_MEGABYTES, {"Content-Type": _JSON}), 413)


_ODD_WIRE = [
    b"CONNECT localhost:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"get /version HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://elsewhere/nothing HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /nothing HTTP/1.0\r\n\r\n",
    b"GET /nothing HTTP/9.9\r\nHost: x\r\n\r\n",
    b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"POST /predict HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /predict HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n",
    b"GET /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 10_000_000,
]


@pytest.mark.parametrize("sent", _ODD_WIRE, ids=[sent.split(b" HTTP")[0][:40].decode() for sent in _ODD_WIRE])
def test_odd_http_is_no_fault_of_the_server(server, sent: bytes) -> None:
    assert 400 <= server.raw(sent).status < 500


def test_head_is_no_method_of_this_server(server) -> None:
    reply = server.request("HEAD", "/version")
    assert (reply.status, reply.body, reply.headers["x-model-version"]) == (405, b"", "2")


def test_mutated_requests_never_make_the_server_fail(server) -> None:
    rng = random.Random(17)
    good = [
        _of({"text": "a good film \U0001f600"}),
        _of({"texts": ["a", "b"]}),
        _infer(),
        _BINARY_HEAD + b"\x01\x00\x00\x00a",
    ]
    paths = ["/predict", "/predict/batch", _INFER, "/v2/models/imdb/versions/2/infer"]
    for _ in range(600):
        body = bytearray(rng.choice(good))
        for _ in range(rng.randint(1, 6)):
            position = rng.randrange(len(body) + 1)
            body[position : position + rng.randint(0, 3)] = rng.choice(
                (b"", b'"', b"[", b"{", b"}", b",", b"\\u", b"\xff", b"1e9", b"null", b"\x00")
            )
        extra = f"{_BINARY_LENGTH}{rng.randint(0, 90)}\r\n" if rng.random() < 0.3 else ""
        reply = server.raw(Bad(0, bytes(body), rng.choice(paths), extra=extra).wire())
        assert reply.status < 500, bytes(body)


def test_memory_stays_flat_under_bad_requests(server) -> None:
    """After a warm-up that shows the allocator every size, further rounds leave nothing behind."""

    def round_of_everything() -> None:
        for bad in BAD.values():
            assert 400 <= server.raw(bad.wire()).status < 500
        for _, sent in _BAD_WIRE.values():
            assert 400 <= server.raw(sent).status < 500

    for _ in range(2):
        round_of_everything()
    sizes: list[int] = []
    for _ in range(24):
        round_of_everything()
        sizes.append(server.rss_bytes())
    # One look may meet a large body, or pages just given back. What stays behind lifts every look.
    assert median(sizes[12:]) - median(sizes[:12]) < 4 * 2**20, sizes


def test_the_server_still_answers_and_never_failed(server) -> None:
    assert server.post("/predict", {"text": "a wonderful film"}).json()["sentiment"] == "positive"
    assert [line for line in server.log() if line["log.level"] in ("error", "critical")] == []

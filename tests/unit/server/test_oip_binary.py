"""Requests of the protocol's binary extension become the same requests in JSON."""

import json
import random

import pytest

from sentiment_server.web.oip_binary import plain_json
from sentiment_server.web.problems import Problem

_HEAD = json.dumps({"id": "1", "inputs": [{"name": "t", "shape": [2], "datatype": "BYTES"}]}).encode()


def _binary(*texts: bytes) -> bytes:
    return _HEAD + b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def test_texts_behind_the_head_become_its_data() -> None:
    request = json.loads(plain_json(_binary("Amélie".encode(), b""), str(len(_HEAD))))
    assert request["id"] == "1"
    assert request["inputs"][0]["data"] == ["Amélie", ""]


def test_data_in_the_head_is_left_as_it_is() -> None:
    head = json.dumps({"inputs": [{"data": ["a"]}]}).encode()
    assert json.loads(plain_json(head, str(len(head))))["inputs"][0]["data"] == ["a"]


@pytest.mark.parametrize("length", ["", "-1", "1.5", "²", "9" * 400, str(len(_HEAD) + 100)])
def test_a_length_outside_the_body_is_refused(length: str) -> None:
    with pytest.raises(Problem, match="no length"):
        plain_json(_HEAD, length)


@pytest.mark.parametrize(
    "head", [b"[]", b"1", b'{"inputs": {}}', b'{"inputs": [1]}', b'{"inputs": []}', b'{"inputs": [{}, {}]}']
)
def test_a_head_without_exactly_one_input_is_refused(head: bytes) -> None:
    with pytest.raises(Problem, match="exactly one"):
        plain_json(head, str(len(head)))


def test_random_bytes_behind_the_head_never_surprise() -> None:
    rng = random.Random(11)
    for _ in range(3_000):
        tail = b"".join(
            rng.choice((b"\x00\x00\x00", b"\x01\x00\x00\x00", b"a", b"\xff", b"\x03\x00\x00\x00abc"))
            for _ in range(rng.randint(0, 6))
        )
        try:
            assert all(
                isinstance(t, str) for t in json.loads(plain_json(_HEAD + tail, str(len(_HEAD))))["inputs"][0]["data"]
            )
        except Problem as problem:
            assert problem.status == 400

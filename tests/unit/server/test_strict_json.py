"""JSON that other readers take differently, or not at all, is refused with a reason."""

import pytest

from sentiment_server.web.problems import Problem
from sentiment_server.web.strict_json import read_json


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"text": "a"}', {"text": "a"}),
        (b" [1, -2.5, 1e3, true, null] \n", [1, -2.5, 1000.0, True, None]),
        ('"\u00e9\U0001f600"'.encode(), "\u00e9\U0001f600"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b"9" * 4_000, int("9" * 4_000)),
    ],
)
def test_what_the_standard_allows_is_read(body: bytes, value: object) -> None:
    assert read_json(body) == value


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b"NaN", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b'{"a": 1, "a": 1}', "twice"),
        (b'[{"b": {"a": 1, "a": 2}}]', "twice"),
        (b"9" * 5_000, "digits"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 100_000, "nested"),
        (b"01", "not JSON"),
        (b"'a'", "not JSON"),
    ],
)
def test_what_it_does_not_allow_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(Problem) as caught:
        read_json(body)
    assert caught.value.status == 400
    assert reason in caught.value.detail

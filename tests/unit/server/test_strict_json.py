"""JSON that other readers take differently, or not at all, is refused with a reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment_server.web.problems import Problem
from sentiment_server.web.schemas import TEXT_LIMIT, Review
from sentiment_server.web.strict_json import read_as, read_json, read_text


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


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"text": 1}',
        b'{"texts": "a"}',
        b'{"text": "a", "text": "b"}',
        b'{"text": "a", "\\u0074ext": "b"}',
        b'{"text": "a"} {}',
        b'{"text": "a"',
        b'{"text": "a\nb"}',
        b'{"text": "\\ud800"}',
        b'{"text": "\\x"}',
        b'\xef\xbb\xbf{"text": "a"}',
        b'\x0c{"text": "a"}',
        '{"text": "\u00e9"}'.encode("latin-1"),
        '{"text": "\u00e9\\udc80"}'.encode(),
        b'{"text": "%b"}' % (b"a" * (TEXT_LIMIT + 1)),
    ],
)
def test_whatever_is_not_one_plain_text_is_left_to_who_judges_it(body: bytes) -> None:
    assert read_text(body) is None


_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(_TEXT, st.text(" \t\n\r", max_size=3), st.sampled_from([None, 2]), st.booleans())
def test_one_plain_text_is_read_as_the_shape_reads_it(text: str, space: str, indent: int | None, escaped: bool) -> None:
    body = (space + json.dumps({"text": text}, indent=indent, ensure_ascii=escaped) + space).encode()
    assert read_text(body) == read_as(Review, body).text == text

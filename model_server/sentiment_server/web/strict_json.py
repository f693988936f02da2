"""JSON as RFC 8259 has it and nothing more: no NaN, no byte order mark, no name twice, no depth that hurts.

Python's own reader takes the first three silently and fails on the last; here each is one clear 4xx.
"""

import json
import re
from collections.abc import Callable
from email.message import Message
from json import decoder
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from sentiment_server.web.problems import Problem, of_faults
from sentiment_server.web.reply import JSON
from sentiment_server.web.schemas import TEXT_LIMIT

NDJSON = "application/x-ndjson"
_Shape = TypeVar("_Shape", bound=BaseModel)
_MISSING = {"type": "missing", "loc": (), "msg": "Field required"}
_ADVICE = "Send one JSON object in UTF-8; see GET /docs for examples."
_BYTE_ORDER_MARK = "\ufeff"
_scanned: Callable[[str, int, bool], tuple[str, int]] = getattr(decoder, "scanstring")  # noqa: B009  types know it not
"""The text that ends at the next quotation mark, and where: Python's own reader asks it for every string."""
_SPACE = " \t\n\r"
_ONE_TEXT = re.compile(rf'[{_SPACE}]*\{{[{_SPACE}]*"text"[{_SPACE}]*:[{_SPACE}]*"')


def read_json(body: bytes) -> Any:
    """The value that the bytes stand for. Raises Problem 400."""
    try:
        text = body.decode("utf-8")
        if text.startswith(_BYTE_ORDER_MARK):
            raise _bad("It is not JSON: it begins with a byte order mark.")
        return _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise _bad(f"It is not UTF-8: byte {error.start} does not belong there.") from error
    except json.JSONDecodeError as error:
        raise _bad(f"It is not JSON: {error.msg} at character {error.pos}.") from error
    except RecursionError as error:
        raise _bad("It is nested too deeply.") from error
    except ValueError as error:
        raise _bad("It holds a number with more digits than any field takes.") from error


def read_text(body: bytes) -> str | None:
    """The text of a body that is `{"text": "…"}` and nothing else: that of nearly all requests, in a third of the time.

    None for any other body, right or wrong, which `read_as` judges.
    """
    try:
        whole = body.decode()
        if (begin := _ONE_TEXT.match(whole)) is None:
            return None
        text, end = _scanned(whole, begin.end(), True)  # noqa: FBT003  it takes no names
        if not text.isascii():
            text.encode()  # half a surrogate pair is no text
    except ValueError:
        return None
    alone = whole[end:].strip(_SPACE) == "}"
    return text if alone and len(text) <= TEXT_LIMIT else None


def read_as(shape: type[_Shape], body: bytes) -> _Shape:
    """The value in this shape. As FastAPI reads it: attributes let its messages speak of objects. Raises Problem."""
    if not body:
        raise of_faults([_MISSING])
    value = read_json(body)
    try:
        return shape.model_validate(value, from_attributes=True)
    except ValidationError as error:
        raise of_faults(error.errors(include_url=False, include_input=False)) from error


def require_type(content_type: str, wanted: str = JSON) -> None:
    """Raises Problem 415 unless the client says that it sends JSON."""
    if content_type != wanted and media_type(content_type) != wanted:
        raise Problem(
            415, "The body is not declared as JSON", "The Content-Type header is missing or names another type.",
            f"Send the header Content-Type: {wanted}.", headers={"Accept-Post": wanted},
        )  # fmt: skip


def media_type(content_type: str) -> str:
    """The type without its parameters."""
    message = Message()
    message["content-type"] = content_type
    return message.get_content_type()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _bad("An object holds the same name twice.")
    return result


def _constant(_: str) -> NoReturn:
    raise _bad("It holds NaN or Infinity, which JSON does not have.")


def _bad(why: str) -> Problem:
    return Problem(400, "The body cannot be read", why, _ADVICE)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)

"""JSON as RFC 8259 has it and nothing more: no NaN, no byte order mark, no name twice, no depth that hurts.

Python's own reader takes the first three silently and fails on the last; here each is one clear 4xx.
"""

import json
from email.message import Message
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from sentiment_server.web.problems import Problem, of_faults
from sentiment_server.web.reply import JSON

NDJSON = "application/x-ndjson"
_Shape = TypeVar("_Shape", bound=BaseModel)
_MISSING = {"type": "missing", "loc": (), "msg": "Field required"}
_ADVICE = "Send one JSON object in UTF-8; see GET /docs for examples."
_BYTE_ORDER_MARK = "\ufeff"


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

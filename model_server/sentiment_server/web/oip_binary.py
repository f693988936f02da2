"""The protocol's binary extension, for requests: texts behind the JSON, each after its length in four bytes.

KServe's client sends numpy arrays this way unless told otherwise. Such a request is rewritten to the plain JSON that
the route reads; replies are always JSON, which those clients read too.
"""

import json
from typing import Any, cast

from sentiment_server.web.problems import Problem
from sentiment_server.web.strict_json import read_json

HEADER = "inference-header-content-length"
_MOST_DIGITS = 9


def plain_json(body: bytes, header_length: str) -> bytes:
    """The same request as JSON alone. Raises Problem 400 when lengths or texts are wrong."""
    if not header_length.isdecimal() or len(header_length) > _MOST_DIGITS or int(header_length) > len(body):
        raise _bad("The header Inference-Header-Content-Length is no length within the body.")
    request, rest = read_json(body[: int(header_length)]), body[int(header_length) :]
    tensor = _only_input(request)
    if "data" not in tensor:
        tensor["data"] = _texts(rest)
    return json.dumps(request).encode()


def _only_input(request: object) -> dict[str, Any]:
    match request:
        case {"inputs": [dict()]}:
            return cast("dict[str, Any]", request)["inputs"][0]
        case _:
            raise _bad("There is not exactly one input.")


def _texts(raw: bytes) -> list[str]:
    texts: list[str] = []
    position = 0
    while position < len(raw):
        start = position + 4
        end = start + int.from_bytes(raw[position:start], "little")
        if start > len(raw) or end > len(raw):
            raise _bad("A text is shorter than the length before it says.")
        try:
            texts.append(raw[start:end].decode("utf-8"))
        except UnicodeDecodeError as error:
            raise _bad("A text is not UTF-8.") from error
        position = end
    return texts


def _bad(why: str) -> Problem:
    return Problem(
        400, "The binary request cannot be read", why,
        "Check the lengths, or send the texts as JSON (binary_data=False in KServe's client).",
    )  # fmt: skip

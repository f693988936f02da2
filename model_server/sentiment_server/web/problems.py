"""Errors as RFC 9457 problem documents: what is wrong, why, and what to do next. Nothing a client sent is repeated."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.types import Send

from sentiment_server.model.state import State
from sentiment_server.web.reply import reply

MEDIA_TYPE = "application/problem+json"
_SHOWN_FAULTS = 10
_DOCS = "See GET /docs for what the server takes."


class Problem(Exception):
    """A reply that is an error. `errors` point at the parts of the body that are wrong."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        advice: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.advice = advice
        self.headers = dict(headers or {})
        self.errors = errors

    def content(self) -> dict[str, object]:
        """The document. `error` repeats the detail for clients of the Open Inference Protocol."""
        document: dict[str, object] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "next": self.advice,
            "error": self.detail,
        }
        return document | ({"errors": list(self.errors)} if self.errors else {})

    def body(self) -> bytes:
        """The document as JSON."""
        return json.dumps(self.content(), ensure_ascii=False, separators=(",", ":")).encode()

    async def send(self, send: Send) -> None:
        """The whole reply."""
        await reply(send, self.status, self.body(), MEDIA_TYPE, self.headers)


def of_not_ready(state: State, headers: Mapping[str, str] | None = None) -> Problem:
    """There is no model to score with."""
    return Problem(
        503, "The model is not ready", f"{state.reason}: {state.message}",
        "Try again in a moment; GET /readyz says when the model is ready.", headers={"Retry-After": "1", **(headers or {})},
    )  # fmt: skip


def of_faults(faults: Sequence[Any]) -> Problem:
    """The body has the wrong shape; `faults` are those of pydantic."""
    shown = [_fault(fault) for fault in faults[:_SHOWN_FAULTS]]
    first = shown[0]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return Problem(
        422, "The request has the wrong shape", f"{first['pointer'] or 'The body'}: {first['detail']}{more}", _DOCS,
        errors=shown,
    )  # fmt: skip


def of_status(status: int, headers: Mapping[str, str] | None) -> Problem:
    """No more is known than the status."""
    phrase = HTTPStatus(status).phrase
    detail, advice = _STATUS_ADVICE.get(status, (phrase, _DOCS))
    return Problem(status, phrase, detail, advice, headers=headers)


def of_defect() -> Problem:
    """Something that nobody foresaw."""
    return Problem(
        500, "The server failed", "This is a defect of the server, not of the request; its log has the details.",
        "Report it with the log line of this moment.",
    )  # fmt: skip


def _fault(fault: Mapping[str, Any]) -> dict[str, str]:
    """Where and what. The last step of an unknown field's path is the client's own word, so it is left out."""
    path = [str(step) for step in fault["loc"] if step != "body"]
    if fault["type"] == "extra_forbidden":
        return {"pointer": "".join(f"/{step}" for step in path[:-1]), "detail": "there is a field that is not known"}
    return {"pointer": "".join(f"/{step}" for step in path), "detail": str(fault["msg"])}


_STATUS_ADVICE = {
    404: ("There is nothing at this path.", _DOCS),
    405: ("This path does not take this method.", "Use a method from the Allow header."),
}

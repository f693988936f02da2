"""Errors as RFC 9457 problem documents: what is wrong, why, and what to do next. Nothing a client sent is repeated."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from sentiment_server.model.serving import NotReady

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

    def response(self) -> Response:
        """The HTTP reply."""
        return JSONResponse(self.content(), self.status, self.headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Every error of this app leaves as a problem document."""
    app.add_exception_handler(Problem, _of_problem)
    app.add_exception_handler(NotReady, _of_not_ready)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_status)
    app.add_exception_handler(Exception, _of_defect)


def _of_problem(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem.response()


def _of_not_ready(_: Request, error: Exception) -> Response:
    assert isinstance(error, NotReady)
    return Problem(
        503, "The model is not ready", f"{error.state.reason}: {error.state.message}",
        "Try again in a moment; GET /readyz says when the model is ready.", headers={"Retry-After": "1"},
    ).response()  # fmt: skip


def _of_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults: Sequence[Any] = error.errors()
    shown = [_fault(fault) for fault in faults[:_SHOWN_FAULTS]]
    first = shown[0]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return Problem(
        422, "The request has the wrong shape", f"{first['pointer'] or 'The body'}: {first['detail']}{more}", _DOCS,
        errors=shown,
    ).response()  # fmt: skip


def _fault(fault: Mapping[str, Any]) -> dict[str, str]:
    """Where and what. The last step of an unknown field's path is the client's own word, so it is left out."""
    path = [str(step) for step in fault["loc"] if step != "body"]
    if fault["type"] == "extra_forbidden":
        return {"pointer": "".join(f"/{step}" for step in path[:-1]), "detail": "there is a field that is not known"}
    return {"pointer": "".join(f"/{step}" for step in path), "detail": str(fault["msg"])}


def _of_status(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    detail, advice = _STATUS_ADVICE.get(error.status_code, (phrase, _DOCS))
    return Problem(error.status_code, phrase, detail, advice, headers=error.headers).response()


def _of_defect(_: Request, __: Exception) -> Response:
    return Problem(
        500, "The server failed", "This is a defect of the server, not of the request; its log has the details.",
        "Report it with the log line of this moment.",
    ).response()  # fmt: skip


_STATUS_ADVICE = {
    404: ("There is nothing at this path.", _DOCS),
    405: ("This path does not take this method.", "Use a method from the Allow header."),
}

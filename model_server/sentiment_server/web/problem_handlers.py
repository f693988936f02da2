"""Every error of the FastAPI application leaves as a problem document."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from sentiment_server.model.serving import NotReady
from sentiment_server.web import problems
from sentiment_server.web.problems import Problem


def install(app: FastAPI) -> None:
    """For each kind of error one handler."""
    app.add_exception_handler(Problem, _of_problem)
    app.add_exception_handler(NotReady, _of_not_ready)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_status)
    app.add_exception_handler(Exception, _of_defect)


def _response(problem: Problem) -> Response:
    return Response(problem.body(), problem.status, problem.headers, problems.MEDIA_TYPE)


def _of_problem(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return _response(problem)


def _of_not_ready(_: Request, error: Exception) -> Response:
    assert isinstance(error, NotReady)
    return _response(problems.of_not_ready(error.state))


def _of_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _response(problems.of_faults(error.errors()))


def _of_status(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _response(problems.of_status(error.status_code, error.headers))


def _of_defect(_: Request, __: Exception) -> Response:
    return _response(problems.of_defect())

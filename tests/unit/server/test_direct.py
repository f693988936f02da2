"""What no request can bring about is answered, too: a defect of the server, and FastAPI that is not there yet."""

import asyncio
import json
import threading
from typing import cast

import pytest

from sentiment_server.web.answering import Answering
from sentiment_server.web.direct import Direct
from sentiment_server.web.ondemand import OnDemand
from sentiment_server.web.stream import Streams


class Failing:
    """Has a defect in every answer."""

    def readiness(self) -> None: ...

    async def scores(self, *_: object) -> None:
        raise ZeroDivisionError


class Wire:
    """One request, and what was replied."""

    def __init__(self, method: str, path: str, body: bytes = b"") -> None:
        headers = [(b"content-type", b"application/json")]
        self.scope = {"type": "http", "method": method, "path": path, "headers": headers, "state": {}}
        self.sent: list[dict[str, object]] = []
        self._body = body

    async def receive(self) -> dict[str, object]:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message) -> None:
        self.sent.append(dict(message))


async def _nowhere(scope, receive, send) -> None:
    raise AssertionError("this was to be answered directly")


async def test_a_defect_is_a_problem_document_and_is_not_hushed_up() -> None:
    direct = Direct(_nowhere, cast("Answering", Failing()), cast("Streams", None))
    wire = Wire("POST", "/predict", b'{"text": "q7zkqsecret"}')
    with pytest.raises(ZeroDivisionError):
        await direct(wire.scope, wire.receive, wire.send)
    head, body = wire.sent
    assert head["status"] == 500
    assert (b"content-type", b"application/problem+json") in head["headers"]
    problem = json.loads(cast("bytes", body["body"]))
    assert (problem["status"], problem["title"]) == (500, "The server failed")
    assert b"q7zkqsecret" not in body["body"]


async def test_what_is_built_on_demand_is_built_once_and_beside_the_loop() -> None:
    built: list[threading.Thread] = []
    asked: list[str] = []

    async def app(scope, receive, send) -> None:
        asked.append(scope["path"])

    def build():
        built.append(threading.current_thread())
        return app

    ondemand = OnDemand(build)
    assert built == []
    wires = [Wire("GET", path) for path in ("/docs", "/version", "/nowhere")]
    await asyncio.gather(*(ondemand(wire.scope, wire.receive, wire.send) for wire in wires))
    assert sorted(asked) == ["/docs", "/nowhere", "/version"]
    assert len(built) == 1
    assert built[0] is not threading.main_thread()


async def test_a_client_that_goes_away_does_not_stop_the_building() -> None:
    may_end = threading.Event()
    asked: list[str] = []

    async def app(scope, receive, send) -> None:
        asked.append(scope["path"])

    def build():
        may_end.wait(10)
        return app

    ondemand = OnDemand(build)
    impatient, patient = Wire("GET", "/impatient"), Wire("GET", "/patient")
    first = asyncio.create_task(ondemand(impatient.scope, impatient.receive, impatient.send))
    second = asyncio.create_task(ondemand(patient.scope, patient.receive, patient.send))
    await asyncio.sleep(0)
    first.cancel()
    may_end.set()
    await second
    assert asked == ["/patient"]

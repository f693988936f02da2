"""Constant traffic to a Service from this machine, over kept and over fresh connections, with every answer written down.

It stays on the cluster's own network and is bounded: a few callers, each at a fixed pace.
"""

import http.client
import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

BODY = json.dumps({"text": "a wonderful film, I loved it"})
HEADERS = {"Content-Type": "application/json"}
PATIENCE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """One request: when it began and ended by the monotonic clock, and the version that answered or what went wrong."""

    began: float
    ended: float
    version: str = ""
    error: str = ""


@dataclass(slots=True)
class Traffic:
    """What was answered so far."""

    answers: list[Answer] = field(default_factory=list[Answer])

    def failures(self) -> list[Answer]:
        """Requests that did not get a right answer."""
        return [answer for answer in self.answers if answer.error]

    def versions(self, since: float = 0.0) -> set[str]:
        """Versions that answered requests begun since then."""
        return {answer.version for answer in self.answers if answer.began >= since and not answer.error}

    def first(self, version: str, since: float) -> float:
        """When the first answer of that version ended, of requests begun since then."""
        return min(answer.ended for answer in self.answers if answer.began >= since and answer.version == version)

    def share(self, version: str, since: float, until: float) -> tuple[float, int]:
        """Percentage of the answers that version gave to requests begun in that time, and how many answers there were."""
        within = [answer for answer in self.answers if since <= answer.began < until and not answer.error]
        return 100 * sum(answer.version == version for answer in within) / max(1, len(within)), len(within)

    def rate(self) -> float:
        """Requests per second."""
        return len(self.answers) / (self.answers[-1].ended - self.answers[0].began)


@contextmanager
def traffic(address: str, per_second: float = 30.0, callers: int = 4, keeping: int = 2) -> Generator[Traffic]:
    """So many of the callers keep their connection, the others open a fresh one for each request."""
    told, stop = Traffic(), threading.Event()
    pause = callers / per_second
    threads = [
        threading.Thread(target=_call, args=(address, pause, number < keeping, told.answers, stop))
        for number in range(callers)
    ]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _call(address: str, pause: float, keep: bool, answers: list[Answer], stop: threading.Event) -> None:
    connection = http.client.HTTPConnection(address, timeout=PATIENCE_SECONDS)
    due = time.monotonic()
    while not stop.is_set():
        if not keep:
            connection.close()
        answers.append(_ask(connection))
        due += pause
        stop.wait(max(0.0, due - time.monotonic()))
    connection.close()


def _ask(connection: http.client.HTTPConnection) -> Answer:
    began = time.monotonic()
    try:
        connection.request("POST", "/predict", BODY, HEADERS)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return Answer(began, time.monotonic(), error=repr(error))
    if response.status != http.client.OK:
        return Answer(began, time.monotonic(), error=f"{response.status} {body[:200]!r}")
    version = response.headers["X-Model-Version"]
    wrong = "" if json.loads(body)["version"] == version else "header and body name different versions"
    return Answer(began, time.monotonic(), version, wrong)

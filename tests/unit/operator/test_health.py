"""What a kubelet hears on /healthz, over HTTP."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest
import urllib3

from sentiment_operator.health import serve_health
from tests.support.ports import free_port

PROBE_SECONDS = 0.3


class Served:
    """/healthz in a thread with a loop of its own, as the loop of the operator's process."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.loop = asyncio.new_event_loop()
        self._port = free_port()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self._runner = asyncio.run_coroutine_threadsafe(
            serve_health(self._port, lambda: self.problems), self.loop
        ).result()

    def asked(self) -> tuple[int, str]:
        """Status and text of one probe. Raises HTTPError where none comes in time."""
        with urllib3.PoolManager(retries=False, timeout=PROBE_SECONDS) as http:
            answer = http.request("GET", f"http://127.0.0.1:{self._port}/healthz")
            return answer.status, answer.data.decode()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.close()


def test_it_is_well_while_nothing_is_wrong(served: Served) -> None:
    assert served.asked() == (200, "ok")


def test_it_fails_with_everything_that_is_wrong(served: Served) -> None:
    served.problems = ["a pass has been running for 121 s", "a model has been due for 301 s"]
    assert served.asked() == (500, "a pass has been running for 121 s; a model has been due for 301 s")


def test_while_the_event_loop_is_blocked_nothing_answers(served: Served) -> None:
    released, blocked = threading.Event(), threading.Event()

    def block() -> None:
        blocked.set()
        released.wait()

    served.loop.call_soon_threadsafe(block)
    blocked.wait()
    began = time.monotonic()
    with pytest.raises(urllib3.exceptions.TimeoutError):
        served.asked()
    assert time.monotonic() - began >= PROBE_SECONDS
    released.set()
    assert served.asked() == (200, "ok")

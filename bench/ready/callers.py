"""Users of a Service, half of them over connections that they keep: which version answered when, and what failed.

They go at a steady pace, so that they cost this machine little. They know nothing of Kubernetes.
"""

import http.client
import json
import threading
import time
from dataclasses import dataclass, field

TEXT = "A wonderful film: funny, moving and beautifully acted. I loved every minute."
CALLERS, PAUSE_SECONDS = 4, 0.02
CONNECT_SECONDS, REPLY_SECONDS = 0.1, 5.0
"""A connection that leads nowhere is given up soon, and another one is begun."""
_HEADERS = {"Content-Type": "application/json"}
_BODY = json.dumps({"text": TEXT}).encode()


def asked(connection: http.client.HTTPConnection) -> str:
    """Version of a right answer. Raises OSError, HTTPException and ValueError where there is none."""
    connection.request("POST", "/predict", _BODY, _HEADERS)
    reply = connection.getresponse()
    answer = json.loads(reply.read())
    if reply.status != http.client.OK or answer["sentiment"] != "positive":
        raise ValueError(f"{reply.status} {answer}")
    return answer["version"]


def first_answer(address: str, seconds: float = 120.0) -> float:
    """When the Service first gave a right answer, asked every few milliseconds over fresh connections."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(address, timeout=CONNECT_SECONDS)
        try:
            connection.connect()
            connection.sock.settimeout(REPLY_SECONDS)
            asked(connection)
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            time.sleep(0.01)
        else:
            return time.time()
        finally:
            connection.close()
    raise SystemExit(f"{address} did not answer in {seconds:.0f} s. Next: look at its pods")


@dataclass
class Callers:
    """As long as the context is open."""

    address: str
    answers: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    """When each answer came, and of which version."""
    failures: list[str] = field(default_factory=list[str])

    def __enter__(self) -> "Callers":
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(n % 2 == 0,), daemon=True) for n in range(CALLERS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def first(self, version: str, since: float) -> float:
        """When it first answered."""
        return min(at for at, answered in list(self.answers) if answered == version and at >= since)

    def _call(self, keeps: bool) -> None:
        connection = http.client.HTTPConnection(self.address, timeout=5)
        while not self._stop.wait(PAUSE_SECONDS):
            began = time.monotonic()
            try:
                version = asked(connection)
                self.answers.append((time.time(), version))
                if not keeps:
                    connection.close()
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                self.failures.append(f"{type(error).__name__}: {error}, after {time.monotonic() - began:.1f} s")
                connection.close()
        connection.close()

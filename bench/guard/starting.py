"""A start of the model server as a process, until its first answer, beside one that imports what others serve with."""

import http.client
import resource
import subprocess
import sys
import time
from pathlib import Path

from bench.guard.timing import Pair
from tests.support.ports import free_port

_OTHERS = "import fastapi, uvicorn, numpy"
_PATIENCE = 60.0


def pair(artifact: Path) -> Pair:
    """Processes take longer than functions, and vary less: a few rounds are enough."""
    return Pair("start", lambda: _start(artifact), _import_others, rounds=3, clock=_children)


def _children() -> float:
    """Seconds of the processor of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _import_others() -> None:
    subprocess.run([sys.executable, "-c", _OTHERS], check=True)


def _start(artifact: Path) -> None:
    port = free_port()
    address = ("--host", "127.0.0.1", "--port", str(port), "--metrics-port", str(free_port()))
    command = [sys.executable, "-m", "sentiment_server", "--artifact", str(artifact), *address]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _await_answer(process, port)
    finally:
        process.kill()
        process.wait()


def _await_answer(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(
                f"the model server ended with exit code {process.returncode}; its last words stand above"
            )
        if _answers(port):
            return
        time.sleep(0.01)
    raise RuntimeError(f"the model server did not answer within {_PATIENCE:.0f} s")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", "/predict", b'{"text": "a wonderful film"}', {"Content-Type": "application/json"})
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()

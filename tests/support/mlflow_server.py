"""A real MLflow server for as long as it is needed."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """Its URL on a loopback port; SQLite and proxied artifacts below the folder, as the chart runs it."""
    url = f"http://127.0.0.1:{free_port()}"
    log = (folder / "log").open("w")
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "mlflow",
            "server",
            "--host",
            "127.0.0.1",
            "--port",
            url.rsplit(":", 1)[1],
            "--workers",
            "1",
            "--backend-store-uri",
            f"sqlite:///{folder}/mlflow.db",
            "--artifacts-destination",
            str(folder / "artifacts"),
        ],
        env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
        cwd=folder,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        _await_health(url, server, folder / "log")
        yield url
    finally:
        # Its database and artifacts go with the folder, so there is nothing to close gracefully.
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(timeout=20)
        log.close()


def _await_health(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=2).close()
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"MLflow did not start:\n{log.read_text()[-2000:]}")

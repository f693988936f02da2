"""The ways from this machine to a model's Service, and one prediction by it."""

import http.client
import json
import re
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from demo.target import Target
from local_cluster.commands import administrator, last_lines
from local_cluster.console import ClusterError

SERVICE_PORT = 80
PATIENCE_SECONDS = 30
LISTENS = re.compile(r"Forwarding from (127\.0\.0\.1:[0-9]+) ")
NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""A cluster of this machine is not reached through a proxy."""

Way = Callable[[Target, str, str], AbstractContextManager[str]]
"""From target, namespace and service to host and port where it answers for as long as the context is open."""


@contextmanager
def by_address(target: Target, namespace: str, service: str) -> Generator[str]:
    """The address of the Service itself, to which this machine has a route."""
    yield target.kubectl("-n", namespace, "get", "service", service, "-o", "jsonpath={.spec.clusterIP}")


@contextmanager
def by_port_forward(target: Target, namespace: str, service: str) -> Generator[str]:
    """A port of this machine, chosen by kubectl among the free ones."""
    command = target.command("-n", namespace, "port-forward", f"service/{service}", f":{SERVICE_PORT}")
    with subprocess.Popen(
        command,
        text=True,
        env=administrator(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            yield _listening(process, f"kubectl -n {namespace} port-forward service/{service}")
        finally:
            process.kill()


def usual_way(target: Target) -> Way:
    """Any cluster leads a port through its API server; only to the local one there is a route."""
    return by_address if target.is_local else by_port_forward


def predict(address: str, text: str) -> dict[str, Any]:
    """The answer of the server there."""
    url = f"http://{address}/predict"
    request = urllib.request.Request(url, json.dumps({"text": text}).encode(), {"Content-Type": "application/json"})
    again = "Next: kubectl describe the model and its pods, then the same command; it goes on from here"
    try:
        with NO_PROXY.open(request, timeout=10) as response:
            return json.loads(response.read())
    except urllib.error.HTTPError as error:
        said = error.read(300).decode(errors="replace")
        raise ClusterError(f"POST {url} was answered with {error.code} {error.reason}: {said}. {again}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ClusterError(f"POST {url} failed: {error}. {again}") from None


def _listening(process: "subprocess.Popen[str]", what: str) -> str:
    """Where kubectl says that it listens; what else it said if it ends without."""
    patience = threading.Timer(PATIENCE_SECONDS, process.kill)
    patience.start()
    said: list[str] = []
    try:
        for line in process.stdout or ():
            said.append(line)
            if found := LISTENS.search(line):
                return found[1]
    finally:
        patience.cancel()
    raise ClusterError(
        f"{what} listens nowhere:\n{last_lines(''.join(said))}\nNext: look at that, then the same command"
    )

"""Sees, apart from the operator, when each thing of a namespace came to be so: watches of its own, and the clock of here.

Times are Unix seconds with fractions, of the moment at which the API server told it; the node is this very machine, so
that the times which a pod tells by itself stand on the same clock. It knows nothing of what is measured.
"""

import json
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from bench.ready.scene import NAMESPACE
from demo.target import Target
from local_cluster.commands import administrator

Manifest = dict[str, Any]
WATCHED = {
    "smod": "/apis/rottenpotatoes.com/v1alpha1/namespaces/{}/sentimentmodels",
    "smrev": "/apis/rottenpotatoes.com/v1alpha1/namespaces/{}/sentimentmodelrevisions",
    "deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "service": "/api/v1/namespaces/{}/services",
    "pod": "/api/v1/namespaces/{}/pods",
    "endpoints": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
}
PATIENCE_SECONDS = 120.0


class Witness:
    """Everything that was told of a namespace, from `start` on."""

    def __init__(self, target: Target, namespace: str = NAMESPACE) -> None:
        self._target, self._namespace = target, namespace
        self._told: list[tuple[float, str, Manifest]] = []
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> "Witness":
        for kind, path in WATCHED.items():
            command = self._target.command(
                "get", "--raw", path.format(self._namespace) + "?watch=1&timeoutSeconds=7200"
            )
            process = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, env=administrator())
            self._processes.append(process)
            threading.Thread(target=self._listen, args=(kind, process), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def _listen(self, kind: str, process: "subprocess.Popen[str]") -> None:
        for line in process.stdout or ():
            event = json.loads(line)
            if event["type"] in ("ADDED", "MODIFIED"):
                self._told.append((time.time(), kind, event["object"]))

    def first(self, kind: str, since: float, holds: Callable[[Manifest], bool] = lambda _: True) -> float | None:
        """When something of that kind was first told, since then, of which this holds."""
        return next((at for at, told, body in list(self._told) if told == kind and at >= since and holds(body)), None)

    def body(self, kind: str, since: float, holds: Callable[[Manifest], bool] = lambda _: True) -> Manifest | None:
        """The object that `first` speaks of."""
        return next((body for at, told, body in list(self._told) if told == kind and at >= since and holds(body)), None)

    def wait(self, kind: str, since: float, holds: Callable[[Manifest], bool]) -> float:
        """The same, as soon as it is so. Raises SystemExit where it does not become so in time."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if (at := self.first(kind, since, holds)) is not None:
                return at
            time.sleep(0.01)
        raise SystemExit(
            f"{kind}: what was waited for did not happen in {PATIENCE_SECONDS:.0f} s. Next: kubectl describe it"
        )


def is_true(kind: str) -> Callable[[Manifest], bool]:
    """Whether a condition of an object is True."""

    def holds(body: Manifest) -> bool:
        conditions: list[Manifest] = body.get("status", {}).get("conditions") or []
        return any((entry["type"], entry["status"]) == (kind, "True") for entry in conditions)

    return holds


def leads_somewhere(endpoints: Manifest) -> bool:
    """Whether requests to the Service come to a pod."""
    addresses: list[Manifest] = endpoints.get("endpoints") or []
    return any(address.get("conditions", {}).get("ready") for address in addresses)

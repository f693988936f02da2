"""Who wrote what to the API server of the test cluster, as its own audit log tells it.

The log speaks of every request that was answered, so that "nothing was written" can be seen and need not be believed.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.installation import NAMESPACE as SYSTEM
from demo.installation import RELEASE
from local_cluster import Cluster
from tests.e2e.shop import CLUSTER

OPERATOR = f"system:serviceaccount:{SYSTEM}:{RELEASE}"
READING = frozenset({"get", "list", "watch"})


@dataclass(frozen=True, slots=True)
class Write:
    """One request that meant to change something."""

    verb: str
    resource: str
    namespace: str
    name: str


class Audit:
    """What was written by one user since this value was made."""

    def __init__(self, user: str = OPERATOR) -> None:
        self._user = user
        self._log: Path = Cluster.named(CLUSTER.name).audit_log
        self._began = self._log.stat().st_size

    def writes(self) -> list[Write]:
        """Every write but those to the Lease."""
        return [write for write in self._writes() if write.resource != "leases"]

    def _writes(self) -> Iterator[Write]:
        with self._log.open("rb") as log:
            log.seek(self._began)
            for line in log:
                entry: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {}
                if entry.get("user", {}).get("username") == self._user and _means_to_write(entry):
                    target = entry.get("objectRef", {})
                    resource = "/".join(filter(None, (target.get("resource"), target.get("subresource"))))
                    yield Write(entry["verb"], resource, target.get("namespace", ""), target.get("name", ""))


def pod_security_remarks() -> set[tuple[str, str]]:
    """What the Pod Security admission noted so far, as (namespace, annotation): that it looked, or a violation.

    A violation is noted for pods, and for workloads whose template has one.
    """
    with Cluster.named(CLUSTER.name).audit_log.open("rb") as log:
        entries = [json.loads(line) for line in log if b"pod-security.kubernetes.io" in line and line.endswith(b"\n")]
    return {
        (entry["objectRef"].get("namespace", ""), f"{key}={value}")
        for entry in entries
        for key, value in entry.get("annotations", {}).items()
        if key.startswith("pod-security.kubernetes.io/") and not key.endswith("/exempt")
    }


def _means_to_write(entry: dict[str, Any]) -> bool:
    """A dry run asks what a write would come to."""
    return entry["verb"] not in READING and "dryRun=All" not in entry.get("requestURI", "")

"""What a watch of its own sees of models and their children, and when: the operator's word is not taken for it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.operator.api import Api, Manifest
from bench.operator.peers import Peer
from sentiment_contract.names import VERSION_LABEL

Key = tuple[str, str]
"""Namespace and name of a model; its children are called like it."""
DEPLOYMENTS, JOBS = "/apis/apps/v1/deployments", "/apis/batch/v1/jobs"
MANAGED_BY, INSTANCE = "app.kubernetes.io/managed-by", "app.kubernetes.io/instance"


@dataclass(slots=True)
class World:
    """Moments are seconds of the monotonic clock."""

    peer: Peer
    settled: dict[tuple[Key, str], float] = field(default_factory=dict[tuple[Key, str], float])
    """When a model first said that this version serves."""
    deployed: dict[tuple[Key, str], float] = field(default_factory=dict[tuple[Key, str], float])
    """When its Deployment first was that of this version."""
    children: dict[Key, dict[str, float]] = field(default_factory=dict[Key, dict[str, float]])
    """When a child of each kind was first seen."""
    serving: dict[Key, str] = field(default_factory=dict[Key, str])
    """Which version all ready pods run."""
    trained: set[Key] = field(default_factory=set[Key])
    """Models that have a Job which has begun."""
    _tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    def begin(self, api: Api) -> None:
        """Watch until told to end."""
        watched = {self.peer.collection(): self._model, DEPLOYMENTS: self._deployment, JOBS: self._job}
        for path in self.peer.children:
            watched.setdefault(path, self._child)
        self._tasks += [asyncio.create_task(_watch(api, path, told)) for path, told in watched.items()]

    def end(self) -> None:
        """Watch no longer."""
        for task in self._tasks:
            task.cancel()

    def fail_if_blind(self) -> None:
        """Raise what ended a watch."""
        for task in self._tasks:
            if task.done():
                task.result()

    def complete_at(self, key: Key) -> float | None:
        """When all its children had been seen; None before that."""
        seen = self.children.get(key, {})
        return max(seen.values()) if len(seen) >= len(self.peer.children) else None

    def serves(self, namespace: str, name: str) -> str:
        """The version that the ready pods of a model run, empty for none."""
        return self.serving.get((namespace, name), "")

    def is_trained(self, namespace: str, name: str) -> bool:
        """Whether a training of the model has begun: its pod ends a second later."""
        return (namespace, name) in self.trained

    def _model(self, path: str, body: Manifest) -> None:
        del path
        version = self.peer.serving(body)
        if version:
            self.settled.setdefault((_key(body), version), time.monotonic())

    def _child(self, path: str, body: Manifest) -> None:
        if body["metadata"].get("labels", {}).get(MANAGED_BY) == self.peer.managed_by:
            self.children.setdefault(_key(body), {}).setdefault(path, time.monotonic())

    def _job(self, path: str, body: Manifest) -> None:
        del path
        if body.get("status", {}).get("ready") or body.get("status", {}).get("succeeded"):
            metadata = body["metadata"]
            self.trained.add((metadata["namespace"], metadata["labels"][INSTANCE]))

    def _deployment(self, path: str, body: Manifest) -> None:
        self._child(path, body)
        key, version = _key(body), body["spec"]["template"]["metadata"]["labels"].get(VERSION_LABEL, "")
        self.deployed.setdefault((key, version), time.monotonic())
        if _is_complete(body):
            self.serving[key] = version


def _is_complete(deployment: Manifest) -> bool:
    status, wanted = deployment.get("status", {}), deployment["spec"].get("replicas", 1)
    counts = (status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas"))
    return status.get("observedGeneration") == deployment["metadata"]["generation"] and set(counts) == {wanted}


async def _watch(api: Api, path: str, told: Callable[[str, Manifest], None]) -> None:
    async for event, body in api.told(path):
        if event != "DELETED":
            told(path, body)


def _key(body: Manifest) -> Key:
    metadata = body["metadata"]
    return metadata["namespace"], metadata["name"]

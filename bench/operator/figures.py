"""What is measured of one operator with so many models, and the arithmetic on it. It measures nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds."""

    p50: float
    p99: float
    worst: float


@dataclass(frozen=True, slots=True)
class Cell:
    """One operator, so many models. Counts are of the API server's audit log, seconds of the processor of the kernel."""

    operator: str
    models: int
    autoscaled: bool
    settled_seconds: float
    """From the first model made to the last one that serves."""
    to_children: Latency
    """From a model made to all its children seen."""
    requests: dict[str, int]
    """`verb resource` → count, from the first model made until nothing was left to do."""
    requests_by_verb: dict[str, int]
    objects: int
    """Children and records that it made. Events are none."""
    status_writes: int
    writes: int
    cpu_seconds: float
    """Of the operator, for all models, until nothing was left to do."""
    control_plane_cpu_seconds: dict[str, float]
    registry_calls: int
    probes: int
    idle_before_mib: float
    idle_mib: float
    peak_mib: float
    stall: Latency
    """How late its health port answered meanwhile."""
    quiet_seconds: float
    quiet_writes: int
    quiet_cpu_seconds: float
    edits: int
    new_version_to_children: Latency
    """From an edit to a version that no object in the cluster tells of yet: our operator lets such edits settle first."""
    edit_to_children: Latency
    """The same back to a version that is recorded."""
    edit_cpu_seconds: float
    edit_requests: dict[str, int]
    restart_seconds: float
    restart_cpu_seconds: float
    restart_writes: int
    restart_requests: dict[str, int]
    others: Latency
    """From an edit to its children, of models beside a hot and a poisoned one."""
    hot_edits: int
    queue_oldest_seconds: float | None
    """The longest that a model was seen waiting then; None where the operator does not tell."""

    @property
    def models_a_second(self) -> float:
        """Until they serve."""
        return self.models / self.settled_seconds

    @property
    def cpu_ms_a_model(self) -> float:
        """Of the operator, until they serve."""
        return self.cpu_seconds / self.models * 1000

    @property
    def cpu_ms_a_write(self) -> float:
        """The same for each object that it made and each status that it wrote."""
        return self.cpu_seconds / max(1, self.objects + self.status_writes) * 1000

    @property
    def writes_a_model(self) -> float:
        """Until they serve, Events included."""
        return self.writes / self.models

    @property
    def requests_a_model(self) -> float:
        """Until they serve; the few that do not depend on the number of models are included."""
        return sum(self.requests_by_verb.values()) / self.models


def latency(seconds: Sequence[float]) -> Latency:
    """Of at least one duration, each figure one of them: the nearest rank."""
    ordered = sorted(seconds)
    p50, p99 = (ordered[ceil(len(ordered) * share) - 1] for share in (0.5, 0.99))
    return Latency(p50, p99, ordered[-1])


def objects_made(requests: Mapping[tuple[str, str], int], models: int, of_models: str) -> int:
    """How many objects were made, be it by create or by the apply of what was not there. Events and models are none of them.

    An apply is a PATCH: of each kind, as many made an object as there are models, at most.
    """
    others = {"events", "leases", of_models}
    counted = {call: count for call, count in requests.items() if "/" not in call[1] and call[1] not in others}
    created = {what: count for (verb, what), count in counted.items() if verb == "create"}
    applied = {what: min(count, models) for (verb, what), count in counted.items() if verb == "patch"}
    return sum((applied | created).values())

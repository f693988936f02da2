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
class Made:
    """From the first model made until nothing was left to do. Counts are of the API server's audit log."""

    settled_seconds: float
    """Until the last one serves."""
    to_children: Latency
    """From a model made to all its children seen."""
    requests: dict[str, int]
    """`verb resource` → count."""
    requests_by_verb: dict[str, int]
    objects: int
    """Children and records that it made. Events are none."""
    status_writes: int
    writes: int
    """Events included."""
    cpu_seconds: float
    """Of the operator, as all seconds of the processor here."""
    control_plane_cpu_seconds: dict[str, float]
    registry_calls: int
    probes: int
    stall: Latency
    """How late its health port answered meanwhile."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """While nothing changes."""

    seconds: float
    writes: int
    cpu_seconds: float
    resident_mib: float


@dataclass(frozen=True, slots=True)
class Edited:
    """Models that are to serve another version."""

    edits: int
    unrecorded: Latency
    """To children, of a version that no object in the cluster tells of yet: our operator asks MLflow first."""
    recorded: Latency
    """The same back to a version that is recorded. So is what follows."""
    cpu_seconds: float
    requests: dict[str, int]


@dataclass(frozen=True, slots=True)
class Restarted:
    """From the start of a process that finds everything as it has to be, until it rests."""

    seconds: float
    """Until each model has had its pass and none is due, where the operator tells; else until it rests."""
    cpu_seconds: float
    """Until it rests: ours asks MLflow for aliases after the passes, one model at a time."""
    writes: int
    requests: dict[str, int]


@dataclass(frozen=True, slots=True)
class Beside:
    """Models beside one that is edited all the time and one that always fails."""

    to_children: Latency
    hot_edits: int
    queue_oldest_seconds: float | None
    """The longest that a model was seen waiting then; None where the operator does not tell."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One operator, so many models."""

    operator: str
    models: int
    autoscaled: bool
    trained: bool
    """Each was trained first; otherwise MLflow knew its version."""
    resident_before_mib: float
    peak_mib: float
    made: Made
    quiet: Quiet
    edited: Edited
    restarted: Restarted
    beside: Beside

    @property
    def models_a_second(self) -> float:
        """Until they serve."""
        return self.models / self.made.settled_seconds

    @property
    def cpu_ms_a_model(self) -> float:
        """Of the operator, until they serve."""
        return self.made.cpu_seconds / self.models * 1000

    @property
    def cpu_ms_a_write(self) -> float:
        """The same for each object that it made and each status that it wrote."""
        return self.made.cpu_seconds / max(1, self.made.objects + self.made.status_writes) * 1000

    @property
    def writes_a_model(self) -> float:
        """Until they serve, Events included."""
        return self.made.writes / self.models

    @property
    def requests_a_model(self) -> float:
        """Until they serve; the few that do not depend on the number of models are included."""
        return sum(self.made.requests_by_verb.values()) / self.models


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


def samples(told: str, name: str) -> list[float]:
    """Of what an operator tells Prometheus, the figures of that name, whatever their labels; none where it does not tell."""
    lines = (line.rpartition(" ") for line in told.splitlines())
    return [float(value) for sample, _, value in lines if sample.partition("{")[0] == name]

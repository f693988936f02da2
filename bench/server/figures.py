"""What was measured, what it is compared with, and what was wanted: values only.

It must not know how anything was measured.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

PEER = "FastAPI + scikit-learn"
OURS = "the direct way"
MLSERVERS = ("MLServer", "MLServer, in-process")
MLFLOW = "mlflow models serve"


@dataclass(frozen=True)
class Figures:
    """Of one server under one load: `cpu_microseconds` a review; milliseconds of a request at the sender."""

    cpu_microseconds: float
    reviews_per_second: float
    median_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Start:
    """Until the first right answer; and what the processes hold for themselves alone when all loads are over."""

    cpu_seconds: float
    seconds: float
    private_mib: float


@dataclass(frozen=True)
class HalfLoad:
    """Milliseconds since a request was due, at half of what the server answers at most."""

    requests_per_second: float
    median_ms: float
    p99_ms: float
    requests: int


@dataclass(frozen=True)
class Goal:
    """`reached` is told beside `wanted`; `more` says on which side of it is good."""

    what: str
    wanted: float
    reached: float
    more: bool

    @property
    def met(self) -> bool:
        """Whether it is as good as wanted, or better."""
        return self.reached >= self.wanted if self.more else self.reached <= self.wanted


_Row = TypeVar("_Row", Figures, Start, HalfLoad)
Measured = Mapping[str, Mapping[str, Figures]]
"""By load and server."""


def quantile(ascending: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of all is no greater than."""
    return ascending[max(0, -int(-share * len(ascending) // 1) - 1)]


def median_of(kind: type[_Row], rows: Sequence[_Row]) -> _Row:
    """The median of each column."""
    columns = zip(*(asdict(row).values() for row in rows), strict=True)
    return kind(*(statistics.median(column) for column in columns))


def ratio(by: Mapping[str, Figures], of: str, to: str = PEER) -> float:
    """How many times more reviews `of` answers than `to` with the same seconds of the processor."""
    return by[to].cpu_microseconds / by[of].cpu_microseconds


def goals(one: Mapping[str, Figures], many: Mapping[str, Figures], start: Start, half: HalfLoad) -> list[Goal]:
    """Those of the direct way; a peer that was not measured sets none."""
    found = [Goal(f"requests for each s of CPU, × {PEER}", 20, ratio(one, OURS), more=True)]
    mlservers = [ratio(one, OURS, name) for name in MLSERVERS if name in one]
    if mlservers:
        found.append(Goal("the same, × MLServer at its best", 10, min(mlservers), more=True))
    if MLFLOW in one:
        found.append(Goal(f"the same, × {MLFLOW}", 10, ratio(one, OURS, MLFLOW), more=True))
    return [
        *found,
        Goal("reviews for each s of CPU in bulk, × scikit-learn's batch", 16, ratio(many, OURS), more=True),
        Goal("p99 at half load, ms", 2, half.p99_ms, more=False),
        Goal("private memory, MiB", 60, start.private_mib, more=False),
        Goal("start to the first right answer, s of CPU", 0.3, start.cpu_seconds, more=False),
    ]

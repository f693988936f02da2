"""What was seen of Jobs and their pods: trainings, searches, comparisons and look-ups, as values.

`None` means absent. Nothing here reads or decides; passes/observe.py fills it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sentiment_contract.gates import Compared
from sentiment_contract.look_up import LookedUp
from sentiment_contract.search import BestTrial, SearchResult
from sentiment_contract.training import TrainingFailed, TrainingSucceeded


class JobState(StrEnum):
    """How far a training Job is."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    DELETING = "Deleting"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a pod does not do its work, in Kubernetes' words (Unschedulable, OOMKilled, …) or those of its /readyz."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Searched:
    """How far the groups of trials of a search are, each of which is one index of its Job."""

    sizes: tuple[int, ...]
    """How many trials each group has."""
    completed: frozenset[int]
    failed: frozenset[int]
    results: Mapping[int, SearchResult]
    """What the pods said of completed groups, as far as these are still there."""
    is_held: bool
    """The Job is suspended: a queue has not let it begin."""

    @property
    def trials(self) -> int:
        """All of them."""
        return sum(self.sizes)

    @property
    def ended_well(self) -> int:
        """Those that ended well, in groups that are done."""
        return sum(self.sizes[index] - self._failed_in(index) for index in self.completed)

    @property
    def ended_badly(self) -> int:
        """Those that could not be made."""
        return sum(self.sizes[index] for index in self.failed) + sum(map(self._failed_in, self.completed))

    @property
    def best(self) -> BestTrial | None:
        """The best that is known of. Of equal ones the one that was written first."""
        known = [result.best for result in self.results.values() if result.best is not None]
        return max(known, key=lambda best: (Decimal(best.accuracy), -best.trial), default=None)

    @property
    def all_failed(self) -> bool:
        """No group ended well, and none is left that could."""
        return len(self.failed) == len(self.sizes)

    def _failed_in(self, index: int) -> int:
        return self.results[index].failed if index in self.results else 0


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """One Job of this model that trains, or searches for what to train with, with what its pods said."""

    name: str
    uid: str
    label: str
    recipe_hash: str
    attempt: int
    retry: str
    state: JobState
    created_at: datetime
    finished_at: datetime | None
    answer: TrainingSucceeded | TrainingFailed | None
    """The parsed termination message of its last finished pod, None if there was none or it was no answer."""
    exit_code: int | None
    failure: Trouble | None
    """Where the Job failed without an answer: DeadlineExceeded, BackoffLimitExceeded, OOMKilled … with the last log lines."""
    trouble: Trouble | None
    """Why its running pod does not get on, for example Unschedulable."""
    progress_percent: int
    searched: Searched | None = None
    """None: it trains."""


@dataclass(frozen=True, slots=True)
class ComparisonJob:
    """One Job that scores versions for the gates, with what its pods said."""

    name: str
    key: str
    """Hash of all that is compared: Jobs of the same key answer the same question."""
    attempt: int
    state: JobState
    created_at: datetime
    finished_at: datetime | None
    answer: Compared | TrainingFailed | None
    failure: Trouble | None
    """Where the Job failed without an answer."""
    trouble: Trouble | None
    """Why its running pod does not get on."""


@dataclass(frozen=True, slots=True)
class LookUpJob:
    """One Job that looks up what a branch holds, of this model or of one that asks the same, with what its pods said."""

    name: str
    ours: bool
    """Whether it belongs to this very model."""
    key: str
    """Names the question: Jobs of the same key answer the same."""
    commit: str
    """The commit that was known to be new when it was started, empty where nobody but the Job can know."""
    attempt: int
    retry: str
    state: JobState
    created_at: datetime
    finished_at: datetime | None
    answer: LookedUp | TrainingFailed | None
    failure: Trouble | None
    """Where the Job failed without an answer."""
    trouble: Trouble | None
    """Why its running pod does not get on."""

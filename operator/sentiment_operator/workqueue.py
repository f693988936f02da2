"""Which models are due for a pass: keyed, deduplicated, with backoff of its own for each key.

One pass per key at a time; keys that are due are taken in the order they came, so that a busy model starves no other.
It knows neither what a key stands for nor what a pass does.
"""

import asyncio
import heapq
import itertools
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

FIRST_BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 300.0
JITTER = 0.2


def backoff_seconds(failures: int, chance: float) -> float:
    """Wait after the n-th failure in a row: 1 s doubled up to 5 min, spread by ±20 % with chance in [0, 1)."""
    base = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** min(failures - 1, 20))
    return base * (1 - JITTER + 2 * JITTER * chance)


class WorkQueue(Generic[K]):
    """Keys that are due, keys that are being worked on, and keys that wait."""

    def __init__(self, clock: Callable[[], float] | None = None, chance: Callable[[], float] = random.random) -> None:
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._chance = chance
        self._due: OrderedDict[K, float] = OrderedDict()
        self._running: dict[K, float] = {}
        self._again: dict[K, float] = {}
        self._ended_at = float("-inf")
        self._later: list[tuple[float, int, K]] = []
        self._later_at: dict[K, float] = {}
        self._failures: dict[K, int] = {}
        self._not_before: dict[K, float] = {}
        self._hurried: set[K] = set()
        self._order = itertools.count()
        self._wake = asyncio.Event()

    def add(self, key: K) -> None:
        """The key is due now, or as soon as its rest ends. While it is being worked on, it becomes due again right after."""
        if key not in self._running and self._rests(key):
            self.add_after(key, 0.0)
            return
        waiting = self._again if key in self._running else self._due
        waiting.setdefault(key, self._clock())
        self._later_at.pop(key, None)
        self._wake.set()

    def hurry(self, key: K) -> None:
        """The key is due now, whether it rests or not."""
        self._not_before.pop(key, None)
        if key in self._running:
            self._hurried.add(key)
        self.add(key)

    def add_after(self, key: K, seconds: float) -> None:
        """The key becomes due in so many seconds, or earlier if an earlier time was asked for already; never while it rests."""
        if key in self._due or key in self._again:
            return
        at = max(self._clock() + seconds, self._not_before.get(key, 0.0))
        if at < self._later_at.get(key, float("inf")):
            self._later_at[key] = at
            heapq.heappush(self._later, (at, next(self._order), key))
            self._wake.set()

    def forget(self, key: K) -> None:
        """The key's failures are over, and so is its rest."""
        self._failures.pop(key, None)
        self._not_before.pop(key, None)

    def rest(self, key: K, seconds: float) -> None:
        """Nothing but hurry() makes the key due before so many seconds are over; then it is due."""
        self._not_before[key] = self._clock() + seconds
        self.add(key)

    def back_off(self, key: K, at_least: float = 0.0) -> float:
        """Count a failure and put the key off; gives the seconds. It rests for as long as it has to: `at_least`."""
        self._failures[key] = self._failures.get(key, 0) + 1
        seconds = max(at_least, backoff_seconds(self._failures[key], self._chance()))
        if at_least:
            self._not_before[key] = self._clock() + at_least
        self.add_after(key, seconds)
        return seconds

    def failures(self, key: K) -> int:
        """Failures in a row."""
        return self._failures.get(key, 0)

    @property
    def running(self) -> Collection[K]:
        """Keys that are being worked on."""
        return self._running.keys()

    @property
    def depth(self) -> int:
        """Keys that are due and not yet taken."""
        return len(self._due) + len(self._again)

    @property
    def oldest_seconds(self) -> float:
        """Since when the key that waits longest has been due."""
        oldest = min((*self._due.values(), *self._again.values()), default=None)
        return 0.0 if oldest is None else self._clock() - oldest

    @property
    def longest_pass_seconds(self) -> float:
        """How long the oldest pass that is under way has been running."""
        return self._clock() - min(self._running.values()) if self._running else 0.0

    @property
    def seconds_without_end(self) -> float:
        """Since when no pass has ended."""
        return self._clock() - self._ended_at

    async def run(self, workers: int, work: Callable[[K], Awaitable[None]]) -> None:
        """Work on the keys until cancelled. `work` answers for its own errors."""
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work(work))

    async def _work(self, work: Callable[[K], Awaitable[None]]) -> None:
        while True:
            key = await self._next()
            self._running[key] = self._clock()
            try:
                await work(key)
            finally:
                self._done(key)

    async def _next(self) -> K:
        while True:
            self._promote()
            if self._due:
                key, _ = self._due.popitem(last=False)
                return key
            self._wake.clear()
            try:
                async with asyncio.timeout(self._until_next()):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _promote(self) -> None:
        """Move what has waited long enough to what is due."""
        now = self._clock()
        while self._later and self._later[0][0] <= now:
            at, _, key = heapq.heappop(self._later)
            if self._later_at.get(key) == at:
                del self._later_at[key]
                self.add(key)

    def _until_next(self) -> float | None:
        return max(0.0, self._later[0][0] - self._clock()) if self._later else None

    def _done(self, key: K) -> None:
        self._running.pop(key, None)
        self._ended_at = self._clock()
        since = self._again.pop(key, None)
        if since is not None and self._rests(key) and key not in self._hurried:
            self.add_after(key, 0.0)
        elif since is not None:
            self._due[key] = since
            self._wake.set()
        self._hurried.discard(key)

    def _rests(self, key: K) -> bool:
        return self._not_before.get(key, 0.0) > self._clock()

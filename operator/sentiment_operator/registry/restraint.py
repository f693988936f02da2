"""How a server that fails or hangs is kept from holding up others: it rests after a failure, then one call tries whether it is
back, and the passes that may wait at a time for one that is not known to answer soon are few. It knows neither calls nor answers.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

REST_SECONDS = 5.0
"""How long a server that failed is left alone at first; twice as long after each try in vain."""
LONGEST_REST_SECONDS = 60.0
SOON_SECONDS = 2.0
"""A server that takes longer may hold only so many passes as one that hangs, for a while."""
SLOW_SECONDS = 10.0
"""That while: being slow once is not hanging."""
PATIENCE_SECONDS = 0.5
"""How long a pass waits for a place: many times what a server takes that is well."""
MOST_OF_ONE = 2
"""Places that one server may have: it may well answer, and then needs none; where it hangs, it must not take those of others."""


class RegistryError(Exception):
    """MLflow did not answer, or not as it should."""


class Busy(TimeoutError):
    """Nobody was asked: there was no place to wait for this server in time. That says nothing of it; the pass is repeated soon."""


@dataclass(slots=True)
class Breaker:
    """What came of the latest calls of one kind to one server."""

    message: str = ""
    """Of the latest failure."""
    rest: float = 0.0
    """Seconds of its latest rest, 0 since it answered."""
    rests_until: float = 0.0
    watched_until: float = 0.0
    """Until then it is not trusted, even if it answers: one that does now and then is the worst of all."""
    has_answered: bool = False
    is_tried: bool = False
    """The one call after a rest is under way."""
    places: "Places" = field(default_factory=lambda: Places(MOST_OF_ONE))
    """Its own, while it is not trusted."""

    def check(self, now: float) -> None:
        """Raises RegistryError where it must not be asked now."""
        if self.rest and (self.is_tried or now < self.rests_until):
            raise RegistryError(self.message)

    def is_trusted(self, now: float) -> bool:
        """Whether nobody needs to fear that it hangs."""
        return self.has_answered and not self.rest and now >= self.watched_until

    def took(self, seconds: float, now: float) -> None:
        """A question, which may be of several calls, took so long."""
        if seconds > SOON_SECONDS:
            self._watch(now + SLOW_SECONDS)

    def begin(self, now: float) -> bool:
        """A call is made; tells whether it tries if the server is back. Raises RegistryError where it must not be made."""
        self.check(now)
        self.is_tried = bool(self.rest)
        return self.is_tried

    def answered(self) -> None:
        """The server is there."""
        self.has_answered, self.rest = True, 0.0

    def failed(self, now: float, message: str, *, tried: bool) -> None:
        """The server is not there. Calls that began before it was known to fail say nothing new."""
        longer = self.rest * 2 if tried else self.rest
        self.rest = min(LONGEST_REST_SECONDS, max(REST_SECONDS, longer))
        self.message, self.rests_until = message, now + self.rest
        self._watch(self.rests_until + LONGEST_REST_SECONDS)

    def _watch(self, until: float) -> None:
        self.watched_until = max(self.watched_until, until)


class Places:
    """The calls that may be under way at a time to servers that are not trusted to answer."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)
        self._hang = False
        """Somebody waited in vain, and no place was left since."""

    @asynccontextmanager
    async def taken(self) -> AsyncGenerator[None]:
        """Take one; raises Busy, at once where those who have one hang."""
        await self._take()
        try:
            yield
        finally:
            self._hang = False
            self._free.release()

    async def _take(self) -> None:
        if not (self._free.locked() and self._hang):
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._free.acquire()
                return
            except TimeoutError:
                self._hang = True
        raise Busy("others wait for an MLflow that does not answer; this one is asked as soon as there is room")

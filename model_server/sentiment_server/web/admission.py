"""Sheds load: a request that would wait behind too many others is refused at once, so that clients can go elsewhere."""

import asyncio

from sentiment_server.web.problems import Problem


class Admission:
    """Counts requests that are complete and wait for their scores. Belongs to one event loop."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting = 0

    @property
    def busy(self) -> bool:
        """Whether anybody waits for a score."""
        return self._waiting > 0

    def admit(self) -> "Admission":
        """A place among those who wait, as long as a `with` lasts. Raises Problem 503 when too many wait already."""
        if self._waiting >= self._limit:
            raise Problem(
                503, "The server is overloaded", f"{self._waiting} requests wait for their scores already.",
                "Try again after the time in Retry-After.", headers={"Retry-After": "1"},
            )  # fmt: skip
        return self

    async def __aenter__(self) -> None:
        self._waiting += 1
        # Lets every other request that has arrived by now take its number before the first one is scored.
        await asyncio.sleep(0)

    async def __aexit__(self, *_: object) -> None:
        self._waiting -= 1

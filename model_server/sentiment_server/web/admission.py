"""Sheds load: a request that would wait behind too many others is refused at once, so that clients can go elsewhere."""

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

    @property
    def full(self) -> bool:
        """Whether nobody else may wait."""
        return self._waiting >= self._limit

    def admit(self) -> "Admission":
        """A place among those who wait, as long as a `with` lasts. Raises Problem 503 when too many wait already."""
        if self.full:
            raise Problem(
                503, "The server is overloaded", f"{self._waiting} requests wait for their scores already.",
                "Try again after the time in Retry-After.", headers={"Retry-After": "1"},
            )  # fmt: skip
        return self

    def enter(self) -> None:
        """Somebody waits, who was asked to only while it was not `full`."""
        self._waiting += 1

    def leave(self, count: int) -> None:
        """So many have their scores, or need none."""
        self._waiting -= count

    def __enter__(self) -> None:
        self.enter()

    def __exit__(self, *_: object) -> None:
        self.leave(1)

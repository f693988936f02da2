"""Which of a server's processes have their model: a byte for each, in memory that they share."""

import mmap


class Crew:
    """Made before the processes part. Alone, a process is the whole crew."""

    def __init__(self, processes: int = 1) -> None:
        self._loaded = mmap.mmap(-1, processes)
        self._own = 0

    def join(self, number: int) -> None:
        """From now on this process is that one."""
        self._own = number

    def has_loaded(self) -> None:
        """This process has its model."""
        self._loaded[self._own] = 1

    @property
    def complete(self) -> bool:
        """Whether all have theirs."""
        return all(self._loaded[:])

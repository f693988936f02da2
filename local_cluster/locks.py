"""Lets one process at a time do a thing; the others wait and say so. A lock ends with its holder, however that ends."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager

from local_cluster.console import say
from local_cluster.settings import cache_directory


@contextmanager
def lock(name: str) -> Generator[None]:
    """Hold the lock of that name."""
    folder = cache_directory() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"  … another process is at it ({name}); waiting for it to end")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield

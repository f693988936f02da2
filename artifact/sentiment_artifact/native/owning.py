"""Who owns memory of the compiled library frees it when it goes, and nobody goes on without memory."""

import weakref
from collections.abc import Callable


def owned(owner: object, handle: int | None, free: Callable[[int], None]) -> int:
    """The handle, freed with its owner. Raises MemoryError where there is none."""
    if not handle:
        raise MemoryError
    weakref.finalize(owner, free, handle).atexit = False
    return handle


def require_memory(granted: object) -> None:
    """Raises MemoryError where the library had none."""
    if not granted:
        raise MemoryError

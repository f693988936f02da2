"""How many processors this process may use: of the machine, of those it is bound to, of those its container is granted."""

import os
from pathlib import Path

_GRANTED = Path("/sys/fs/cgroup/cpu.max")
_MOST = 16
"""More threads do not count faster: each of them goes through all texts."""


def processors(granted: Path = _GRANTED) -> int:
    """At least 1. A limit of 1500m counts as 1: two threads would only be throttled."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(bound, _limit(granted), _MOST))


def _limit(granted: Path) -> int:
    """`quota period` in microseconds, as cgroup v2 tells it; `max` and an absent file are no limit."""
    try:
        quota, period = granted.read_text(encoding="ascii").split()
        return int(quota) // int(period)
    except (OSError, ValueError):
        return _MOST

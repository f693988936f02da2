"""What the surroundings decide: where volumes are mounted, where may be written, how much is too much.

Nothing in here changes which model comes out.
"""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DATA_ROOT_VARIABLE = "SENTIMENT_DATA_ROOT"
SCRATCH_VARIABLE = "SENTIMENT_SCRATCH"
TERMINATION_LOG_VARIABLE = "SENTIMENT_TERMINATION_LOG"
MAX_DATA_BYTES_VARIABLE = "SENTIMENT_MAX_DATA_BYTES"
TIMEOUT_VARIABLE = "SENTIMENT_FETCH_TIMEOUT_SECONDS"

MOUNT = "/data"
"""Where the contract says that a volume is mounted; `file:///data/...` in a recipe means this place."""


@dataclass(frozen=True)
class Settings:
    """The surroundings of one training."""

    data_root: Path
    scratch: Path
    termination_log: Path
    max_data_bytes: int
    fetch_timeout_seconds: int


def settings_from(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment names; defaults fit a training pod."""
    return Settings(
        data_root=Path(environment.get(DATA_ROOT_VARIABLE, MOUNT)),
        scratch=Path(environment.get(SCRATCH_VARIABLE) or tempfile.gettempdir()),
        termination_log=Path(environment.get(TERMINATION_LOG_VARIABLE, "/dev/termination-log")),
        max_data_bytes=int(environment.get(MAX_DATA_BYTES_VARIABLE, 5 * 1024**3)),
        fetch_timeout_seconds=int(environment.get(TIMEOUT_VARIABLE, 900)),
    )

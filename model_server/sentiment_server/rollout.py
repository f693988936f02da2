"""What this process does besides answering while two versions run, read from a file that appears, changes and goes.

The file is a key of a mounted ConfigMap, so it is swapped through links and may be missing. It is looked at every second,
and never on the way of a request. Nothing here knows how copies are sent or how answers are compared.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from sentiment_contract.rollout import Mirror, RolloutSetting, ServedArtifact
from sentiment_server.logs import log_event

_logger = logging.getLogger(__name__)
_Sighting = tuple[int, int, int]


@dataclass(frozen=True)
class Part:
    """The part of one process; without either field it answers, and that is all."""

    baseline: ServedArtifact | None = None
    mirror: Mirror | None = None

    def told(self) -> str:
        """The part in words."""
        if self.baseline:
            return (
                f"This server is the candidate and compares its answers with those of version {self.baseline.version}."
            )
        if self.mirror:
            return f"Copies of {self.mirror.percent} % of the requests for predictions go to {self.mirror.url}."
        return "This server does nothing but answer again."


ALONE = Part()


def part_of(setting: RolloutSetting | None, digest: str) -> Part:
    """The part of whoever serves this digest."""
    if setting is None:
        return ALONE
    if setting.candidate.digest == digest:
        return Part(baseline=setting.baseline)
    return Part(mirror=setting.mirror)


class RolloutFile:
    """The setting on disk, opened only when it is another file than last time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sighting: _Sighting | None = None
        self._setting: RolloutSetting | None = None

    def read(self) -> RolloutSetting | None:
        """The setting of this moment. What cannot be used counts as none, and is logged once."""
        sighting = self._look()
        if sighting != self._sighting:
            self._sighting = sighting
            self._setting = self._parse()
        return self._setting

    def _look(self) -> _Sighting | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        # The time of the inode's change, unlike that of its content, cannot be set back and tells of new rights too.
        return status.st_ino, status.st_ctime_ns, status.st_size

    def _parse(self) -> RolloutSetting | None:
        try:
            content = self._path.read_bytes()
            return RolloutSetting.model_validate_json(content) if content.strip() else None
        except FileNotFoundError:
            return None
        except ValidationError as error:
            self._complain("; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors()))
        except OSError as error:
            self._complain(error.strerror or type(error).__name__)
        return None

    def _complain(self, why: str) -> None:
        message = (
            f"The rollout setting {self._path} cannot be used: {why}. Until it can, this server does nothing but answer."
            " Next: compare the ConfigMap that is mounted there with what the operator writes."
        )
        log_event(_logger, logging.WARNING, "rollout", message, **{"event.outcome": "failure"})


async def follow(file: RolloutFile, digest: str, take: Callable[[Part], None], seconds: float) -> None:
    """Hands over each new part of whoever serves this digest. Runs until it is cancelled."""
    part = ALONE
    while True:
        now = part_of(file.read(), digest)
        if now != part:
            part = now
            log_event(_logger, logging.INFO, "rollout", part.told())
            take(part)
        await asyncio.sleep(seconds)

"""Gets a compiled model and proves that it scores, again and again until it does.

A registry that is away or a wrong artifact may be repaired at any time, so no fault is final. This module does not know
what the model is for.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sentiment_artifact import ArtifactRefused, CompiledModel
from sentiment_contract.names import KNOWN_REVIEWS
from sentiment_server.model.background import in_background
from sentiment_server.model.source import Source
from sentiment_server.model.state import LoadFault, Reason


@dataclass(frozen=True)
class Retry:
    """Seconds before the second attempt; they double up to the limit, with a tenth of chance."""

    first: float
    limit: float

    def delay(self, attempt: int) -> float:
        """Seconds to wait after this failed attempt, counted from 0."""
        return min(self.first * 2 ** min(attempt, 16), self.limit) * random.uniform(0.9, 1.1)  # noqa: S311  no secret


async def load_with_patience(
    source: Source, digest: str | None, retry: Retry, failed: Callable[[LoadFault, float], None]
) -> CompiledModel:
    """Returns when the model is there; `failed` hears of every fault and of the seconds until the next attempt."""
    attempt = 0
    while True:
        try:
            return await in_background(lambda: load(source, digest))
        except LoadFault as fault:
            delay = retry.delay(attempt)
            attempt += 1
            failed(fault, delay)
            await asyncio.sleep(delay)


def load(source: Source, digest: str | None) -> CompiledModel:
    """The model, which has scored known reviews; `digest` None takes the file as it is. Blocks. Raises LoadFault."""
    path = source.obtain()
    try:
        compiled = CompiledModel.load(path, digest)
    except ArtifactRefused as refusal:
        raise _refused(path, str(refusal)) from refusal
    except OSError as error:
        raise _refused(path, error.strerror or "it cannot be read") from error
    compiled.score_many(KNOWN_REVIEWS.values())
    return compiled


def _refused(path: Path, why: str) -> LoadFault:
    return LoadFault(
        Reason.ARTIFACT_REFUSED,
        f"{path.name} is no compiled model that this server can use: {why}."
        " Next: train the version again under a new label.",
    )

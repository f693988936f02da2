"""Holds the one model that this process answers with: gets it, scores with it, and says what state it is in.

The process lives on whatever happens here; until the model is there the state says what is wrong.
"""

import asyncio
import gc
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass

from sentiment_artifact import CompiledModel, Engine, Score
from sentiment_server.logs import log_event
from sentiment_server.model.crew import Crew
from sentiment_server.model.loading import Retry, load, load_with_patience
from sentiment_server.model.source import Source
from sentiment_server.model.state import LoadFault, Reason, State

_logger = logging.getLogger(__name__)
SLICE_CHARACTERS: dict[Engine, int] = {"native": 50_000, "python": 8_000}
"""Half a millisecond, or a few: so long nobody else gets a turn."""
_LOOK_SECONDS = 0.02
_SCORED_BY: dict[Engine, str] = {"native": "native code", "python": "Python"}


@dataclass(frozen=True)
class Identity:
    """Which model this process serves, as it was told; `digest` None takes the file as it is."""

    model: str
    version: str
    digest: str | None
    lineage: dict[str, str]


class NotReady(Exception):
    """There is no model to score with at present."""

    def __init__(self, state: State) -> None:
        super().__init__(state.message)
        self.state = state


class Serving:
    """The model of this process. All methods belong to one event loop."""

    def __init__(self, identity: Identity, source: Source, retry: Retry, crew: Crew | None = None) -> None:
        self.identity = identity
        self.crew = crew or Crew()
        self._source = source
        self._retry = retry
        self._compiled: CompiledModel | None = None
        self._state = State(Reason.LOADING, "The compiled model is being loaded.")
        self.loaded_at = 0.0
        """Unix time at which the model was there; 0 before."""

    @property
    def state(self) -> State:
        """Whether the server answers: no process of it is ready before all are, since any may get the next request."""
        if self._state.ready and not self.crew.complete:
            return State(Reason.LOADING, "Another process of this server still loads the compiled model.")
        return self._state

    def join(self, number: int) -> None:
        """From now on this process is that one of its crew, with the model that was loaded before they parted."""
        self.crew.join(number)
        if self._compiled is not None:
            self.crew.has_loaded()

    @property
    def compiled(self) -> CompiledModel | None:
        """The loaded model, once there is one."""
        return self._compiled

    @property
    def digest(self) -> str:
        """Digest of what answers, or of what shall answer; empty when neither is known."""
        return self._compiled.digest if self._compiled else self.identity.digest or ""

    async def load_until_ready(self) -> None:
        """Returns when the model is ready."""
        if not self._compiled:
            digest = self.identity.digest
            self._take(await load_with_patience(self._source, digest, self._retry, self._fail))

    async def until_loading_ends(self, seconds: float) -> None:
        """Returns once the model is there or something is wrong with it; after so many seconds in any case."""
        deadline = time.monotonic() + seconds
        while self.state.reason is Reason.LOADING and time.monotonic() < deadline:  # noqa: ASYNC110  ended by other processes, too
            await asyncio.sleep(_LOOK_SECONDS)

    def load_now(self) -> None:
        """Loads in the foreground, for a start that should fail at once. Raises LoadFault."""
        self._take(load(self._source, self.identity.digest))

    def drain(self) -> None:
        """From now on no new connection should be made; requests are still answered."""
        self._state = State(Reason.DRAINING, "The server is shutting down and answers what still arrives.")
        log_event(_logger, logging.INFO, "drain", self._state.message)

    @property
    def draining(self) -> bool:
        """Whether the process is shutting down."""
        return self._state.reason is Reason.DRAINING

    async def score(self, texts: list[str]) -> list[Score]:
        """One score per text, in order. Raises NotReady.

        Scoring takes 9 microseconds for a usual review, less than a worker thread would cost; where Python scores, a quarter
        of a millisecond, and the interpreter lock all that time. Long batches let others through every few milliseconds.
        """
        compiled = self._compiled
        if len(texts) == 1 or compiled is None:
            return self.score_now(texts)
        scores: list[Score] = []
        for part in _slices(texts, SLICE_CHARACTERS[compiled.engine]):
            scores += compiled.score_many(part)
            if len(scores) < len(texts):
                await asyncio.sleep(0)
        return scores

    def score_now(self, texts: list[str]) -> list[Score]:
        """As `score`, for no more characters than nobody else need have a turn in between. Raises NotReady."""
        if self._compiled is None:
            raise NotReady(self.state)
        return [self._compiled.score(texts[0])] if len(texts) == 1 else self._compiled.score_many(texts)

    def _take(self, compiled: CompiledModel) -> None:
        self._compiled = compiled
        self.loaded_at = time.time()
        self.crew.has_loaded()
        # The model lives as long as the process: the collector need not look at its terms again.
        gc.freeze()
        if not self.draining:
            self._state = State(Reason.READY, f"Version {self.identity.version} answers.")
        log_event(
            _logger, logging.INFO, "load",
            f"The compiled model is loaded: {compiled.family}, {compiled.terms} terms, scored by {_SCORED_BY[compiled.engine]}.",
            **{
                "event.outcome": "success",
                "labels.engine": compiled.engine,
                "labels.same_unicode": str(compiled.same_unicode).lower(),
            },
        )  # fmt: skip

    def _fail(self, fault: LoadFault, delay: float) -> None:
        if not self.draining:
            self._state = State(fault.reason, fault.message)
        fields = {
            "event.outcome": "failure",
            "event.reason": fault.reason.value,
            "labels.retry_seconds": f"{delay:.1f}",
        }
        log_event(_logger, logging.ERROR, "load", fault.message, **fields)


def _slices(texts: list[str], characters: int) -> Iterator[list[str]]:
    """The texts in order; a slice ends with the text that brings it to so many characters."""
    start = length = 0
    for end, text in enumerate(texts, 1):
        length += len(text)
        if length >= characters or end == len(texts):
            yield texts[start:end]
            start, length = end, 0

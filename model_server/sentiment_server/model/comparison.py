"""Scores with the baseline what was answered with the candidate, and counts how often the two disagree.

Nobody waits for it: a text is scored after its answer was sent, in a moment without requests, and not at all when too many
are left over. Nothing here has a say in readiness or answers.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from sentiment_artifact import CompiledModel, Score
from sentiment_contract.rollout import ServedArtifact
from sentiment_server.backlog import Backlog
from sentiment_server.logs import log_event
from sentiment_server.model.background import start
from sentiment_server.model.loading import Retry, load_with_patience
from sentiment_server.model.source import Source
from sentiment_server.model.state import LoadFault

_logger = logging.getLogger(__name__)
_TEXTS = 1_024
_CHARACTERS = 2_000_000
_QUIET_SECONDS = 0.002
"""A client that asks again at once would else wait for the baseline each time."""
_OWN_SHARE = 1 / 50
"""Of the time of a server that is never quiet: else a busy model would never be compared."""

_Answers = Backlog[tuple[str, bool]]
"""Texts, and whether they were found positive."""


class Comparison:
    """The comparison of one process. All methods belong to one event loop."""

    def __init__(
        self,
        source_of: Callable[[ServedArtifact], Source],
        retry: Retry,
        *,
        busy: Callable[[], bool],
        count: Callable[[bool], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source_of = source_of
        self._retry = retry
        self._busy = busy
        self._count = count
        self._clock = clock
        self._answered_at = 0.0
        self._backlog: _Answers | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def comparing(self) -> bool:
        """Whether a baseline is loaded and texts are scored with it."""
        return self._backlog is not None

    def against(self, baseline: ServedArtifact | None) -> None:
        """Lets go of whatever it compared with, and begins anew."""
        self._backlog = None
        if self._task is not None:
            self._task.cancel()
        self._task = start(self._compare_with(baseline)) if baseline else None

    def offer(self, texts: Sequence[str], scores: Sequence[Score]) -> None:
        """Takes what was answered, as far as there is room for it."""
        self._answered_at = self._clock()
        if self._backlog is not None:
            for text, score in zip(texts, scores, strict=True):
                self._backlog.put((text, score.positive), len(text))

    async def _compare_with(self, baseline: ServedArtifact) -> None:
        def failed(fault: LoadFault, delay: float) -> None:
            message = f"Answers are not compared with version {baseline.version}: {fault.message}"
            fields = {"event.reason": fault.reason.value, "labels.retry_seconds": f"{delay:.1f}"}
            log_event(_logger, logging.WARNING, "compare", message, **{"event.outcome": "failure", **fields})

        compiled = await load_with_patience(self._source_of(baseline), baseline.digest, self._retry, failed)
        backlog: _Answers = Backlog(_TEXTS, _CHARACTERS)
        self._backlog = backlog
        message = f"Answers are compared with version {baseline.version}: {compiled.family}, {compiled.terms} terms."
        log_event(_logger, logging.INFO, "compare", message, **{"event.outcome": "success"})
        await self._work_off(backlog, compiled)

    async def _work_off(self, backlog: _Answers, compiled: CompiledModel) -> None:
        due = 0.0
        while True:
            text, positive = await backlog.take()
            while not self._quiet() and self._clock() < due:  # noqa: ASYNC110  no request should have to wake this
                await asyncio.sleep(_QUIET_SECONDS)
            began = self._clock()
            self._count(compiled.score(text).positive == positive)
            ended = self._clock()
            due = ended + (ended - began) * (1 / _OWN_SHARE - 1)
            await asyncio.sleep(0)

    def _quiet(self) -> bool:
        return not self._busy() and self._clock() - self._answered_at >= _QUIET_SECONDS

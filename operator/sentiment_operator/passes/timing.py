"""Tells Prometheus and the log where the time of each rollout went. It decides nothing and writes nothing to the API."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sentiment_operator.api.status import SentimentModelStatus
from sentiment_operator.cluster.store import Key, Store
from sentiment_operator.facts.observed import Manifest, Model, Observed
from sentiment_operator.kinds import POD
from sentiment_operator.metrics import ROLLOUT_SECONDS, ROLLOUT_STEP_SECONDS
from sentiment_operator.telling.milestones import Rollout, first_to_answer, rollout

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """What it takes to know the times of a rollout."""

    store: Store
    loaded_at: Callable[[Manifest], Awaitable[datetime | None]]
    """Asks a pod when its model was loaded."""

    async def rolled_out(self, model: Model, after: SentimentModelStatus, observed: Observed) -> None:
        """A rollout has ended, and the status says so. `model` is as it was read, with the status before."""
        pod = first_to_answer(self.store.of_model(POD, Key(model.namespace, model.name)), after.serving_version)
        # Where the Service was not asked, its pods cannot be either.
        asks = pod is not None and observed.probe is not None and bool(observed.probe.version)
        ended = rollout(model, after, observed, pod, await self.loaded_at(pod) if pod is not None and asks else None)
        tell(ended, f"{model.namespace}/{model.name}")


def tell(ended: Rollout, model: str) -> None:
    """Into the histograms, and as a line for whoever asks about this one."""
    kind = "First" if ended.is_first else "Next"
    for milestone, seconds in ended.steps():
        ROLLOUT_STEP_SECONDS.labels(milestone, kind).observe(seconds)
    ROLLOUT_SECONDS.labels(kind).observe(ended.seconds)
    steps = ", ".join(f"{milestone} {seconds:.0f}" for milestone, seconds in ended.steps())
    log.info(
        "version %s is ready after %.0f s: %s",
        ended.version,
        ended.seconds,
        steps,
        extra={
            "event.action": "rolled-out",
            "model": model,
            "began": ended.began_at.isoformat(),
            **{f"reached.{milestone}": at.isoformat() for milestone, at in ended.reached_at.items()},
        },
    )

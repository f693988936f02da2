"""One pass over one model: parse → observe → decide → apply → status → events → when to look again.

Any pass may be the first. Whatever it needs to know it sees in the world; nothing is remembered from the pass before.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sentiment_operator.cluster.store import Key, Store
from sentiment_operator.cluster.writer import Outcome
from sentiment_operator.deciding.decide import decide
from sentiment_operator.deciding.plan import Compare, Plan, Queued, Search, Train
from sentiment_operator.facts.observed import Manifest, Model, Observed
from sentiment_operator.passes.observe import Asked, Fresh, Observer
from sentiment_operator.passes.perform import Performer
from sentiment_operator.passes.report import Reporter
from sentiment_operator.preview.preview import with_preview
from sentiment_operator.reading import extract
from sentiment_operator.reading.raw import is_deleting
from sentiment_operator.settings import Settings

ROUNDS = 4
"""How often one pass looks again at what it wrote; a longer way is gone in the next pass."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a pass ended."""

    requeue_after: float | None = None
    """Seconds until the next pass even if nothing is heard."""
    unfinished: bool = False
    """Something was refused or had changed meanwhile: the next pass comes after the model's backoff."""
    queued: bool = False
    """A Job waits until another one ends."""
    contested: bool = False
    """Somebody undoes what is written: only a person's edit leads to another pass before a rest is over."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """What a pass needs."""

    store: Store
    observer: Observer
    performer: Performer
    reporter: Reporter
    settings: Settings
    now: Callable[[], datetime]
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held from counting what runs to starting one more: two passes must not both take the last free place."""

    async def reconcile(self, key: Key) -> Done:
        """Bring one model one pass further. Raises Away, Stale, NotLeading and Rewound."""
        body = self.store.model(key)
        if body is None or is_deleting(body):
            return Done()
        try:
            model = extract.model(body)
        except extract.Invalid as invalid:
            await self.reporter.reject(body, str(invalid), self.now())
            return Done()
        return await self._pass(model, body)

    async def _pass(self, model: Model, body: Manifest) -> Done:
        observed, plan, outcome = await self._act(model)
        contested = self.performer.contests.of(model.uid)
        observed = replace(observed, refusals=(*outcome.refusals, *contested))
        reported = await self.reporter.report(model, body, observed, plan, self.now())
        return replace(_done(plan, observed, outcome, reported=reported), contested=bool(contested))

    async def _act(self, model: Model) -> tuple[Observed, Plan, Outcome]:
        """Decide and write, and look again at what was written, so that status speaks of what is there now."""
        fresh, rounds = Fresh(), 1
        while True:
            observed, plan, fresh = await self._decide(model, fresh)
            differing = self.performer.differing(model, plan, observed)
            if self.performer.takes_turns(plan, observed, differing):
                async with self._turn:
                    observed, plan, fresh = await self._decide(model, fresh)
                    differing = self.performer.differing(model, plan, observed)
                    outcome = await self.performer.perform(model, plan, observed, differing)
            else:
                outcome = await self.performer.perform(model, plan, observed, differing)
            if rounds == ROUNDS or not (outcome.wrote or outcome.foreign) or self.performer.contests.of(model.uid):
                return observed, plan, outcome
            fresh, rounds = _after(fresh, outcome), rounds + 1

    async def _decide(self, model: Model, fresh: Fresh) -> tuple[Observed, Plan, Fresh]:
        """Decide on what is known; where the decision asks for more, look at that too and decide again."""
        while True:
            observed = await self.observer.look(model, fresh)
            now = self.now()
            plan = with_preview(decide(model, observed, self.settings, now), model, observed, self.settings, now)
            more = _asks(plan) & ~fresh.asked
            if not more:
                return observed, plan, fresh
            fresh = await self.observer.ask(model, fresh, more, plan.to_rehearse)


def _asks(plan: Plan) -> Asked:
    asked = Asked.REGISTRY if plan.needs_registry else Asked.NOTHING
    asked |= Asked.PODS if plan.needs_pods else Asked.NOTHING
    asked |= Asked.METRICS if plan.needs_metrics else Asked.NOTHING
    asked |= Asked.PROBE if plan.needs_probe else Asked.NOTHING
    asked |= Asked.NODES if plan.needs_nodes else Asked.NOTHING
    asked |= Asked.REHEARSAL if plan.to_rehearse is not None else Asked.NOTHING
    # No Job is started because of what the store does not know.
    starts = isinstance(plan.step, Train | Search | Compare) or plan.following.look_up is not None
    return asked | (Asked.JOBS if starts else Asked.NOTHING)


def _after(fresh: Fresh, outcome: Outcome) -> Fresh:
    """What still counts after a write: what was proven before it has to be proven anew."""
    return replace(
        fresh, asked=fresh.asked & ~(Asked.PODS | Asked.PROBE), probe=None, foreign={**fresh.foreign, **outcome.foreign}
    )


def _done(plan: Plan, observed: Observed, outcome: Outcome, *, reported: bool) -> Done:
    hindered = any(child is not None and not child.ours for child in observed.children.values())
    unfinished = outcome.stale or outcome.wrote or bool(outcome.refusals) or hindered or not reported
    return Done(plan.requeue_after, unfinished, queued=isinstance(plan.step, Queued))

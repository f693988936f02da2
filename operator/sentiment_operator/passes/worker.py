"""Between the world and the passes: what is heard makes models due, and each due model gets its pass.

Any error at all of a pass is caught here: a model that cannot be handled must not stop the others.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import perf_counter

from sentiment_operator.cluster.contests import REST_SECONDS
from sentiment_operator.cluster.errors import Away, NotLeading, Rewound, Stale
from sentiment_operator.cluster.store import Key, Store, owner_of
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import JOB, MODEL, OWN, REVISION, Kind
from sentiment_operator.metrics import PASS_SECONDS, WATCH_EVENTS
from sentiment_operator.names import LOOK_UP_ANNOTATION
from sentiment_operator.passes.reconcile import Done, Reconciler
from sentiment_operator.reading import extract
from sentiment_operator.reading.raw import annotations_of, is_look_up, is_unfinished, slim, uid_of
from sentiment_operator.workqueue import WorkQueue

log = logging.getLogger(__name__)

PASS_DEADLINE_SECONDS = 60.0
GATHER_SECONDS = 0.05
"""Controllers tell of one thing they do in several writes; so much later all of them are seen in one pass. What a person
writes is looked at at once."""


@dataclass(slots=True)
class Worker:
    """Hears, makes due, works."""

    store: Store
    queue: WorkQueue[Key]
    reconciler: Reconciler
    places: int
    """So many trainings may run at a time."""
    acts_for: Callable[[str], bool]
    """Whether this process may begin a pass in that namespace: others may act for the rest."""
    keeps: Callable[[Kind, Manifest], bool]
    """Whether this process needs to know of the object."""
    _waiting: dict[Key, None] = field(default_factory=dict[Key, None])
    """Models whose training waits for another one to end, in the order they came."""
    _questions: dict[Key, tuple[tuple[str, int], str]] = field(default_factory=dict[Key, tuple[tuple[str, int], str]])
    """What models have looked up, with the uid and generation that it was read from."""

    def hear(self, kind: Kind, event: str | None, told: Manifest) -> None:
        """Take note of a watch event."""
        if not self.keeps(kind, told):
            return
        if event != "DELETED" and self.store.knows(kind, told):
            return  # Most of what is heard are the operator's own writes, whose answers told it already.
        body = slim(told)
        before = self.store.model(owner_of(kind, body)) if kind == MODEL else None
        if self.store.remove(kind, body) if event == "DELETED" else self.store.put(kind, body):
            WATCH_EVENTS.labels(kind.plural).inc()
            self.wake(kind, body)
            if before is not None:
                self._wake_peers(before)

    def wake(self, kind: Kind, body: Manifest) -> None:
        """Make due whoever this object concerns."""
        key = owner_of(kind, body)
        if self.store.model(key) is None:
            self._questions.pop(key, None)
        elif kind not in OWN:
            self._make_due([key], GATHER_SECONDS)
        elif self.acts_for(key.namespace):
            self.queue.hurry(key)
        if kind in (MODEL, REVISION):
            self._make_due(self.store.followers(key))
        if kind == MODEL:
            self._wake_peers(body)
        if kind == JOB and self._has_ended(body):
            if is_look_up(body):
                self._wake_who_asks_the_same(body)
            else:
                self._offer_place()

    def _has_ended(self, job: Manifest) -> bool:
        name = job["metadata"]["namespace"], job["metadata"]["name"]
        return not is_unfinished(job) or self.store.get(JOB, *name) is None

    def _wake_peers(self, body: Manifest) -> None:
        """Models that this one no longer stands in the way of, or that have to give way to it now."""
        self._make_due(owner_of(MODEL, peer) for peer in self.store.peers(body))

    def _offer_place(self) -> None:
        """Let the model look that waits longest for a free place: with all of them, each ending would cost as many passes."""
        if self._waiting and len(self.store.unfinished_jobs()) < self.places:
            first = next(iter(self._waiting))
            del self._waiting[first]
            self._make_due([first])

    def _wake_who_asks_the_same(self, job: Manifest) -> None:
        """Models of a namespace share what a look at their branch found."""
        namespace, asked = job["metadata"]["namespace"], annotations_of(job).get(LOOK_UP_ANNOTATION)
        near = (key for key in self.store.models() if key.namespace == namespace)
        bodies = ((key, self.store.model(key)) for key in near)
        alike = (key for key, body in bodies if body is not None and self._question(key, body) == asked)
        self._make_due(alike, GATHER_SECONDS)

    def _question(self, key: Key, body: Manifest) -> str:
        """What the model has looked up, read once from each of its specs: one look-up concerns a namespace of models."""
        spec, known = (uid_of(body), body["metadata"].get("generation", 0)), self._questions.get(key)
        if known is None or known[0] != spec:
            known = self._questions[key] = spec, extract.question_key(body)
        return known[1]

    def _make_due(self, keys: Iterable[Key], seconds: float = 0.0) -> None:
        for key in keys:
            if not self.acts_for(key.namespace):
                continue
            if seconds:
                self.queue.add_after(key, seconds)
            else:
                self.queue.add(key)

    def begin(self) -> None:
        """Make every model due that this process acts for: since it began to, it has seen none."""
        self._make_due(self.store.models())

    async def work(self, key: Key) -> None:
        """One pass, and when the next one is due. Raises Rewound."""
        if not self.acts_for(key.namespace):
            self.queue.forget(key)
            self._waiting.pop(key, None)
            return
        started = perf_counter()
        try:
            async with asyncio.timeout(PASS_DEADLINE_SECONDS):
                done = await self.reconciler.reconcile(key)
        except (Away, Stale, TimeoutError) as error:
            seconds = self.queue.back_off(key, at_least=error.retry_after if isinstance(error, Away) else 0.0)
            log.warning(
                "pass to be repeated: %s", error or "it took too long", extra={"model": str(key), "seconds": seconds}
            )
            outcome = "repeat"
        except NotLeading as error:
            # Late, and not yet lost: a process that lost a Lease ends, and one that did not still owes this pass.
            self.queue.back_off(key)
            log.warning("nothing was written: the Lease is not held: %s", error, extra={"model": str(key)})
            outcome = "not-leading"
        except Rewound:
            raise  # It concerns the whole process, which ends by it.
        except Exception:
            seconds = self.queue.back_off(key)
            log.exception("pass failed", extra={"model": str(key), "seconds": seconds})
            outcome = "error"
        else:
            self._schedule(key, done)
            outcome = "unfinished" if done.unfinished else "done"
        PASS_SECONDS.labels(outcome).observe(perf_counter() - started)

    def _schedule(self, key: Key, done: Done) -> None:
        if done.queued:
            self._waiting[key] = None
        else:
            self._waiting.pop(key, None)
            # The place may be left free by whoever it was offered to.
            self._offer_place()
        if done.unfinished and not done.contested:
            self.queue.back_off(key)
        else:
            self.queue.forget(key)
        if done.contested:
            self.queue.rest(key, REST_SECONDS)
        if done.requeue_after is not None:
            self.queue.add_after(key, done.requeue_after)

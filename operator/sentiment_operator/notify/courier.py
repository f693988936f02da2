"""Carries what the statuses of models say is to be told, off the passes: one queue and one worker for each sink.

It keeps no record of its own. What is to be delivered stands in the status of a model before it is taken here, and what
came of it is handed to the model's next pass, which writes it there. A sink that hangs delays its own messages alone.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Protocol

from sentiment_operator.api.notifications import Delivery, DeliveryState
from sentiment_operator.api.status import SentimentModelStatus
from sentiment_operator.cluster.store import Key
from sentiment_operator.facts.observed import Post
from sentiment_operator.metrics import NOTIFICATIONS, NOTIFICATIONS_WAITING
from sentiment_operator.notify.letter import Letter
from sentiment_operator.notify.outbox import pending
from sentiment_operator.notify.sinks import Undelivered
from sentiment_operator.workqueue import WorkQueue

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 10
LONGEST_PAUSE_SECONDS = 3600.0
PAUSE_FACTOR = 3.0
SEND_SECONDS = 30.0
LEADING_AGAIN_SECONDS = 1.0
PROBLEM_CHARACTERS = 250


def pause_after(attempts: int, first_seconds: float) -> float:
    """Wait after that many tries: tripled each time up to an hour, so that ten tries take about three and a half hours."""
    return min(LONGEST_PAUSE_SECONDS, first_seconds * PAUSE_FACTOR ** (attempts - 1))


class Sender(Protocol):
    """The way to one sink."""

    async def send(self, letter: Letter) -> None:
        """Return when the sink took it. Raises Undelivered."""


class Slot(NamedTuple):
    """One message on its way to one sink."""

    uid: str
    message: str
    sink: str


@dataclass(frozen=True, slots=True)
class _Errand:
    """What there is to carry, and whose it is."""

    key: Key
    letter: Letter
    attempts: int


@dataclass(slots=True)
class Courier:
    """Every sink, and what is on its way to it."""

    senders: Mapping[str, Sender]
    may_send: Callable[[str], bool]
    """Whether this process acts for that namespace: another one would deliver the same."""
    exists: Callable[[Key, str], bool]
    """Whether there is a model of that name and uid: of one that is gone, nobody keeps a record."""
    wake: Callable[[Key], None]
    """Makes a model due, so that its next pass writes down what came of a message."""
    first_pause_seconds: float = 5.0
    _errands: dict[Slot, _Errand] = field(default_factory=dict[Slot, _Errand])
    _outcomes: dict[Slot, Delivery] = field(default_factory=dict[Slot, Delivery])
    """What came of messages, until a status says so."""
    _queues: dict[str, WorkQueue[Slot]] = field(default_factory=dict[str, WorkQueue[Slot]])

    def __post_init__(self) -> None:
        self._queues = {sink: WorkQueue() for sink in self.senders}

    def post(self, uid: str) -> Post:
        """What a pass over that model has to know."""
        mine = {(slot.message, slot.sink): outcome for slot, outcome in self._outcomes.items() if slot.uid == uid}
        return Post(sinks=frozenset(self.senders), outcomes=mine)

    def take(self, key: Key, uid: str, status: SentimentModelStatus) -> None:
        """Carry what the status says is still to be delivered. It has to be the status that the API server holds."""
        open_slots = {Slot(uid, record.id, entry.sink): (record, entry) for record, entry in pending(status)}
        for slot in [slot for slot in self._outcomes if slot.uid == uid and slot not in open_slots]:
            del self._outcomes[slot]
        for slot, (record, entry) in open_slots.items():
            if slot.sink in self._queues and slot not in self._errands and slot not in self._outcomes:
                self._errands[slot] = _Errand(key, Letter(key.namespace, key.name, record), entry.attempts)
                self._queues[slot.sink].add(slot)
                self._count(slot.sink)

    def leave(self, is_left: Callable[[str], bool]) -> None:
        """Leave what is on its way for models in these namespaces to whoever acts for them now."""
        left = {slot for slot, errand in self._errands.items() if is_left(errand.key.namespace)}
        for slot in left:
            del self._errands[slot]
        for sink in {slot.sink for slot in left}:
            self._count(sink)

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            for queue in self._queues.values():
                group.create_task(queue.run(1, self._carry))

    async def _carry(self, slot: Slot) -> None:
        errand = self._errands.get(slot)
        if errand is None:
            return
        if not self.may_send(errand.key.namespace):
            self._queues[slot.sink].add_after(slot, LEADING_AGAIN_SECONDS)
            return
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self.senders[slot.sink].send(errand.letter)
        except Undelivered as error:
            self._not_taken(slot, errand, str(error), error.retry_after)
        except TimeoutError:
            self._not_taken(slot, errand, f"not taken within {SEND_SECONDS:.0f} s")
        except Exception as error:
            log.exception("a message could not be sent", extra={"sink": slot.sink, "model": str(errand.key)})
            self._not_taken(slot, errand, f"a fault of the operator ({type(error).__name__})")
        else:
            self._ended(
                slot, errand, Delivery(sink=slot.sink, state=DeliveryState.DELIVERED, attempts=errand.attempts + 1)
            )

    def _not_taken(self, slot: Slot, errand: _Errand, why: str, retry_after: float = 0.0) -> None:
        outcome = partial(Delivery, sink=slot.sink, attempts=errand.attempts + 1, problem=why[:PROBLEM_CHARACTERS])
        if errand.attempts + 1 >= MOST_ATTEMPTS:
            self._ended(slot, errand, outcome(state=DeliveryState.FAILED))
            return
        seconds = max(retry_after, pause_after(errand.attempts + 1, self.first_pause_seconds))
        self._errands[slot] = _Errand(errand.key, errand.letter, errand.attempts + 1)
        self._queues[slot.sink].add_after(slot, seconds)
        self._tell(slot, errand, outcome(state=DeliveryState.PENDING), "retried", seconds)

    def _ended(self, slot: Slot, errand: _Errand, outcome: Delivery) -> None:
        self._errands.pop(slot, None)
        self._count(slot.sink)
        self._tell(slot, errand, outcome, outcome.state.lower())

    def _tell(self, slot: Slot, errand: _Errand, outcome: Delivery, result: str, seconds: float = 0.0) -> None:
        NOTIFICATIONS.labels(slot.sink, result).inc()
        told = {"event.action": f"notification-{result}", "model": str(errand.key), "sink": slot.sink}
        told |= {"transition": errand.letter.record.transition, "notification.id": slot.message}
        if outcome.state is DeliveryState.DELIVERED:
            log.info("told a sink", extra=told)
        else:
            again = f"tried again in {seconds:.0f} s" if seconds else "not tried any more"
            log.warning("a sink did not take a message, %s: %s", again, outcome.problem, extra=told)
        if self.exists(errand.key, slot.uid):
            self._outcomes[slot] = outcome
            self.wake(errand.key)

    def _count(self, sink: str) -> None:
        NOTIFICATIONS_WAITING.labels(sink).set(sum(slot.sink == sink for slot in self._errands))

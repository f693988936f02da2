"""What a model's sinks are to be told, kept in its status: written with the transition itself, so that neither is lost. Pure.

A transition and the messages about it are one write. Whoever leads next finds the ones that are still to be delivered
where it finds the model, and those that were delivered beside them. Only a pass writes here; what a delivery came to
reaches it as a value.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sentiment_operator.api.conditions import Verdict, conditions, timestamp
from sentiment_operator.api.notifications import (
    MOST_RECORDS,
    Delivery,
    DeliveryState,
    Notification,
    NotificationRecord,
    Transition,
)
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.status import ConditionType, SentimentModelStatus
from sentiment_operator.explaining.next_step import then
from sentiment_operator.facts.observed import Origin, Post
from sentiment_operator.notify.transitions import INCLUDED_IN, News, news

KEY_CHARACTERS = 24
GONE = "the operator does not know this sink any more"
ASK = "ask who installed the operator to look at the sink: the operator's log says more"


@dataclass(frozen=True, slots=True)
class Told:
    """Whom the model wants told, and what is known of them."""

    origin: Origin
    wanted: tuple[Notification, ...]
    post: Post


def with_post(
    after: SentimentModelStatus, before: SentimentModelStatus, told: Told, now: datetime
) -> SentimentModelStatus:
    """The status with what came of earlier messages, with the messages that its transitions are worth, and with Notified."""
    records = tuple(_settled(record, told.post) for record in before.notifications)
    last_told = records[0].transition if records else None
    for entry in news(before, after, told.origin, last_told):
        deliveries = _deliveries(entry.transition, told)
        key = _key(entry, told.origin)
        if deliveries and not _is_known(records, key, entry, now):
            records = (_record(entry, key, deliveries, now), *records)
    kept = _kept(records)
    verdict = {ConditionType.NOTIFIED: notified(told.wanted, kept, told.post.sinks)}
    own = conditions(verdict, before.conditions, after.observed_generation, now)
    others = tuple(entry for entry in after.conditions if entry.type != ConditionType.NOTIFIED)
    return after.model_copy(update={"notifications": kept, "conditions": (*others, *own)})


def pending(status: SentimentModelStatus) -> list[tuple[NotificationRecord, Delivery]]:
    """What is still to be delivered, the oldest first."""
    return [
        (record, delivery)
        for record in reversed(status.notifications)
        for delivery in record.deliveries
        if delivery.state is DeliveryState.PENDING
    ]


def notified(wanted: Sequence[Notification], records: Sequence[NotificationRecord], known: frozenset[str]) -> Verdict:
    """Whether whoever the model names hears of it."""
    if not wanted:
        return Verdict("True", Reason.NO_SINKS, "The spec names no sinks.")
    if unknown := sorted({entry.sink for entry in wanted} - known):
        return _unknown(unknown, known)
    latest = [found for entry in wanted if (found := _latest(entry.sink, records)) is not None]
    failed = [(record, delivery) for record, delivery in latest if delivery.state is DeliveryState.FAILED]
    if failed:
        told = " ".join(
            f"Sink {delivery.sink} did not take {record.transition} in {delivery.attempts} tries: {delivery.problem}."
            for record, delivery in failed
        )
        return Verdict("False", Reason.DELIVERY_FAILED, then(told, ASK))
    waiting = [(record, delivery) for record, delivery in latest if delivery.state is DeliveryState.PENDING]
    if waiting:
        return Verdict("Unknown", Reason.DELIVERING, " ".join(_on_its_way(*entry) for entry in waiting))
    return Verdict("True", Reason.DELIVERED, "Every sink took what it was told.")


def _unknown(names: Sequence[str], known: frozenset[str]) -> Verdict:
    there = f"it knows {', '.join(sorted(known))}" if known else "it knows none"
    what = (
        f"spec.notifications names {', '.join(names)}, which the operator was not installed with; {there}."
        " Nobody is told there, and nothing else is hindered"
    )
    step = "name a sink that is known, or ask who installed the operator to add this one to the chart's notifications.sinks"
    return Verdict("False", Reason.UNKNOWN_SINK, then(what, step))


def _on_its_way(record: NotificationRecord, delivery: Delivery) -> str:
    if not delivery.attempts:
        return f"Sink {delivery.sink} is being told of {record.transition}."
    why = f"try {delivery.attempts}: {delivery.problem}"
    return f"Sink {delivery.sink} has not taken {record.transition} yet ({why}); it is tried again."


def _latest(sink: str, records: Iterable[NotificationRecord]) -> tuple[NotificationRecord, Delivery] | None:
    """The latest message to the sink."""
    return next(((record, entry) for record in records for entry in record.deliveries if entry.sink == sink), None)


def _settled(record: NotificationRecord, post: Post) -> NotificationRecord:
    """The record with what came of its deliveries meanwhile."""
    deliveries = tuple(_after_tries(record.id, delivery, post) for delivery in record.deliveries)
    return record if deliveries == record.deliveries else record.model_copy(update={"deliveries": deliveries})


def _after_tries(message: str, delivery: Delivery, post: Post) -> Delivery:
    if delivery.state is not DeliveryState.PENDING:
        return delivery
    if delivery.sink not in post.sinks:
        return delivery.model_copy(update={"state": DeliveryState.FAILED, "problem": GONE})
    outcome = post.outcomes.get((message, delivery.sink))
    return outcome if outcome is not None and outcome.attempts >= delivery.attempts else delivery


def _deliveries(transition: Transition, told: Told) -> tuple[Delivery, ...]:
    """One for each sink that asks for it and is known."""
    names = {transition, INCLUDED_IN.get(transition, transition)}
    asking = [entry.sink for entry in told.wanted if not entry.transitions or names & set(entry.transitions)]
    return tuple(Delivery(sink=sink, state=DeliveryState.PENDING) for sink in asking if sink in told.post.sinks)


def _key(entry: News, origin: Origin) -> str:
    """Equal for what is the same thing to a person, in whichever pass and process it is found."""
    identity = [origin.uid, entry.transition, entry.version, entry.reason, *entry.basis]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:KEY_CHARACTERS]


def _record(entry: News, key: str, deliveries: tuple[Delivery, ...], now: datetime) -> NotificationRecord:
    at = timestamp(now)
    return NotificationRecord(
        id=f"{key}-{at.translate(_PLAIN)}",
        transition=entry.transition,
        version=entry.version,
        reason=entry.reason,
        message=entry.message,
        time=at,
        deliveries=deliveries,
    )


_PLAIN = str.maketrans("", "", "-:")


def _is_known(records: Iterable[NotificationRecord], key: str, entry: News, now: datetime) -> bool:
    """Whether it was told already, and it is too early to tell it again."""
    told = next((record for record in records if record.id.startswith(f"{key}-")), None)
    if told is None:
        return False
    return entry.again_after is None or now - datetime.fromisoformat(told.time) < entry.again_after


def _kept(records: tuple[NotificationRecord, ...]) -> tuple[NotificationRecord, ...]:
    """As many as a status holds. What is still to be delivered goes last."""
    surplus = len(records) - MOST_RECORDS
    if surplus <= 0:
        return records
    waiting = [record for record in records if _is_pending(record)]
    finished = [record for record in records if not _is_pending(record)]
    dropped = {record.id for record in [*reversed(finished), *reversed(waiting)][:surplus]}
    return tuple(record for record in records if record.id not in dropped)


def _is_pending(record: NotificationRecord) -> bool:
    return any(delivery.state is DeliveryState.PENDING for delivery in record.deliveries)

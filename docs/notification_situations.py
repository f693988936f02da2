"""What the operator says of those who are to be told what happens to a model, found by asking its own core."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from sentiment_operator.api.notifications import Delivery, DeliveryState, Notification
from sentiment_operator.deciding.decide import decide
from sentiment_operator.facts.observed import Model, Observed, Post
from sentiment_operator.settings import Settings
from sentiment_operator.telling.status import status

SINK = "team-chat"
KNOWN = frozenset({SINK})


def situations_of_notifications(
    plain: Model, serving: Observed, why: str, settings: Settings, now: datetime
) -> Iterator[tuple[Model, Observed]]:
    """A model that names a sink: one that is not there, and one with every outcome of a delivery."""
    model = replace(plain, spec=plain.spec.model_copy(update={"notifications": (Notification(sink=SINK),)}))
    told = replace(serving, post=Post(sinks=KNOWN))
    after = status(model, told, decide(model, told, settings, now), now)
    (message,) = (record.id for record in after.notifications)
    yield model, serving
    yield model, told
    for outcome in (
        Delivery(sink=SINK, state=DeliveryState.DELIVERED, attempts=1),
        Delivery(sink=SINK, state=DeliveryState.FAILED, attempts=10, problem=why.rstrip(". \n")),
    ):
        yield replace(model, status=after), replace(told, post=Post(KNOWN, {(message, SINK): outcome}))

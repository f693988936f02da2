"""Conditions as the Kubernetes API conventions define them. Pure; the time is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.status import Condition, ConditionType

MESSAGE_CHARACTERS = 4000
Truth = Literal["True", "False", "Unknown"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is found about one condition in one pass."""

    status: Truth
    reason: str
    message: str = ""


NOT_REACHED = Verdict("Unknown", Reason.NOT_REACHED, "The way to the wanted version has not come this far.")
"""Of a station that the first one that is not True keeps from being looked at."""


def conditions(
    verdicts: Mapping[ConditionType, Verdict], before: tuple[Condition, ...], generation: int, now: datetime
) -> tuple[Condition, ...]:
    """One for each verdict in the order they are shown; a transition time moves only where the status flips."""
    known = {condition.type: condition for condition in before}
    return tuple(
        _condition(kind, verdicts[kind], known.get(kind.value), generation, now)
        for kind in ConditionType
        if kind in verdicts
    )


def condition_of(before: tuple[Condition, ...], kind: ConditionType) -> Condition | None:
    """The condition of that type."""
    return next((condition for condition in before if condition.type == kind.value), None)


def timestamp(moment: datetime) -> str:
    """RFC 3339 in whole seconds, as the API server writes times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _condition(
    kind: ConditionType, verdict: Verdict, before: Condition | None, generation: int, now: datetime
) -> Condition:
    flipped = before is None or before.status != verdict.status
    return Condition(
        type=kind.value,
        status=verdict.status,
        reason=verdict.reason,
        message=verdict.message[:MESSAGE_CHARACTERS],
        observed_generation=generation,
        last_transition_time=timestamp(now) if before is None or flipped else before.last_transition_time,
    )

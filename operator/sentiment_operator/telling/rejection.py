"""The status of a model whose spec cannot be read: admission should have refused it. Pure.

What serves goes on serving and what was known of it is kept; only the verdict on the spec is new.
"""

from datetime import datetime

from sentiment_operator.api.conditions import Verdict, condition_of, conditions
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.status import ConditionType, SentimentModelStatus
from sentiment_operator.explaining.next_step import then
from sentiment_operator.notify.outbox import Told, with_post


def rejected(before: SentimentModelStatus, problem: str, told: Told, now: datetime) -> SentimentModelStatus:
    """The status before, with Accepted and Ready False, Stalled True, and Unknown what was never looked at."""
    generation = told.origin.generation
    message = then(problem, "correct the spec and apply it again.")
    verdicts = {kind: _kept(before, kind) for kind in ConditionType}
    verdicts[ConditionType.ACCEPTED] = Verdict("False", Reason.INVALID, message)
    verdicts[ConditionType.READY] = Verdict("False", Reason.INVALID, message)
    verdicts[ConditionType.STALLED] = Verdict("True", Reason.INVALID, message)
    after = before.model_copy(
        update={
            "observed_generation": generation,
            "conditions": conditions(verdicts, before.conditions, generation, now),
        }
    )
    return with_post(after, before, told, now)


def _kept(before: SentimentModelStatus, kind: ConditionType) -> Verdict:
    known = condition_of(before.conditions, kind)
    if known is None:
        return Verdict("Unknown", Reason.INVALID, "The spec cannot be read.")
    return Verdict(known.status, known.reason, known.message)

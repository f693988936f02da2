"""The status of a model whose spec cannot be read: admission should have refused it. Pure.

What serves goes on serving and what was known of it is kept; only the verdict on the spec is new.
"""

from datetime import datetime

from sentiment_operator.api import ConditionType, SentimentModelStatus
from sentiment_operator.conditions import Verdict, condition_of, conditions

REASON = "Invalid"


def rejected(before: SentimentModelStatus, problem: str, generation: int, now: datetime) -> SentimentModelStatus:
    """The status before, with Accepted and Ready False, Stalled True, and Unknown what was never looked at."""
    message = f"{problem}. Next: correct the spec and apply it again."
    verdicts = {kind: _kept(before, kind) for kind in ConditionType}
    verdicts[ConditionType.ACCEPTED] = Verdict("False", REASON, message)
    verdicts[ConditionType.READY] = Verdict("False", REASON, message)
    verdicts[ConditionType.STALLED] = Verdict("True", REASON, message)
    return before.model_copy(
        update={
            "observed_generation": generation,
            "conditions": conditions(verdicts, before.conditions, generation, now),
        }
    )


def _kept(before: SentimentModelStatus, kind: ConditionType) -> Verdict:
    known = condition_of(before.conditions, kind)
    if known is None:
        return Verdict("Unknown", REASON, "The spec cannot be read.")
    return Verdict(known.status, known.reason, known.message)

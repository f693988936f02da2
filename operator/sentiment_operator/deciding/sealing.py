"""The status of a revision with one more piece of evidence in it, within what its schema has room for. Pure.

It does not know whether that is written or only supposed.
"""

from sentiment_operator.api.revision import SentimentModelRevisionStatus
from sentiment_operator.deciding.approving import on_record
from sentiment_operator.deciding.plan import Seal

KEPT_EVIDENCE = 50
"""Verdicts of gates in the status of a revision, as its schema bounds them."""
KEPT_FAILURES = 20
"""Rollouts in which it failed, likewise."""


def sealed(step: Seal) -> SentimentModelRevisionStatus:
    """The revision's status with the new evidence behind what stands there."""
    before = step.revision.status
    evidence = {
        "gates": (*before.gates, *step.gates)[-KEPT_EVIDENCE:],
        "approvals": on_record((*before.approvals, *step.approvals)),
        "failed_rollouts": (*before.failed_rollouts, *step.failed_rollouts)[-KEPT_FAILURES:],
    }
    return before.model_copy(update=evidence)

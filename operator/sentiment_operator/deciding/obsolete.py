"""What is not needed any more: Jobs of versions that nobody wants, and revisions beyond those to be kept. Pure.

It names them only; nothing is removed here.
"""

from datetime import datetime

from sentiment_operator.deciding import attempts, gating
from sentiment_operator.deciding.evidence import served_last
from sentiment_operator.deciding.plan import Following, Step
from sentiment_operator.facts.observed import Model, Observed, Revision
from sentiment_operator.reading.deployed import deployed
from sentiment_operator.rollout.candidate import running


def jobs(model: Model, observed: Observed, wanted: str, following: Following, step: Step) -> tuple[str, ...]:
    """Names of the Jobs that train, compare or look up what is no longer asked for."""
    return (
        *attempts.obsolete_jobs(model, observed, wanted, step),
        *gating.obsolete_comparisons(observed, step),
        *following.obsolete_jobs,
    )


def revisions(model: Model, observed: Observed, wanted: str) -> tuple[str, ...]:
    """Names of the revisions beyond those to be kept, those that served longest ago or never first."""
    live, there = deployed(observed), running(observed)
    last = served_last(model, observed)
    before = served_last(model, observed, but=last.spec.version) if last is not None else None
    kept = {wanted, *observed.named_by_followers}
    kept |= {one.version for one in (live, there.live if there else None) if one is not None}
    kept |= {revision.spec.version for revision in (last, before) if revision is not None}
    others = [revision for label, revision in observed.revisions.items() if label not in kept]
    others.sort(key=lambda revision: (_last_used(revision), revision.name), reverse=True)
    room = model.spec.rollout.revision_history_limit - (len(observed.revisions) - len(others))
    return tuple(revision.name for revision in others[max(0, room) :])


def _last_used(revision: Revision) -> datetime:
    began = [datetime.fromisoformat(interval.since) for interval in revision.status.serving]
    return max([revision.created_at, *began])

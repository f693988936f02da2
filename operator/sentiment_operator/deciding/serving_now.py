"""Which version serves now, and whether the wanted one has all traffic. Pure.

It reads what is deployed and what was proven; what follows from it, it does not know.
"""

from sentiment_operator.api.conditions import condition_of
from sentiment_operator.api.rollout import Strategy
from sentiment_operator.api.status import ConditionType
from sentiment_operator.deciding.evidence import is_proven, runs, served_last
from sentiment_operator.facts.observed import Model, Observed, Revision
from sentiment_operator.promoting import stage
from sentiment_operator.reading.deployed import Deployed, deployed
from sentiment_operator.rollout.candidate import running


def current(model: Model, observed: Observed) -> Revision | None:
    """What is deployed and was let through. Where that is nothing: what served last, since that has to come back."""
    live = deployed(observed)
    if live is not None and live.version not in observed.revisions:
        return None  # It keeps serving as it is: nothing is recorded that it could be held to.
    running = observed.revisions[live.version] if live is not None else None
    if running is not None and is_proven(model, observed, running):
        return _what_serves_instead(model, observed) or running
    last = served_last(model, observed)
    return last if last is not None and (live is None or is_proven(model, observed, last)) else None


def _what_serves_instead(model: Model, observed: Observed) -> Revision | None:
    """What still answers where what is deployed does not come up, and is not wanted any more."""
    live, serving = deployed(observed), observed.revisions.get(model.status.serving_version)
    has_candidates = model.spec.rollout.strategy is not Strategy.ROLLING_UPDATE
    if not has_candidates or live is None or not live.deadline_exceeded or serving is None or runs(live, serving):
        return None
    if stage.on_record(model, observed) == live.version or not is_proven(model, observed, serving):
        return None
    return serving


def label(model: Model, observed: Observed) -> str:
    """Its label; where nothing was let through, that of what is deployed, and empty without."""
    serving, live = current(model, observed), deployed(observed)
    if serving is not None:
        return serving.spec.version
    return live.version if live is not None else ""


def is_another(model: Model, observed: Observed, revision: Revision) -> bool:
    """Whether another version serves, or is on its way to."""
    there = running(observed)
    is_under_way = there is not None and not there.deleting and there.live.version != revision.spec.version
    return is_under_way or label(model, observed) != revision.spec.version


def has_all_traffic(model: Model, observed: Observed, revision: Revision, live: Deployed) -> bool:
    """All traffic goes to the revision and a known review was scored by it, now or when it became ready."""
    if not runs(live, revision) or _others(observed, revision):
        return False
    probe = observed.probe
    if probe is not None:
        answered = (probe.version, probe.digest) == (revision.spec.version, revision.spec.artifact_digest)
        return live.is_complete and observed.pods_are_fresh and answered and not probe.error
    return live.runs_nothing_else and _was_ready(model, revision)


def _was_ready(model: Model, revision: Revision) -> bool:
    ready, status = condition_of(model.status.conditions, ConditionType.READY), model.status
    return (
        ready is not None
        and ready.status == "True"
        and status.serving_version == revision.spec.version
        and status.lineage is not None
        and status.lineage.artifact_digest == revision.spec.artifact_digest
    )


def _others(observed: Observed, revision: Revision) -> bool:
    return any(pod.label != revision.spec.version for pod in observed.pods)


def is_worth_a_probe(observed: Observed, revision: Revision) -> bool:
    """Whether a known review would tell anything: all pods run the revision."""
    live = deployed(observed)
    return live is not None and runs(live, revision) and live.is_complete

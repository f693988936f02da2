"""Decides for a model that follows another one which version it wants, and what keeps that from serving here. Pure.

The rules:

1. Without `spec.version` it wants what the followed model serves, once that is proven there or on record here; until
   then, the latest of what the followed model served that is on record here; else what served here last.
2. With `spec.version` it wants that label.
3. What served here is served, whatever became of the followed model: that may be gone.
4. Anything else is recorded here once it is proven there, as the very same bytes. Gates and people come after that. If
   the followed model goes back from it before it served here, it does not serve here.
"""

from datetime import datetime, timedelta

from sentiment_operator.api.stages import PromotionSource
from sentiment_operator.deciding.evidence import is_proven, served_last
from sentiment_operator.deciding.plan import Blocked, Record, Step
from sentiment_operator.facts.observed import Model, Observed, Revision
from sentiment_operator.promoting import explain
from sentiment_operator.promoting.source import Awaited, Proven, Soaking, Standing, Turned, intervals, standing
from sentiment_operator.settings import Settings

LEAST_SECONDS = 0.5


def wanted(model: Model, observed: Observed, now: datetime) -> str:
    """The label to serve; empty while the followed model has never served anything."""
    if model.spec.version is not None or model.spec.promotion.source is None:
        return model.spec.wanted_label()
    if isinstance(source_standing(model, observed, now), Proven):
        return _offered(observed)
    return on_record(model, observed) or _offered(observed)


def unacceptable(model: Model) -> Blocked | None:
    """A model that names itself, which nothing could ever come of; None: it does not."""
    return explain.itself(model) if explain.followed(model) == (model.namespace, model.name) else None


def on_record(model: Model, observed: Observed) -> str:
    """The label to serve of those that are on record here, whatever the time; empty if there is none."""
    if model.spec.version is not None or model.spec.promotion.source is None:
        return model.spec.wanted_label()
    if observed.source is not None and observed.source.allows:
        for interval in intervals(observed.source):
            known = observed.revisions.get(interval.version)
            if known is not None and _came_from(model, known) and interval.digest in ("", known.spec.artifact_digest):
                return interval.version
    last = served_last(model, observed)
    return last.spec.version if last is not None else ""


def source_standing(model: Model, observed: Observed, now: datetime) -> Standing | None:
    """What the followed model has proven: of the label that the spec names, else of what it serves. None: it tells nothing."""
    followed, source = model.spec.promotion.source, observed.source
    if followed is None or source is None or not source.allows:
        return None
    return standing(source, model.spec.version or _offered(observed), _soak(followed), now)


def before_serving(model: Model, observed: Observed, label: str, settings: Settings, now: datetime) -> Step | None:
    """What keeps the wanted label from being looked at further; None: nothing, or the model follows nobody."""
    followed, source = model.spec.promotion.source, observed.source
    if followed is None:
        return None
    revision = observed.revisions.get(label)
    if revision is not None and is_proven(model, observed, revision):
        return _serving_on(model, revision, source_standing(model, observed, now))
    if source is None:
        # It was proven when it was recorded; that the followed model is gone takes nothing of it back.
        goes_on = revision is not None and _came_from(model, revision)
        return None if goes_on else explain.missing(model, settings)
    if not source.allows:
        return explain.not_allowed(model)
    return _for_the_first_time(model, label, revision, standing(source, label, _soak(followed), now))


def _serving_on(model: Model, revision: Revision, found: Standing | None) -> Step | None:
    """What served here serves, unless the followed model, to the letter, has come to mean another one by the label."""
    if model.spec.version is not None or not isinstance(found, Proven):
        return None
    now, here = found.revision.spec, revision.spec
    is_another = now.version == here.version and now.artifact_digest != here.artifact_digest
    return explain.another_under_the_label(model, here.version) if is_another else None


def _for_the_first_time(model: Model, label: str, revision: Revision | None, found: Standing) -> Step | None:
    match found:
        case Proven(proven) if revision is not None:
            same = proven.spec.artifact_digest == revision.spec.artifact_digest
            return None if same else explain.another_under_the_label(model, label)
        case Proven(proven):
            return Record(label, proven)
        case Turned(why):
            return explain.turned(model, label, why)
        case _ if revision is not None and _came_from(model, revision):
            return None
        case Soaking():
            return explain.soaking(model, found)
        case Awaited(why):
            return explain.awaited(model, label, why)


def until_proven(found: Standing | None, now: datetime) -> float | None:
    """Seconds until time alone proves it; None: time proves nothing."""
    return max(LEAST_SECONDS, (found.until - now).total_seconds()) if isinstance(found, Soaking) else None


def _came_from(model: Model, revision: Revision) -> bool:
    """Whether it was recorded because this very model had proven it."""
    followed, origin = model.spec.promotion.source, revision.spec.promoted_from
    return (
        followed is not None
        and origin is not None
        and (origin.namespace, origin.model_ref) == (followed.namespace or model.namespace, followed.model_ref)
    )


def _offered(observed: Observed) -> str:
    """The label that the followed model serves."""
    source = observed.source
    return source.status.serving_version if source is not None and source.allows else ""


def _soak(followed: PromotionSource) -> timedelta:
    return timedelta(seconds=followed.soak_seconds)

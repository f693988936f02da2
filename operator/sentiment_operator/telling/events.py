"""The Events that the changes of a status are worth: what a person would want to hear of, told once. Pure."""

from dataclasses import dataclass
from typing import Literal

from sentiment_operator.api.conditions import condition_of
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.status import Condition, ConditionType, SentimentModelStatus


@dataclass(frozen=True, slots=True)
class EventFact:
    """One Event to record."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


_TOLD: dict[tuple[ConditionType, str], Literal["Normal", "Warning"]] = {
    (ConditionType.READY, "True"): "Normal",
    (ConditionType.TRAINED, "True"): "Normal",
    (ConditionType.AWAITING_APPROVAL, "True"): "Normal",
    (ConditionType.STALLED, "True"): "Warning",
    (ConditionType.AVAILABLE, "False"): "Warning",
    (ConditionType.DEPENDENCIES_READY, "False"): "Warning",
    (ConditionType.UP_TO_DATE, "False"): "Warning",
    (ConditionType.LINEAGE_VERIFIED, "False"): "Warning",
    (ConditionType.NOTIFIED, "False"): "Warning",
}
"""Flips that are worth an Event; the others follow from these."""
_OF_ONE_VERSION = frozenset({ConditionType.AWAITING_APPROVAL, ConditionType.STALLED})
"""Told anew of another version, though the condition did not flip: an edit may lead from one dead end into the next."""
_NAMES = {ConditionType.READY: "VersionReady", ConditionType.TRAINED: "VersionTrained"}


def events(before: SentimentModelStatus, after: SentimentModelStatus) -> list[EventFact]:
    """One Event for each transition that a person would want to hear of."""
    is_another = before.wanted_version != after.wanted_version
    told = [fact for entry in after.conditions if (fact := _event(before, entry, is_another=is_another)) is not None]
    return [*_training_began(before, after), *_rollout_went_on(before, after), *told]


def _event(before: SentimentModelStatus, condition: Condition, *, is_another: bool) -> EventFact | None:
    kind = ConditionType(condition.type)
    weight = _TOLD.get((kind, condition.status))
    known = condition_of(before.conditions, kind)
    is_news = known is None or known.status != condition.status or (is_another and kind in _OF_ONE_VERSION)
    if weight is None or not is_news:
        return None
    if known is None and kind is ConditionType.AVAILABLE:
        return None  # Nothing answers yet because nothing was asked to.
    name = condition.reason if condition.reason == Reason.PROMOTED else _NAMES.get(kind, condition.reason)
    return EventFact(weight, name, condition.message or condition.reason)


def _training_began(before: SentimentModelStatus, after: SentimentModelStatus) -> list[EventFact]:
    """A training is no flip of a condition, yet what a person waits for."""
    job = after.training.job_name if after.training is not None else ""
    known = before.training.job_name if before.training is not None else ""
    if not job or job == known:
        return []
    search = after.training.search if after.training is not None else None
    does = (
        f"tries {search.trials} sets of parameters for" if search is not None and search.job_name == job else "trains"
    )
    return [EventFact("Normal", Reason.TRAINING_STARTED, f"Job {job} {does} version {after.wanted_version}.")]


def _rollout_went_on(before: SentimentModelStatus, after: SentimentModelStatus) -> list[EventFact]:
    """Each step of a rollout is worth one, as long as it runs."""
    now = after.rollout
    known = before.rollout if before.candidate_version == after.candidate_version else None
    if now is None or (known is not None and now.step <= known.step):
        return []
    rolled_out = condition_of(after.conditions, ConditionType.ROLLED_OUT)
    message = rolled_out.message if rolled_out is not None else ""
    return [EventFact("Normal", "CandidateAdvanced" if known is not None else "RolloutStarted", message)]

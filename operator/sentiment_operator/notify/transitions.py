"""What happened to a model between two statuses, as news for people. Pure.

News come from statuses alone, as Events do, and not from what a pass did: whatever was written is told, and nothing
else. It knows neither sinks nor deliveries.
"""

from dataclasses import dataclass
from datetime import timedelta

from sentiment_operator.api.conditions import condition_of
from sentiment_operator.api.notifications import MESSAGE_CHARACTERS, Transition
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.status import Condition, ConditionType, SentimentModelStatus
from sentiment_operator.explaining.next_step import NEXT, go_back, sentence, then
from sentiment_operator.facts.observed import Origin
from sentiment_operator.telling.chain import CHAIN

STALLED_AGAIN = timedelta(hours=4)
"""A model that is tried again by itself stalls again and again. So often a person is reminded."""
SILENT_AGAIN = timedelta(minutes=15)
"""Pods that come and go would else be told of every few seconds."""

_OF_STATION = {
    ConditionType.DATA_VERIFIED: Transition.TRAINING_FAILED,
    ConditionType.TRAINED: Transition.TRAINING_FAILED,
    ConditionType.GATES_PASSED: Transition.GATE_FAILED,
    ConditionType.ROLLED_OUT: Transition.ROLLOUT_FAILED,
    ConditionType.LINEAGE_VERIFIED: Transition.ROLLOUT_FAILED,
}
"""What a dead end is called by where the way of a version ends; Stalled anywhere else."""
_OF_REASON = {
    Reason.REJECTED.value: Transition.REJECTED,
    Reason.ROLLED_BACK.value: Transition.ROLLED_BACK,
    Reason.SOURCE_REFUSED.value: Transition.STALLED,
}
"""Dead ends whose reason says more than their place."""
INCLUDED_IN = {
    Transition.TRAINING_FAILED: Transition.STALLED,
    Transition.GATE_FAILED: Transition.STALLED,
    Transition.REJECTED: Transition.STALLED,
    Transition.ROLLOUT_FAILED: Transition.STALLED,
    Transition.ROLLED_BACK: Transition.STALLED,
}
"""Who asks for the wider one is told of the narrower one too."""
TROUBLE = frozenset({*INCLUDED_IN, Transition.STALLED, Transition.NO_VERSION_ANSWERS})
"""What a recovery is told after."""
MOST_FIGURES = 5
MARK_OF_CUT = " …"


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened."""

    transition: Transition
    version: str
    reason: str
    message: str
    basis: tuple[str, ...]
    """What makes it another thing than one of the same transition, version and reason before."""
    again_after: timedelta | None = None
    """The same thing is worth telling again after so long; None: never."""


def news(
    before: SentimentModelStatus, after: SentimentModelStatus, origin: Origin, last_told: Transition | None
) -> list[News]:
    """Everything that happened between the two, in the order in which it concerns a person.

    `last_told`: what was told last, since a recovery is news only to whoever heard of the trouble.
    """
    found = (
        _trained(before, after),
        _approval(before, after),
        _serving(before, after, origin) or _recovered(before, after, last_told),
        _dead_end(before, after, origin),
        _silent(before, after, origin),
    )
    return [entry for entry in found if entry is not None]


def _trained(before: SentimentModelStatus, after: SentimentModelStatus) -> News | None:
    """A training ended well. Of a version that was known before, it is no news that it is trained."""
    now, job = condition_of(after.conditions, ConditionType.TRAINED), after.training.job_name if after.training else ""
    known = condition_of(before.conditions, ConditionType.TRAINED)
    began_here = known is not None and known.status != "True" and before.wanted_version == after.wanted_version
    if now is None or now.status != "True" or not began_here or not job:
        return None
    version = after.wanted_version
    return News(Transition.VERSION_TRAINED, version, now.reason, _cut(_with_figures(now.message, after)), basis=(job,))


def _approval(before: SentimentModelStatus, after: SentimentModelStatus) -> News | None:
    now = _became(before, after, ConditionType.AWAITING_APPROVAL, "True")
    if now is None:
        return None
    message = _cut(now.message)
    basis = (now.last_transition_time,)
    return News(Transition.APPROVAL_REQUESTED, after.wanted_version, now.reason, message, basis)


def _serving(before: SentimentModelStatus, after: SentimentModelStatus, origin: Origin) -> News | None:
    """A version has all traffic that had not when the model was ready before."""
    now = _became(before, after, ConditionType.READY, "True")
    if now is None or not after.history:
        return None
    lost, current = condition_of(before.conditions, ConditionType.READY), after.history[0]
    is_new = current not in before.history or (lost is not None and current.since > lost.last_transition_time)
    if not is_new:
        return None
    earlier = [entry.version for entry in after.history[1:]]
    is_back = current.version in earlier
    what = f"Version {current.version} {'serves again' if is_back else 'serves'}: it has all traffic."
    told = _with_figures(what, after)
    if earlier:
        told = f"{told} Before it, version {earlier[0]} served. {NEXT} to go back, {go_back(origin, earlier[0])}"
    return News(Transition.VERSION_READY, current.version, now.reason, _cut(told), basis=(current.since,))


def _recovered(before: SentimentModelStatus, after: SentimentModelStatus, last_told: Transition | None) -> News | None:
    """What serves is what served, and whoever heard of the trouble hears of its end."""
    now = _became(before, after, ConditionType.READY, "True")
    if now is None or last_told not in TROUBLE:
        return None
    basis = (now.last_transition_time,)
    return News(Transition.RECOVERED, after.serving_version, now.reason, _cut(now.message), basis)


def _dead_end(before: SentimentModelStatus, after: SentimentModelStatus, origin: Origin) -> News | None:
    now = _became(before, after, ConditionType.STALLED, "True")
    if now is None:
        return None
    basis = (str(origin.generation), origin.retry)
    version = after.wanted_version
    return News(_kind_of(now, after), version, now.reason, _cut(now.message), basis, again_after=STALLED_AGAIN)


def _kind_of(stalled: Condition, after: SentimentModelStatus) -> Transition:
    """What the dead end is called."""
    failure = after.last_failure
    of_training = failure is not None and failure.version == after.wanted_version and failure.attempt > 0
    if of_training and failure is not None and failure.reason == stalled.reason:
        return Transition.TRAINING_FAILED
    station = next((kind for kind in CHAIN if _reason(after, kind) == stalled.reason), None)
    of_station = _OF_STATION.get(station, Transition.STALLED) if station is not None else Transition.STALLED
    return _OF_REASON.get(stalled.reason, of_station)


def _silent(before: SentimentModelStatus, after: SentimentModelStatus, origin: Origin) -> News | None:
    """Some version answered, and none does any more. Before the first one answers, nobody waits for it."""
    known = condition_of(before.conditions, ConditionType.AVAILABLE)
    now = condition_of(after.conditions, ConditionType.AVAILABLE)
    if known is None or now is None or (known.status, now.status) != ("True", "False"):
        return None
    step = f"kubectl -n {origin.namespace} describe smod {origin.name}"
    message, version = _cut(then(now.message, step)), before.serving_version
    return News(Transition.NO_VERSION_ANSWERS, version, now.reason, message, basis=(), again_after=SILENT_AGAIN)


def _became(
    before: SentimentModelStatus, after: SentimentModelStatus, kind: ConditionType, status: str
) -> Condition | None:
    """The condition, where it came to that status, or holds it for another version or another reason than before."""
    known, now = condition_of(before.conditions, kind), condition_of(after.conditions, kind)
    if now is None or now.status != status:
        return None
    is_same = known is not None and (known.status, known.reason) == (now.status, now.reason)
    return None if is_same and before.wanted_version == after.wanted_version else now


def _reason(status: SentimentModelStatus, kind: ConditionType) -> str:
    found = condition_of(status.conditions, kind)
    return found.reason if found is not None and found.status != "True" else ""


def _with_figures(what: str, status: SentimentModelStatus) -> str:
    """The sentence, then what was measured of the wanted version."""
    metrics = status.training.metrics if status.training is not None else ()
    measured = [f"{metric.name} {metric.value}" for metric in metrics if f"{metric.name} {metric.value}" not in what]
    gates = [f"gates {status.gates_summary}"] if status.gates_summary else []
    figures = ", ".join((*measured[:MOST_FIGURES], *gates))
    return f"{sentence(what)} {sentence(figures[:1].upper() + figures[1:])}" if figures else sentence(what)


def _cut(message: str) -> str:
    """As much as a record holds. What is cut is the explanation: a step that is cut off helps nobody."""
    if len(message) <= MESSAGE_CHARACTERS:
        return message
    what, mark, step = message.partition(NEXT)
    room = MESSAGE_CHARACTERS - len(mark + step) - len(MARK_OF_CUT) - 1
    if room <= 0:
        return message[: MESSAGE_CHARACTERS - len(MARK_OF_CUT)] + MARK_OF_CUT
    return f"{what[:room]}{MARK_OF_CUT} {mark}{step}"

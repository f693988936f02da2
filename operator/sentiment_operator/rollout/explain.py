"""Says how a candidate fares, and what to do where it failed. Pure texts."""

from datetime import datetime
from typing import assert_never

from sentiment_operator.api.conditions import timestamp
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.rollout import FailedRollout, OnRolloutFailure
from sentiment_operator.api.status import ConditionType
from sentiment_operator.deciding.plan import Blocked, Candidate, Shift
from sentiment_operator.explaining.next_step import go_back, look_at_route, sentence, then, try_again
from sentiment_operator.facts.observed import Model, Revision
from sentiment_operator.rollout.analysis import Figures
from sentiment_operator.rollout.stages import Flow

NO_FIGURES = "figures of its requests, which Prometheus does not give"
"""What a step lacks while the Prometheus that its figures are read from does not answer."""


def silent(pods: tuple[str, ...]) -> str:
    """What a step lacks while pods are ready and do not tell their figures; empty if there are no such."""
    return f"figures of its requests, which {', '.join(pods)} does not tell at /metrics" if pods else ""


def no_baseline(stable: Revision) -> str:
    """Why nothing is compared."""
    return f"since not every pod has loaded version {stable.spec.version} to compare with, as its log says"


def failed(model: Model, revision: Revision, failure: FailedRollout, serving: str, *, has_all: bool) -> Blocked:
    """A candidate did not take over, and the same is not tried again by itself."""
    label, why = revision.spec.version, sentence(failure.message)
    where = f"in step {failure.step} of its rollout" if failure.step else "before it got any request"
    again = f"{try_again(model)} to try it again"
    match model.spec.rollout.on_failure:
        case OnRolloutFailure.ROLLBACK:
            what = f"Version {label} failed {where} and was removed: {why} Version {serving} has all requests."
            return Blocked(
                ConditionType.ROLLED_OUT,
                Reason.ROLLED_BACK,
                then(what, f"{go_back(model, serving)}, or {again}"),
                dead_end=True,
            )
        case OnRolloutFailure.HOLD:
            beside = f"It has all requests, beside idle pods of version {serving}."
            what = (
                f"Version {label} failed {where} and is held there: {why}"
                f" {beside if has_all else f'Version {serving} serves beside it.'}"
            )
            return Blocked(
                ConditionType.ROLLED_OUT,
                Reason.ROLLOUT_HELD,
                then(what, f"{go_back(model, serving)}, or {again}"),
                dead_end=True,
            )
        case _:
            assert_never(model.spec.rollout.on_failure)


def shifting(step: Shift) -> str:
    """How far the rollout is, with what is known of the candidate."""
    candidate = step.candidate
    if candidate is None and step.waits_for:
        label, other = step.revision.spec.version, step.waits_for
        return f"Version {other} is being rolled out; the pods of version {label} start once nothing else serves."
    if candidate is None:
        return f"Another candidate ends; the pods of version {step.revision.spec.version} start then."
    told = [_flow(step, candidate), _figures(step.figures), _waits(step, candidate)]
    return " ".join(filter(None, told))


def unrouted(model: Model, step: Shift, candidate: Candidate) -> str:
    """The candidate waits for its Gateway."""
    label, serving = candidate.revision.spec.version, candidate.stable.spec.version
    has_begun = candidate.progress.since is not None
    waits = "does not end" if has_begun else "does not begin"
    what = (
        f"{sentence(step.unrouted)} The pods of version {label} are ready, and step {candidate.progress.stage + 1} of"
        f" {step.stages} {waits} before it does; version {serving} serves."
    )
    return then(what, look_at_route(model))


def _flow(step: Shift, candidate: Candidate) -> str:
    label, serving, stage = candidate.revision.spec.version, candidate.stable.spec.version, candidate.stage
    which = f"step {candidate.progress.stage + 1} of {step.stages}"
    if candidate.progress.since is None:
        starts = (
            f"1 pod of version {label} starts" if stage.pods == 1 else f"{stage.pods} pods of version {label} start"
        )
        return f"{starts}, {which}; version {serving} serves."
    match stage.flow:
        case Flow.NONE:
            return f"Version {label} is ready and gets no request yet, {which}; version {serving} serves."
        case Flow.COPIES:
            return (
                f"Version {label} gets copies of {stage.weight} % of the requests, {which}; version {serving} serves."
            )
        case Flow.SHARE:
            return (
                f"Version {label} is to get {stage.weight} % of the requests, {which}, and answered"
                f" {step.measured_percent} %; version {serving} serves the rest."
            )
        case Flow.ALL:
            return f"Version {label} gets all requests, {which}; the pods of version {serving} are kept."
        case _:
            assert_never(stage.flow)


def _figures(found: Figures | None) -> str:
    if found is None or not found.requests:
        return ""
    told = [f"{found.requests} requests"]
    if found.error_percent is not None:
        told.append(f"{found.error_percent:.1f} % failed")
    if found.p95_milliseconds is not None:
        told.append(f"95 % within {found.p95_milliseconds:.0f} ms")
    if found.disagreement_percent is not None:
        told.append(f"{found.disagreement_percent:.1f} % of {found.compared} judged otherwise")
    return f"It answered {', '.join(told)}."


def _waits(step: Shift, candidate: Candidate) -> str:
    if candidate.progress.since is None:
        return ""
    if step.lacking:
        return f"The step waits for more: {step.lacking}{_until(step.deadline)}."
    return f"It goes on at {timestamp(step.not_before)}." if step.not_before is not None else ""


def _until(deadline: datetime | None) -> str:
    return f", until {timestamp(deadline)} at latest" if deadline is not None else ""

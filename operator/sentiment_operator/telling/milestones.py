"""Where the time of a rollout went: from the edit to `Ready`, by what the objects themselves say. Pure.

Kubernetes writes whole seconds, so every time here is one: a single step may be wrong by a second, the mean of many is
right. What has no time on record (when a Service first led to the pod, while another version answered) is left out, and
the next step holds it. It knows no metric and no clock.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sentiment_contract.names import VERSION_LABEL
from sentiment_operator.api.conditions import condition_of
from sentiment_operator.api.status import ConditionType, SentimentModelStatus
from sentiment_operator.facts.observed import ChildKind, Manifest, Model, Observed
from sentiment_operator.names import FIELD_MANAGER
from sentiment_operator.reading.extract import time_of
from sentiment_operator.reading.raw import condition, is_deleting, labels_of


class Milestone(StrEnum):
    """What is reached, in this order."""

    VERSION_FOUND = "VersionFound"
    """The revision is there: trained, or found in the registry."""
    DEPLOYMENT_WRITTEN = "DeploymentWritten"
    POD_CREATED = "PodCreated"
    POD_SCHEDULED = "PodScheduled"
    SANDBOX_READY = "SandboxReady"
    """The pod has its network and its volumes."""
    CONTAINER_STARTED = "ContainerStarted"
    """The image is there and the process began."""
    MODEL_LOADED = "ModelLoaded"
    """The artifact is there, has the right digest, and scored a known review."""
    POD_READY = "PodReady"
    ANSWERED = "Answered"
    """A known review was scored through the Service; only where nothing answered before."""
    READY = "Ready"
    """No pod of another version is left."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """One rollout that has ended well."""

    version: str
    is_first: bool
    """Nothing served before."""
    began_at: datetime
    reached_at: Mapping[Milestone, datetime]
    """In order; a milestone without a time, or from before the beginning, is not in it."""

    @property
    def seconds(self) -> float:
        """From the beginning to the end."""
        return (self.reached_at[Milestone.READY] - self.began_at).total_seconds()

    def steps(self) -> Iterator[tuple[Milestone, float]]:
        """Seconds from each milestone to the next; they add up to the whole."""
        before = self.began_at
        for milestone, at in self.reached_at.items():
            yield milestone, (at - before).total_seconds()
            before = at


def has_ended(before: SentimentModelStatus, after: SentimentModelStatus) -> bool:
    """Whether this change of the status says, for the first time, that a rollout ended well.

    Whoever asks with what stands in the API server is told once, also after a restart.
    """
    ready = condition_of(after.conditions, ConditionType.READY)
    return ready is not None and ready.status == "True" and before.history[:1] != after.history[:1]


def first_to_answer(pods: Sequence[Manifest], version: str) -> Manifest | None:
    """The pod of the version that was ready first."""
    ready = [pod for pod in pods if labels_of(pod).get(VERSION_LABEL) == version and not is_deleting(pod)]
    times = {pod["metadata"]["name"]: at for pod in ready if (at := _since(pod, "Ready")) is not None}
    return min(
        (pod for pod in ready if pod["metadata"]["name"] in times),
        key=lambda pod: (times[pod["metadata"]["name"]], pod["metadata"]["name"]),
        default=None,
    )


def rollout(
    model: Model, after: SentimentModelStatus, observed: Observed, pod: Manifest | None, loaded_at: datetime | None
) -> Rollout:
    """The rollout that `has_ended` speaks of.

    `model`: with the status before. `pod`: the first one to answer. `loaded_at`: when that pod says its model was there.
    """
    began = _began_at(model, observed)
    found = {milestone: at for milestone, tell in _TOLD_BY.items() if (at := tell(pod)) is not None} if pod else {}
    found |= {
        milestone: at
        for milestone, at in (
            (Milestone.VERSION_FOUND, _found_at(observed, after.serving_version)),
            (Milestone.DEPLOYMENT_WRITTEN, _written_at(observed)),
            (Milestone.MODEL_LOADED, loaded_at.replace(microsecond=0) if loaded_at else None),
            (Milestone.ANSWERED, _flipped_at(after, ConditionType.AVAILABLE) if not model.status.history else None),
            (Milestone.READY, _flipped_at(after, ConditionType.READY)),
        )
        if at is not None
    }
    if _belonged_to_a_candidate(found):
        del found[Milestone.DEPLOYMENT_WRITTEN]
    return Rollout(after.serving_version, not model.status.history, began, dict(_in_order(found, began)))


def _belonged_to_a_candidate(found: Mapping[Milestone, datetime]) -> bool:
    """Pods that are older than what the model's Deployment was last told were taken over."""
    written, created = found.get(Milestone.DEPLOYMENT_WRITTEN), found.get(Milestone.POD_CREATED)
    return written is not None and created is not None and written > created


def _in_order(found: Mapping[Milestone, datetime], began: datetime) -> Iterator[tuple[Milestone, datetime]]:
    """Clocks of two nodes may differ: what seems to come before its cause came with it."""
    latest = began
    for milestone in Milestone:
        at = found.get(milestone)
        if at is not None and (at >= began or milestone is Milestone.READY):
            latest = max(latest, at)
            yield milestone, latest


def _began_at(model: Model, observed: Observed) -> datetime:
    """The last edit; where versions come by themselves, when the model began to work on this one."""
    reconciling = condition_of(model.status.conditions, ConditionType.RECONCILING)
    noticed = time_of(reconciling.last_transition_time) if reconciling and reconciling.status == "True" else None
    comes_by_itself = observed.source is not None or observed.head is not None or model.status.followed is not None
    return noticed if noticed is not None and comes_by_itself else model.edited_at


def _found_at(observed: Observed, version: str) -> datetime | None:
    revision = observed.revisions.get(version)
    return revision.created_at if revision is not None else None


def _written_at(observed: Observed) -> datetime | None:
    child = observed.children.get(ChildKind.DEPLOYMENT)
    entries: list[Manifest] = child.body["metadata"].get("managedFields") or [] if child is not None else []
    own = [entry for entry in entries if entry.get("manager") == FIELD_MANAGER and "subresource" not in entry]
    return max((at for entry in own if (at := time_of(entry.get("time"))) is not None), default=None)


def _flipped_at(status: SentimentModelStatus, kind: ConditionType) -> datetime | None:
    found = condition_of(status.conditions, kind)
    return time_of(found.last_transition_time) if found is not None and found.status == "True" else None


def _since(pod: Manifest, kind: str) -> datetime | None:
    found = condition(pod, kind)
    return time_of(found.get("lastTransitionTime")) if found is not None else None


def _started_at(pod: Manifest) -> datetime | None:
    statuses: list[dict[str, Any]] = pod.get("status", {}).get("containerStatuses") or []
    times = (time_of(status.get("state", {}).get("running", {}).get("startedAt")) for status in statuses)
    return next((at for at in times if at is not None), None)


_TOLD_BY: dict[Milestone, Callable[[Manifest], datetime | None]] = {
    Milestone.POD_CREATED: lambda pod: time_of(pod["metadata"].get("creationTimestamp")),
    Milestone.POD_SCHEDULED: lambda pod: _since(pod, "PodScheduled"),
    Milestone.SANDBOX_READY: lambda pod: _since(pod, "PodReadyToStartContainers"),
    Milestone.CONTAINER_STARTED: _started_at,
    Milestone.POD_READY: lambda pod: _since(pod, "Ready"),
}

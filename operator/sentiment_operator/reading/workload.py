"""Raw Jobs and pods → facts: how far a training is, what it answered, why a pod does not get on. Pure.

The reasons are Kubernetes' own words (Unschedulable, OOMKilled, DeadlineExceeded …), lifted to where a person looks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from sentiment_contract.gates import Compared, ComparisonAnswer
from sentiment_contract.look_up import LookedUp, LookUpAnswer
from sentiment_contract.names import VERSION_LABEL
from sentiment_contract.training import TrainingAnswer, TrainingFailed, TrainingSucceeded
from sentiment_operator import names
from sentiment_operator.api.reasons import Reason
from sentiment_operator.facts.jobs import ComparisonJob, JobState, LookUpJob, TrainingJob, Trouble
from sentiment_operator.facts.observed import Manifest, ServingPod
from sentiment_operator.reading import searching
from sentiment_operator.reading.extract import time_of
from sentiment_operator.reading.raw import (
    annotations_of,
    condition,
    is_controlled_by,
    is_deleting,
    is_look_up,
    is_unfinished,
    labels_of,
    resource_version,
    uid_of,
)

State = dict[str, Any]
LOG_CHARACTERS = 1500
_NOT_YET = frozenset({"ContainerCreating", "PodInitializing"})
"""Waiting reasons of a pod that gets on."""


def training_job(
    body: Manifest, pods: Sequence[Manifest], progress_percent: int, events: Sequence[Manifest] = ()
) -> TrainingJob:
    """The Job with what its pods said, or what was told of it. `pods` may hold those of other Jobs."""
    own = [pod for pod in pods if _is_of(pod, uid_of(body))]
    last = _last_finished(own)
    annotations = annotations_of(body)
    searched = searching.searched(body, own) if names.SEARCH_ANNOTATION in annotations else None
    answer = _answer(last) if searched is None else searching.failure_said(own)
    state = _state(body) if searched is None else searching.state_of(_state(body), body, searched)
    trouble = _job_trouble(own, events)
    return TrainingJob(
        name=body["metadata"]["name"],
        uid=uid_of(body),
        label=labels_of(body).get(VERSION_LABEL, ""),
        recipe_hash=annotations.get(names.RECIPE_HASH_ANNOTATION, ""),
        attempt=_number(annotations.get(names.ATTEMPT_ANNOTATION, "")),
        retry=annotations.get(names.JOB_RETRY_ANNOTATION, ""),
        state=state,
        created_at=_time(body["metadata"].get("creationTimestamp")),
        finished_at=_finished_at(body),
        answer=answer,
        exit_code=None if last is None else last.get("exitCode"),
        failure=_failure(body, own, last) if state is JobState.FAILED and answer is None else None,
        trouble=trouble if searched is None or state is JobState.PENDING else None,
        progress_percent=progress_percent if searched is None else searching.percent(searched),
        searched=searched,
    )


def is_comparison(body: Manifest) -> bool:
    """Whether the Job scores for gates; else it trains."""
    return names.COMPARISON_ANNOTATION in annotations_of(body)


def comparison_job(body: Manifest, pods: Sequence[Manifest], events: Sequence[Manifest] = ()) -> ComparisonJob:
    """The Job with what its pods said, or what was told of it. `pods` may hold those of other Jobs."""
    own = [pod for pod in pods if _is_of(pod, uid_of(body))]
    last = _last_finished(own)
    answer = _figures(last)
    state = _state(body)
    annotations = annotations_of(body)
    return ComparisonJob(
        name=body["metadata"]["name"],
        key=annotations.get(names.COMPARISON_ANNOTATION, ""),
        attempt=_number(annotations.get(names.ATTEMPT_ANNOTATION, "")),
        state=state,
        created_at=_time(body["metadata"].get("creationTimestamp")),
        finished_at=_finished_at(body),
        answer=answer,
        failure=_failure(body, own, last) if state is JobState.FAILED and answer is None else None,
        trouble=_job_trouble(own, events),
    )


def is_training(body: Manifest) -> bool:
    """Whether the Job trains: it neither scores nor looks up."""
    return not is_comparison(body) and not is_look_up(body)


def look_up_job(body: Manifest, pods: Sequence[Manifest], owner: str, events: Sequence[Manifest] = ()) -> LookUpJob:
    """The Job with what its pods said, or what was told of it. `owner`: uid of the model that asks."""
    own = [pod for pod in pods if _is_of(pod, uid_of(body))]
    last = _last_finished(own)
    answer = _found(last)
    state = _state(body)
    annotations = annotations_of(body)
    return LookUpJob(
        name=body["metadata"]["name"],
        ours=is_controlled_by(body, owner),
        key=annotations.get(names.LOOK_UP_ANNOTATION, ""),
        commit=annotations.get(names.LOOK_UP_COMMIT_ANNOTATION, ""),
        attempt=_number(annotations.get(names.ATTEMPT_ANNOTATION, "")),
        retry=annotations.get(names.JOB_RETRY_ANNOTATION, ""),
        state=state,
        created_at=_time(body["metadata"].get("creationTimestamp")),
        finished_at=_finished_at(body),
        answer=answer,
        failure=_failure(body, own, last) if state is JobState.FAILED and answer is None else None,
        trouble=_job_trouble(own, events),
    )


def has_begun_without_pods(job: Manifest) -> bool:
    """True where the Job controller has begun and there is still no pod: perhaps because it may not make one."""
    status: Mapping[str, Any] = job.get("status", {})
    return is_unfinished(job) and "startTime" in status and not status.get("active")


def _job_trouble(pods: Sequence[Manifest], events: Sequence[Manifest]) -> Trouble | None:
    return next((found for pod in pods if (found := pod_trouble(pod)) is not None), None) or _refused_pods(events)


def _refused_pods(events: Sequence[Manifest]) -> Trouble | None:
    told = [event for event in events if event.get("reason") == "FailedCreate"]
    last = max(told, key=resource_version, default=None)
    return Trouble("FailedCreate", str(last.get("note", ""))) if last else None


def serving_pod(body: Manifest, says: Trouble | None = None) -> ServingPod:
    """The pod, and its trouble: what Kubernetes knows, else what its own /readyz says."""
    return ServingPod(
        name=body["metadata"]["name"],
        label=labels_of(body).get(VERSION_LABEL, ""),
        ready=is_ready(body),
        deleting=is_deleting(body),
        trouble=pod_trouble(body) or says,
        is_shadow=labels_of(body).get(names.COMPONENT_LABEL) == names.SHADOW,
    )


def is_ready(pod: Manifest) -> bool:
    """True while the pod gets traffic."""
    return condition(pod, "Ready") is not None


def is_running_unready(pod: Manifest) -> bool:
    """True where a container runs that is not ready: its /readyz can be asked why."""
    running = any("running" in status.get("state", {}) for status in _containers(pod))
    return running and not is_ready(pod) and not is_deleting(pod)


def pod_trouble(pod: Manifest) -> Trouble | None:
    """Why an unfinished pod does not get on; None where it does, or has ended well."""
    status: Mapping[str, Any] = pod.get("status", {})
    if is_deleting(pod) or status.get("phase") == "Succeeded":
        return None
    if status.get("phase") == "Failed" and status.get("reason"):
        return Trouble(str(status["reason"]), str(status.get("message", "")))
    return _unscheduled(status) or next(
        (found for container in _containers(pod) if (found := _container_trouble(container)) is not None), None
    )


def _unscheduled(status: Mapping[str, Any]) -> Trouble | None:
    conditions: list[State] = status.get("conditions") or []
    for entry in conditions:
        if entry.get("type") == "PodScheduled" and entry.get("status") == "False":
            return Trouble(str(entry.get("reason") or "Unschedulable"), str(entry.get("message", "")))
    return None


def _container_trouble(container: State) -> Trouble | None:
    waiting = container.get("state", {}).get("waiting")
    if waiting is None or waiting.get("reason") in _NOT_YET or not waiting.get("reason"):
        return None
    ended = container.get("lastState", {}).get("terminated")
    if waiting["reason"] == "CrashLoopBackOff" and ended is not None:
        reason = "OOMKilled" if ended.get("reason") == "OOMKilled" else "CrashLoopBackOff"
        return Trouble(reason, _ending(ended))
    return Trouble(str(waiting["reason"]), str(waiting.get("message", "")))


def _ending(ended: State) -> str:
    """How a container ended, with its last log lines where the kubelet kept them."""
    said = str(ended.get("message", "")).strip()[-LOG_CHARACTERS:]
    # What a log line advises is not the next step of the message that it is quoted in.
    said = said.replace("Next:", "next:")
    return f"exit code {ended.get('exitCode')}{': ' if said else ''}{said}"


def _state(job: Manifest) -> JobState:
    if is_deleting(job):
        return JobState.DELETING
    if condition(job, "Complete") is not None:
        return JobState.SUCCEEDED
    if condition(job, "Failed") is not None:
        return JobState.FAILED
    return JobState.RUNNING if job.get("status", {}).get("ready") else JobState.PENDING


def _failure(job: Manifest, pods: Sequence[Manifest], last: State | None) -> Trouble:
    """Why a Job failed whose trainer gave no answer."""
    failed = condition(job, "Failed") or {}
    reason, message = str(failed.get("reason") or Reason.JOB_FAILED), str(failed.get("message", ""))
    if reason == "DeadlineExceeded":
        return Trouble(reason, message)
    evicted = next((pod["status"] for pod in pods if pod.get("status", {}).get("reason") == "Evicted"), None)
    if last is None:
        return Trouble("Evicted", str(evicted.get("message", ""))) if evicted else Trouble(reason, message)
    return Trouble("OOMKilled" if last.get("reason") == "OOMKilled" else reason, _ending(last))


def _last_finished(pods: Sequence[Manifest]) -> State | None:
    """How the trainer ended that ended last."""
    endings = [
        state["terminated"]
        for pod in pods
        for container in _containers(pod)
        for state in (container.get("state", {}), container.get("lastState", {}))
        if "terminated" in state
    ]
    return max(endings, key=lambda ending: ending.get("finishedAt") or "", default=None)


def _answer(last: State | None) -> TrainingSucceeded | TrainingFailed | None:
    try:
        return TrainingAnswer.validate_json(last["message"]) if last and last.get("message") else None
    except ValidationError:
        return None


def _figures(last: State | None) -> Compared | TrainingFailed | None:
    try:
        return ComparisonAnswer.validate_json(last["message"]) if last and last.get("message") else None
    except ValidationError:
        return None


def _found(last: State | None) -> LookedUp | TrainingFailed | None:
    try:
        return LookUpAnswer.validate_json(last["message"]) if last and last.get("message") else None
    except ValidationError:
        return None


def _finished_at(job: Manifest) -> Any:
    ended = condition(job, "Complete") or condition(job, "Failed")
    return time_of(ended.get("lastTransitionTime")) if ended else None


def _time(text: str | None) -> Any:
    return time_of(text) or time_of("1970-01-01T00:00:00Z")


def _is_of(pod: Manifest, job_uid: str) -> bool:
    owners: list[State] = pod["metadata"].get("ownerReferences") or []
    return any(owner.get("uid") == job_uid for owner in owners)


def _containers(pod: Manifest) -> list[State]:
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0

"""Raw Jobs and pods of a search → facts: which groups of trials are done, what they came to, why one failed. Pure.

A search that some of its trials did not survive has ended well: the best of the others is trained with.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from sentiment_contract.search import GroupSearched, SearchAnswer, SearchResult
from sentiment_contract.training import FailureReason, TrainingFailed
from sentiment_operator.facts.jobs import JobState, Searched
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.names import SEARCH_ANNOTATION
from sentiment_operator.reading.raw import annotations_of, condition

INDEX_ANNOTATION = "batch.kubernetes.io/job-completion-index"
SOME_FAILED = "FailedIndexes"
"""Kubernetes' word for an Indexed Job that ended, and of which some indexes failed."""


def searched(job: Manifest, pods: Sequence[Manifest]) -> Searched:
    """How far the groups are. `pods` are those of the Job."""
    status: dict[str, Any] = job.get("status", {})
    sizes = tuple(_number(size) for size in annotations_of(job)[SEARCH_ANNOTATION].split(","))
    known = range(len(sizes))
    return Searched(
        sizes=sizes,
        completed=frozenset(index for index in _indexes(status.get("completedIndexes")) if index in known),
        failed=frozenset(index for index in _indexes(status.get("failedIndexes")) if index in known),
        results=dict(_results(pods)),
        is_held=bool(job.get("spec", {}).get("suspend")),
    )


def state_of(state: JobState, job: Manifest, found: Searched) -> JobState:
    """How far the search is: the failure of some groups is none of the whole."""
    is_partial = state is JobState.FAILED and (condition(job, "Failed") or {}).get("reason") == SOME_FAILED
    return JobState.SUCCEEDED if is_partial and found.completed else state


def failure_said(pods: Sequence[Manifest]) -> TrainingFailed | None:
    """What a pod said that failed: one that speaks of all trials before one that speaks of its own group."""
    said = [answer for answer in _answers(pods) if isinstance(answer, TrainingFailed)]
    of_all = [answer for answer in said if answer.reason is not FailureReason.SEARCH_FAILED]
    return next(reversed([*said, *of_all]), None)


def percent(found: Searched) -> int:
    """Share of the trials that ended, well or badly."""
    return 100 * (found.ended_well + found.ended_badly) // max(found.trials, 1)


def _results(pods: Sequence[Manifest]) -> Iterator[tuple[int, SearchResult]]:
    for pod in pods:
        index = annotations_of(pod).get(INDEX_ANNOTATION, "")
        for answer in _answers([pod]):
            if index.isdigit() and isinstance(answer, GroupSearched):
                yield int(index), answer.result


def _answers(pods: Sequence[Manifest]) -> Iterator[GroupSearched | TrainingFailed]:
    """What pods said that ended, the latest last."""
    for ending in sorted(_endings(pods), key=lambda ending: ending.get("finishedAt") or ""):
        try:
            yield SearchAnswer.validate_json(ending.get("message") or "")
        except ValidationError:
            continue


def _endings(pods: Sequence[Manifest]) -> list[dict[str, Any]]:
    statuses: list[list[dict[str, Any]]] = [pod.get("status", {}).get("containerStatuses") or [] for pod in pods]
    states = [one.get("state", {}) for of_pod in statuses for one in of_pod]
    return [state["terminated"] for state in states if "terminated" in state]


def _indexes(text: str | None) -> Iterator[int]:
    """The numbers of "0,3-5", as Kubernetes writes them."""
    for part in filter(None, (text or "").split(",")):
        first, _, last = part.partition("-")
        yield from range(_number(first), _number(last or first) + 1)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0

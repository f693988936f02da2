"""Where the time of a rollout went, from objects as Kubernetes shows them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import pytest
from prometheus_client import REGISTRY, generate_latest

from sentiment_contract.names import VERSION_LABEL
from sentiment_operator.api.conditions import timestamp
from sentiment_operator.api.status import Condition, ConditionType, HistoryEntry, SentimentModelStatus
from sentiment_operator.facts.observed import Head, Manifest, Model, Observed
from sentiment_operator.names import FIELD_MANAGER
from sentiment_operator.passes.timing import tell
from sentiment_operator.probing.pod_metrics import when_loaded
from sentiment_operator.telling.milestones import Milestone, Rollout, first_to_answer, has_ended, rollout
from sentiment_server.metrics import Metrics
from tests.support.builders import NOW, deployment, model, observed, revision


def at(seconds: float) -> datetime:
    """So long after the edit."""
    return NOW + timedelta(seconds=seconds)


def condition(kind: str, seconds: float, status: str = "True") -> dict[str, str]:
    return {"type": kind, "status": status, "lastTransitionTime": timestamp(at(seconds))}


def told(kind: ConditionType, seconds: float, status: Literal["True", "False"] = "True") -> Condition:
    return Condition(
        type=kind, status=status, reason="Any", observed_generation=1, last_transition_time=timestamp(at(seconds))
    )


def a_pod(name: str = "imdb-x", version: str = "1", ready: float | None = 5, created: float = 2) -> Manifest:
    kinds = [condition("PodScheduled", created), condition("PodReadyToStartContainers", created + 1)]
    running = {"running": {"startedAt": timestamp(at(created + 1))}}
    return {
        "metadata": {"name": name, "labels": {VERSION_LABEL: version}, "creationTimestamp": timestamp(at(created))},
        "status": {
            "conditions": [*kinds, *([condition("Ready", ready)] if ready is not None else [])],
            "containerStatuses": [{"state": running}],
        },
    }


def ended(version: str = "1", *before: str, ready: float = 6, available: float = 6) -> SentimentModelStatus:
    """The status that says that the version is ready."""
    return SentimentModelStatus(
        serving_version=version,
        history=history(version, *before),
        conditions=(told(ConditionType.AVAILABLE, available), told(ConditionType.READY, ready)),
    )


def history(*versions: str) -> tuple[HistoryEntry, ...]:
    """The latest first."""
    return tuple(
        HistoryEntry(version=one, since=f"2026-01-0{9 - place}T00:00:00Z") for place, one in enumerate(versions)
    )


def edited(*served: str) -> Model:
    return model(edited_at=NOW, status=SentimentModelStatus(history=history(*served)))


def seen(version: str = "1", found: float = 1, written: float = 2) -> Observed:
    live = deployment(version)
    live.body["metadata"]["managedFields"] = [
        {"manager": FIELD_MANAGER, "time": timestamp(at(written))},
        {"manager": FIELD_MANAGER, "subresource": "scale", "time": timestamp(at(60))},
        {"manager": "somebody", "time": timestamp(at(61))},
    ]
    return observed(replace(revision(version), created_at=at(found)), live=live)


def reached(found: Rollout) -> dict[Milestone, float]:
    return {milestone: (when - NOW).total_seconds() for milestone, when in found.reached_at.items()}


def test_the_steps_of_a_first_rollout_follow_each_other_and_add_up() -> None:
    found = rollout(edited(), ended(), seen(), a_pod(), at(4.7))
    assert reached(found) == {
        Milestone.VERSION_FOUND: 1,
        Milestone.DEPLOYMENT_WRITTEN: 2,
        Milestone.POD_CREATED: 2,
        Milestone.POD_SCHEDULED: 2,
        Milestone.SANDBOX_READY: 3,
        Milestone.CONTAINER_STARTED: 3,
        Milestone.MODEL_LOADED: 4,
        Milestone.POD_READY: 5,
        Milestone.ANSWERED: 6,
        Milestone.READY: 6,
    }
    assert list(found.reached_at) == list(Milestone)
    assert found.is_first
    assert sum(seconds for _, seconds in found.steps()) == found.seconds == 6


def test_a_known_version_was_found_before_and_another_one_answered_meanwhile() -> None:
    found = rollout(edited("1"), ended("2", "1"), seen("2", found=-3600), a_pod(version="2"), None)
    assert not {Milestone.VERSION_FOUND, Milestone.ANSWERED, Milestone.MODEL_LOADED} & found.reached_at.keys()
    assert not found.is_first
    assert sum(seconds for _, seconds in found.steps()) == 6


def test_pods_of_a_candidate_are_older_than_the_deployment_that_takes_them() -> None:
    found = reached(rollout(edited("1"), ended("2", "1", ready=30), seen("2", written=29), a_pod(version="2"), None))
    assert Milestone.DEPLOYMENT_WRITTEN not in found
    assert (found[Milestone.POD_CREATED], found[Milestone.READY]) == (2, 30)


def test_a_clock_that_lags_costs_no_negative_time() -> None:
    found = rollout(edited(), ended(ready=4, available=4), seen(), a_pod(ready=1), at(3))
    assert min(seconds for _, seconds in found.steps()) == 0
    assert found.seconds == 4


def test_a_rollout_without_a_pod_is_told_all_the_same() -> None:
    assert reached(rollout(edited(), ended(), Observed(), None, None)) == {Milestone.ANSWERED: 6, Milestone.READY: 6}


def test_what_comes_by_itself_begins_when_it_is_noticed() -> None:
    reconciling = (told(ConditionType.RECONCILING, 100),)
    follows = replace(edited("1"), status=SentimentModelStatus(history=history("1"), conditions=reconciling))
    after = ended("2", "1", ready=106)
    assert rollout(follows, after, replace(seen("2"), head=Head(commit="c")), None, None).seconds == 6
    assert rollout(follows, after, seen("2"), None, None).seconds == 106


def test_the_pod_that_answered_first_is_the_one_that_was_ready_first() -> None:
    pods = [a_pod("b", ready=5), a_pod("a", ready=7), a_pod("old", "0", ready=1), a_pod("c", ready=None)]
    found = first_to_answer(pods, "1")
    assert found is not None
    assert found["metadata"]["name"] == "b"
    assert first_to_answer(pods, "2") is None


ON_TRIAL = ended().model_copy(update={"conditions": (told(ConditionType.READY, 6, "False"),)})


@pytest.mark.parametrize(
    ("before", "after", "is_news"),
    [
        (SentimentModelStatus(), ended(), True),
        (ended(), ended(), False),
        (ended("1"), ended("2", "1"), True),
        (ended("1"), ON_TRIAL, False),
        # A pod was lost and came back.
        (ended().model_copy(update={"conditions": (told(ConditionType.READY, 9, "False"),)}), ended(), False),
    ],
)
def test_a_rollout_ends_once(before: SentimentModelStatus, after: SentimentModelStatus, is_news: bool) -> None:
    assert has_ended(before, after) is is_news


def test_the_time_of_loading_is_read_from_what_a_server_shows() -> None:
    metrics = Metrics("imdb", "1")
    assert when_loaded(generate_latest(metrics.registry).decode()) is None
    metrics.watch_loaded(at(4.5).timestamp)
    assert when_loaded(generate_latest(metrics.registry).decode()) == at(4.5)
    assert when_loaded("{") is None


def test_every_step_is_one_observation() -> None:
    def value(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0.0

    def values() -> tuple[float, ...]:
        step = {"reached": "PodReady", "rollout": "First"}
        return (
            value("sentiment_rollout_step_seconds_count", **step),
            value("sentiment_rollout_step_seconds_sum", **step),
            value("sentiment_rollout_seconds_sum", rollout="First"),
        )

    before = values()
    tell(rollout(edited(), ended(), seen(), a_pod(), at(3)), "reviews/imdb")
    assert [now - then for then, now in zip(before, values(), strict=True)] == [1, 2, 6]

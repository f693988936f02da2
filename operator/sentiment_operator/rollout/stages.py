"""What each strategy does in which order, as a list of stages: how many pods, which requests, for how long. Pure.

It does not know where a rollout stands.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import assert_never

from sentiment_operator.api.rollout import Analysis, Rollout, RolloutStep, Router, Strategy

ALL = 100


class Flow(StrEnum):
    """Which requests a candidate gets."""

    NONE = "None"
    COPIES = "Copies"
    """It answers copies, and nobody sees its answers."""
    SHARE = "Share"
    """It answers a share of them."""
    ALL = "All"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage on the way of a candidate."""

    flow: Flow
    weight: int
    """Share of the requests in percent."""
    pods: int
    pause: timedelta
    requests: int
    """So many it has to answer before the stage ends."""
    beside: int
    """Pods that serve meanwhile."""


def stages(rollout: Rollout, stable_pods: int) -> tuple[Stage, ...]:
    """The way of a candidate beside so many pods that serve. Empty for RollingUpdate: there is no candidate."""
    match rollout.strategy:
        case Strategy.ROLLING_UPDATE:
            return ()
        case Strategy.CANARY:
            pods_for = _share_of_pods if rollout.router is Router.REPLICAS else _share_of_capacity
            return tuple(_stage(Flow.SHARE, step, rollout.analysis, stable_pods, pods_for) for step in rollout.steps)
        case Strategy.SHADOW:
            return tuple(
                _stage(Flow.COPIES, step, rollout.analysis, stable_pods, _share_of_capacity) for step in rollout.steps
            )
        case Strategy.BLUE_GREEN:
            before = Stage(Flow.NONE, 0, max(1, stable_pods), timedelta(), 0, stable_pods)
            after = rollout.steps[0] if rollout.steps else RolloutStep()
            return (before, _stage(Flow.ALL, after, rollout.analysis, stable_pods, _share_of_capacity))
        case _:
            assert_never(rollout.strategy)


def _stage(
    flow: Flow, step: RolloutStep, analysis: Analysis, stable_pods: int, pods_for: Callable[[int, int], int]
) -> Stage:
    weight = step.weight_percent or ALL
    needed = max(step.min_requests, analysis.min_samples if analysis.looks_at_anything else 0)
    pause = timedelta(seconds=step.pause_seconds)
    return Stage(flow, weight, pods_for(weight, stable_pods), pause, needed, stable_pods)


def _share_of_pods(weight: int, stable_pods: int) -> int:
    """Pods that get about this share of new connections behind one Service, beside all pods that serve now."""
    beside = ALL - weight
    return max(1, (2 * stable_pods * weight + beside) // (2 * beside))


def _share_of_capacity(weight: int, stable_pods: int) -> int:
    """Pods that carry this share as easily as those that serve now carry everything."""
    return max(1, -(-stable_pods * weight // ALL))

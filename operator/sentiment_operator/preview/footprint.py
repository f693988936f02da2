"""What the way of a version would take on the nodes: pods at a time beyond those that run, and what each asks for. Pure.

Numbers come from what makes the pods. It knows no node.
"""

from dataclasses import dataclass
from decimal import Decimal

from sentiment_operator.api.model import Serving
from sentiment_operator.api.preview import Action
from sentiment_operator.api.resources import SERVER_RESOURCES, TRAINER_RESOURCES
from sentiment_operator.api.rollout import Strategy
from sentiment_operator.children.deployment import MAX_SURGE
from sentiment_operator.children.pods import resources
from sentiment_operator.deciding.plan import Roll
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.preview.foresee import Foreseen
from sentiment_operator.reading.deployed import deployed
from sentiment_operator.reading.difference import quantity
from sentiment_operator.reading.in_force import serving_in_force
from sentiment_operator.rollout import advance
from sentiment_operator.rollout.stages import stages

MEBI = 2**20


@dataclass(frozen=True, slots=True)
class Footprint:
    """Pods that are alike."""

    pods: int
    cpu: Decimal
    """Of each."""
    memory: Decimal
    """Of each."""

    def cpu_told(self) -> str:
        """Of all of them together, as Kubernetes writes it."""
        cores = self.pods * self.cpu
        return f"{cores:.0f}" if cores == cores.to_integral_value() else f"{1000 * cores:.0f}m"

    def memory_told(self) -> str:
        """Likewise."""
        amount = self.pods * self.memory
        return f"{amount / MEBI:.0f}Mi" if amount % MEBI == 0 else f"{amount:.0f}"


def job(ahead: Foreseen) -> Footprint | None:
    """The pod that trains, or that scores for the gates; None where no Job is needed."""
    if ahead.action is not Action.TRAIN and not ahead.scores:
        return None
    return _footprint(1, resources(ahead.model.spec.training.resources, TRAINER_RESOURCES))


def surge(ahead: Foreseen) -> Footprint:
    """Serving pods beyond those that run, at the time when they are most."""
    return _footprint(_surge_pods(ahead), resources(ahead.model.spec.serving.resources, SERVER_RESOURCES))


def strategy(ahead: Foreseen) -> Strategy:
    """How it would take over: one that served before, or has nothing beside it, needs no candidate."""
    return Strategy.ROLLING_UPDATE if _takes_over_at_once(ahead) else ahead.model.spec.rollout.strategy


def _takes_over_at_once(ahead: Foreseen) -> bool:
    stable, revision = ahead.ends.target, ahead.revision
    if stable is None or isinstance(ahead.ends.step, Roll):
        return True
    # Nobody can tell before a training that it will come to the model that serves.
    return revision is not None and advance.takes_over_at_once(ahead.model, revision, stable)


def _surge_pods(ahead: Foreseen) -> int:
    live, serving = deployed(ahead.observed), ahead.model.spec.serving
    if live is None:
        bounds = serving.autoscaling
        return bounds.min_replicas if bounds is not None else serving.replicas or 1
    pods = max(live.wanted_replicas, _pods(serving, live.wanted_replicas))
    more = pods - live.wanted_replicas
    if _takes_over_at_once(ahead):
        return more + (MAX_SURGE if _replaces_pods(ahead) else 0)
    way = stages(ahead.model.spec.rollout, pods)
    there = advance.frozen(ahead.model, ahead.observed, ahead.revision, ahead.ends.target)
    running = there.stage.pods if there is not None else 0
    return more + max([MAX_SURGE, *(stage.pods - running for stage in way)])


def _pods(serving: Serving, now: int) -> int:
    """So many pods are wanted for what serves. What an autoscaler will see nobody knows, but it keeps to its bounds."""
    bounds = serving.autoscaling
    return serving.replicas or 1 if bounds is None else min(max(now, bounds.min_replicas), bounds.max_replicas)


def _replaces_pods(ahead: Foreseen) -> bool:
    """Whether the pods that run make room for others, and do not only become more or fewer."""
    before = serving_in_force(ahead.model, ahead.observed).resources
    return not ahead.serves_already or before != ahead.model.spec.serving.resources


def _footprint(pods: int, resources: Manifest) -> Footprint:
    cpu, memory = (Decimal(quantity(resources["requests"][name])) for name in ("cpu", "memory"))
    return Footprint(pods, cpu, memory)

"""The pods of a candidate become those of the model while nobody loses one, whatever the Deployment controller does.

It is played here as far as it decides how many pods each ReplicaSet has: `scale` and what it calls in Kubernetes'
pkg/controller/deployment, which is what runs while a Deployment is paused, or once after it was scaled.
"""

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from sentiment_operator import children
from sentiment_operator.api_rollout import Rollout
from sentiment_operator.facts import Child, ChildKind, Manifest, Observed
from sentiment_operator.plan import Candidate, Plan, Roll, TakeOver
from sentiment_operator.rollout.advance import taking_over
from sentiment_operator.rollout.progress import Progress
from sentiment_operator.rollout.stages import Stage, stages
from tests.support.builders import NOW, SETTINGS, deployment, model, observed, revision, served, spec

OLD, NEW = served("1"), revision("2")
MODEL = model(spec("2", rollout={"strategy": "Canary", "steps": [{"weightPercent": 20}]}))
PODS = some.integers(1, 60)
WEIGHTS = some.integers(1, 50)


@dataclass(frozen=True)
class ReplicaSet:
    """One ReplicaSet with what the controller noted when it was sized last."""

    replicas: int
    desired: int
    most: int
    available: int

    def sized(self, replicas: int, desired: int, surge: int) -> "ReplicaSet":
        return ReplicaSet(replicas, desired, desired + surge, min(self.available, replicas))

    def share(self, allowed: int) -> int:
        """How many more it gets of so many that are allowed."""
        return int(self.replicas * allowed / self.most + 0.5) - self.replicas


def scaled(old: ReplicaSet, new: ReplicaSet, wanted: int, surge: int) -> tuple[ReplicaSet, ReplicaSet]:
    """What the controller makes of both while neither is empty."""
    if new.replicas == wanted and new.desired == wanted and new.available == wanted:
        return old.sized(0, wanted, surge), new
    allowed = wanted + surge
    missing = allowed - old.replicas - new.replicas
    # By size; of the same size, growing begins with the newer and shrinking with the older one.
    first_is_old = old.replicas > new.replicas or (old.replicas == new.replicas and missing < 0)
    sizes, given_out = list[int](), 0
    for one in (old, new) if first_is_old else (new, old):
        part = 0
        if missing and missing != given_out:
            left = missing - given_out
            part = min(one.share(allowed), left) if missing > 0 else max(one.share(allowed), left)
        sizes.append(one.replicas + part)
        given_out += part
    sizes[0] = max(0, sizes[0] + missing - given_out)
    ours, theirs = sizes if first_is_old else reversed(sizes)
    return old.sized(ours, wanted, surge), new.sized(theirs, wanted, surge)


def surge_of(manifest: Manifest | None) -> int:
    assert manifest is not None
    surge: int = manifest["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
    return surge


def last_stage(weight: int, pods: int) -> Stage:
    return stages(Rollout.model_validate({"strategy": "Canary", "steps": [{"weightPercent": weight}]}), pods)[-1]


def taken_over(weight: int, pods: int, wanted: int) -> tuple[ReplicaSet, ReplicaSet]:
    """Both ReplicaSets after the candidate's was adopted; the model was scaled from `pods` to `wanted` meanwhile."""
    stage = last_stage(weight, pods)
    standing = Candidate(NEW, OLD, stage, Progress(key="k", entered=NOW))
    plan = Plan(step=TakeOver(NEW, standing), wanted="2", target=NEW, candidate=standing)
    facts = observed(OLD, NEW, live=deployment("1", wanted=pods))
    written = children.serving_children(MODEL, plan, facts, SETTINGS)
    surge, its_surge = (surge_of(written[kind]) for kind in (ChildKind.DEPLOYMENT, ChildKind.CANDIDATE))
    old = ReplicaSet(wanted, wanted, wanted + 1, min(pods, wanted))
    new = ReplicaSet(stage.pods, stage.pods, stage.pods + its_surge, stage.pods)
    return scaled(old, new, wanted, surge)


@given(weight=WEIGHTS, pods=PODS)
def test_no_pod_that_answers_is_ended_for_one_that_has_yet_to_start(weight: int, pods: int) -> None:
    old, new = taken_over(weight, pods, pods)
    assert old.available + new.available >= pods


@given(weight=WEIGHTS, pods=PODS, wanted=PODS)
def test_nor_is_it_while_the_model_is_scaled_in_that_very_moment(weight: int, pods: int, wanted: int) -> None:
    old, new = taken_over(weight, pods, wanted)
    assert old.available + new.available >= min(pods, wanted)


def test_the_played_controller_would_take_pods_away_without_that_room() -> None:
    new = ReplicaSet(4, 4, 5, 4)
    assert scaled(ReplicaSet(10, 10, 11, 10), new, 10, 1) == (ReplicaSet(2, 10, 11, 2), ReplicaSet(9, 10, 11, 4))


# What is written, from pass to pass


def live(**status: Any) -> Child:
    """Version 2 is wanted of the Deployment, which is paused."""
    found = deployment("2", wanted=10, **status)
    return replace(found, body={**found.body, "spec": {**found.body["spec"], "paused": True}})


def test_pods_are_let_go_of_only_once_it_is_known_that_they_are_waited_for() -> None:
    there = Child({**live().body, "metadata": {"name": "imdb-candidate"}}, ours=True)
    stale = live(observedGeneration=0)
    for found, heard in ((live(), True), (stale, False)):
        facts = observed(OLD, NEW, live=found, children={ChildKind.CANDIDATE: there})
        assert taking_over(facts, NEW) == TakeOver(NEW, None, hand_over=heard)


def test_what_waits_for_pods_is_not_kept_waiting_for_rollouts_of_other_models() -> None:
    busy: dict[str, Any] = {"rollouts_elsewhere": SETTINGS.max_concurrent_rollouts}
    plan = Plan(step=Roll(NEW), wanted="2", target=NEW)
    waiting: Observed = observed(OLD, NEW, live=live(), **busy)
    written = children.serving_children(MODEL, plan, waiting, SETTINGS)[ChildKind.DEPLOYMENT]
    assert written is not None
    assert not written["spec"]["paused"]


def test_a_stage_knows_how_many_serve_beside_it() -> None:
    assert [stage.beside for stage in stages(Rollout.model_validate({"strategy": "BlueGreen"}), 7)] == [7, 7]
    assert last_stage(20, 7).beside == 7

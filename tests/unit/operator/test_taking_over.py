"""The pods of a candidate become those of the model while nobody loses one, whatever the Deployment controller does.

It is played here as far as it decides how many pods each ReplicaSet has, by Kubernetes' pkg/controller/deployment: `scale`
and what it calls, which is what runs while a Deployment is paused, or once after it was scaled; and one step of a rolling
update. It looks at what ReplicaSets say of themselves, and they may not yet have said that pods of theirs were ended.
"""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sentiment_operator import children
from sentiment_operator.api.rollout import Rollout
from sentiment_operator.deciding.plan import Candidate, Plan, Roll, TakeOver
from sentiment_operator.facts.observed import Child, ChildKind, Manifest, Observed
from sentiment_operator.reading.deployed import deployment_of
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
    """One ReplicaSet with what the controller noted when it was sized last, and what it says itself."""

    replicas: int
    desired: int
    most: int
    available: int
    """So many of its pods answer."""
    said: int
    """So many of its pods answered when it last said so."""

    def sized(self, replicas: int, desired: int, surge: int) -> "ReplicaSet":
        return ReplicaSet(replicas, desired, desired + surge, min(self.available, replicas), self.said)

    def share(self, allowed: int) -> int:
        """How many more it gets of so many that are allowed."""
        return int(self.replicas * allowed / self.most + 0.5) - self.replicas


def scaled(old: ReplicaSet, new: ReplicaSet, wanted: int, surge: int) -> tuple[ReplicaSet, ReplicaSet]:
    """What the controller makes of both while neither is empty."""
    if new.replicas == wanted and new.desired == wanted and new.said == wanted:
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


def shrunk(old: ReplicaSet, new: ReplicaSet, wanted: int, surge: int) -> ReplicaSet:
    """What the controller makes of the old one in one step of a rolling update."""
    most_to_end = old.replicas + new.replicas - wanted - (new.replicas - new.said)
    answer = old.said + new.said
    if old.replicas == 0 or most_to_end <= 0 or answer <= wanted:
        return old
    return old.sized(max(0, old.replicas - (answer - wanted)), wanted, surge)


def surge_of(manifest: Manifest | None) -> int:
    assert manifest is not None
    surge: int = manifest["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
    return surge


def last_stage(weight: int, pods: int) -> Stage:
    return stages(Rollout.model_validate({"strategy": "Canary", "steps": [{"weightPercent": weight}]}), pods)[-1]


@dataclass(frozen=True)
class Handover:
    """Both ReplicaSets after the candidate's was adopted, and the room that the Deployment then has."""

    old: ReplicaSet
    new: ReplicaSet
    surge: int

    def goes_on(self, wanted: int) -> "Handover":
        """After one more step, before either has said anything anew."""
        return replace(self, old=shrunk(self.old, self.new, wanted, self.surge))

    @property
    def answer(self) -> int:
        return self.old.available + self.new.available


def taken_over(weight: int, pods: int, wanted: int) -> Handover:
    """The model was scaled from `pods` to `wanted` meanwhile."""
    stage = last_stage(weight, pods)
    standing = Candidate(NEW, OLD, stage, Progress(key="k", entered=NOW))
    plan = Plan(step=TakeOver(NEW, standing), wanted="2", target=NEW, candidate=standing)
    facts = observed(OLD, NEW, live=deployment("1", wanted=pods))
    written = children.serving_children(MODEL, plan, facts, SETTINGS)
    surge, its_surge = (surge_of(written[kind]) for kind in (ChildKind.DEPLOYMENT, ChildKind.CANDIDATE))
    live = min(pods, wanted)
    old = ReplicaSet(wanted, wanted, wanted + 1, live, live)
    new = ReplicaSet(stage.pods, stage.pods, stage.pods + its_surge, stage.pods, stage.pods)
    return Handover(*scaled(old, new, wanted, surge), surge)


@given(weight=WEIGHTS, pods=PODS)
def test_no_pod_that_answers_is_ended_for_one_that_has_yet_to_start(weight: int, pods: int) -> None:
    both = taken_over(weight, pods, pods)
    assert both.answer >= pods
    assert both.goes_on(pods).answer >= pods


@given(weight=WEIGHTS, pods=PODS, wanted=PODS)
def test_nor_is_it_while_the_model_is_scaled_in_that_very_moment(weight: int, pods: int, wanted: int) -> None:
    assert taken_over(weight, pods, wanted).answer >= min(pods, wanted)


def test_the_played_controller_would_take_pods_away_without_that_room() -> None:
    old, new = ReplicaSet(10, 10, 11, 10, 10), ReplicaSet(4, 4, 5, 4, 4)
    assert scaled(old, new, 10, 1) == (ReplicaSet(2, 10, 11, 2, 10), ReplicaSet(9, 10, 11, 4, 4))
    noted = replace(new, most=14)
    little = Handover(*scaled(old, noted, 10, 1), surge=1)
    assert (little.answer, little.goes_on(10).answer) == (11, 7)


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


@pytest.mark.parametrize(
    ("step", "body", "surge"),
    [
        (Roll(NEW), {"replicas": 14, "updatedReplicas": 4}, 4),
        (TakeOver(NEW, None), {"replicas": 14, "updatedReplicas": 4}, 4),
        (Roll(OLD), {"replicas": 14, "updatedReplicas": 4}, 1),
        (Roll(NEW), {}, 1),
    ],
    ids=["while old pods end", "while pods are let go of", "on the way back", "once they have ended"],
)
def test_the_room_stays_until_the_last_old_pod_has_gone(
    step: Roll | TakeOver, body: dict[str, int], surge: int
) -> None:
    found = live(**body)
    found.body["spec"]["strategy"] = {"rollingUpdate": {"maxSurge": 4}}
    plan = Plan(step=step, wanted="2", target=step.revision)
    written = children.serving_children(MODEL, plan, observed(OLD, NEW, live=found), SETTINGS)
    assert surge_of(written[ChildKind.DEPLOYMENT]) == surge


def test_a_percentage_that_somebody_wrote_gives_no_room() -> None:
    found = live(replicas=14)
    found.body["spec"]["strategy"] = {"rollingUpdate": {"maxSurge": "400%"}}
    assert deployment_of(found.body).surge == 0


def test_a_stage_knows_how_many_serve_beside_it() -> None:
    assert [stage.beside for stage in stages(Rollout.model_validate({"strategy": "BlueGreen"}), 7)] == [7, 7]
    assert last_stage(20, 7).beside == 7

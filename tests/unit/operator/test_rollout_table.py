"""Every strategy, disturbed at every point of its way in every way: each cell reaches its end, and then nothing moves.

After every pass the operator is asked again at that very moment: without news it soon has nothing left to write.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment_operator import names
from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.api.status import ConditionType
from sentiment_operator.facts.observed import Answered, Manifest
from sentiment_operator.kinds import AUTOSCALER, CONFIG_MAP, DEPLOYMENT, SERVICE
from sentiment_operator.reading import workload
from sentiment_operator.reading.raw import is_deleting, labels_of, uid_of
from sentiment_operator.rollout.progress import Progress
from tests.support.builders import spec
from tests.unit.operator.simulated_world import NAME, Killed, Operator, World, turn
from tests.unit.operator.test_convergence import assert_honest, assert_ready, assert_rests, said, told

CANDIDATE = f"{NAME}-candidate"
SHORT, LONG = {"weightPercent": 20, "pauseSeconds": 10}, {"weightPercent": 50, "pauseSeconds": 10}
IN_ALL = {"analysis": {"maxErrorPercent": 1, "minSamples": 20}, "progressDeadlineSeconds": 30}
STRATEGIES: dict[str, dict[str, Any]] = {
    "Canary": {"strategy": "Canary", "steps": [SHORT, LONG], **IN_ALL},
    "BlueGreen": {"strategy": "BlueGreen", "steps": [{"pauseSeconds": 10}], **IN_ALL},
    "Shadow": {"strategy": "Shadow", "steps": [SHORT, LONG], **IN_ALL},
}
LONGEST = 2000
PASSES_ON_THE_SPOT = 8
FAR_BEYOND_THE_DEADLINE = timedelta(minutes=3)


class Cell:
    """Version 1 serves, and version 2 is on its way."""

    def __init__(self, rollout: dict[str, Any]) -> None:
        self.rollout, self.pods, self.autoscaled = rollout, 2, False
        self.operator = Operator(World(answers=_good), after_pass=self._asked_again)
        self.edit("1")
        self.rest()
        self.edit("2")

    def spec(self, label: str, **more: Any) -> SentimentModelSpec:
        serving = {"autoscaling": {"maxReplicas": 9}} if self.autoscaled else {"replicas": self.pods}
        return spec(label, rows=1000 + int(label), rollout=self.rollout, serving=serving, **more)

    def edit(self, label: str, **more: Any) -> None:
        self.operator.world.edit(self.spec(label, **more))

    def until(self, holds: Callable[["Cell"], object]) -> None:
        for _ in range(LONGEST):
            if holds(self):
                return
            assert turn(self.operator), f"it rests before: {said(self.operator, ConditionType.READY)}"
        raise AssertionError("it never held")

    def rest(self, *, users: int = 0) -> None:
        """Until nothing moves; so many pods answer users all the while."""
        for _ in range(LONGEST):
            if not turn(self.operator):
                return
            assert len(self.reached()) >= users, self.operator.writes[-5:]
        raise AssertionError(f"it does not rest: {self.operator.writes[-10:]}")

    def for_long(self, time: timedelta) -> None:
        end = self.operator.world.now + time
        while turn(self.operator, end):
            pass

    def reached(self) -> list[Manifest]:
        """Pods that the Service leads to."""
        service = self.operator.world.objects.get((SERVICE, NAME))
        if service is None:
            return []
        pods = [pod for pod in self.operator.world.serving_pods() if workload.is_ready(pod) and not is_deleting(pod)]
        return [pod for pod in pods if service["spec"]["selector"].items() <= labels_of(pod).items()]

    def live(self) -> Manifest:
        return self.operator.world.objects[DEPLOYMENT, NAME]

    def candidate(self) -> Manifest | None:
        """Its Deployment, while there is one."""
        return self.operator.world.objects.get((DEPLOYMENT, CANDIDATE))

    def step(self) -> tuple[int, int]:
        """Which step runs, and how many there are."""
        rollout = told(self.operator).rollout
        return (rollout.step, rollout.steps) if rollout is not None else (0, 0)

    def serves(self, label: str) -> None:
        """All pods are of that version, and no trace of a candidate is left."""
        assert_ready(self.operator, label)
        self.holds(label)

    def holds(self, label: str) -> None:
        world = self.operator.world
        assert len(self.reached()) == self.pods
        assert world.answer().version == label
        assert not [kind for kind in (DEPLOYMENT, SERVICE, CONFIG_MAP) if (kind, CANDIDATE) in world.objects]
        assert not self.live()["spec"].get("paused")
        assert world.objects[SERVICE, NAME]["spec"]["selector"] == names.identity_labels(NAME, names.SERVER)
        assert ((AUTOSCALER, NAME) in world.objects) is self.autoscaled

    @staticmethod
    def _asked_again(operator: Operator, before: Manifest) -> None:
        assert_honest(operator, before)
        for _ in range(PASSES_ON_THE_SPOT):
            written = len(operator.writes)
            operator.run_pass()
            if len(operator.writes) == written:
                return
        raise AssertionError(f"without news it goes on writing: {operator.writes[-PASSES_ON_THE_SPOT:]}")


def _good(_: str, seconds: int) -> Answered:
    return Answered(requests=10 * seconds)


def _failing(label: str, seconds: int) -> Answered:
    return Answered(requests=10 * seconds, errors=seconds if label == "2" else 0)


# Where it is


def starts(cell: Cell) -> bool:
    return (DEPLOYMENT, CANDIDATE) in cell.operator.world.objects


def first_step(cell: Cell) -> bool:
    return cell.step()[0] > 0


def last_step(cell: Cell) -> bool:
    step, steps = cell.step()
    return step > 0 and step == steps


def takes_over(cell: Cell) -> bool:
    return labels_of(cell.live()["spec"]["template"])[names.VERSION_LABEL] == "2"


POINTS = (starts, first_step, last_step, takes_over)

# What happens, and what it comes to. Each is given the cell, and whether the version has taken over already.


def nothing(cell: Cell, *, is_over: bool) -> str:
    return "2"


def edit_back(cell: Cell, *, is_over: bool) -> str:
    cell.edit("1")
    return "1"


def edit_forward(cell: Cell, *, is_over: bool) -> str:
    cell.edit("3")
    return "3"


def edit_there_and_back(cell: Cell, *, is_over: bool) -> str:
    cell.edit("3")
    turn(cell.operator)
    cell.edit("2")
    return "2"


def limit_broken(cell: Cell, *, is_over: bool) -> str:
    cell.operator.world.answers = _failing
    return "2" if is_over else "RolledBack"


def pods_crash(cell: Cell, *, is_over: bool) -> str:
    """Those of version 2 that are not ready yet, and all that come."""
    cell.operator.world.hinders = lambda label: "CrashLoopBackOff" if label == "2" else None
    cell.for_long(FAR_BEYOND_THE_DEADLINE)
    if said(cell.operator, ConditionType.STALLED)[1] == "RolledBack":
        return "RolledBack"
    cell.operator.world.hinders = lambda _: None
    return "2"


def kill(cell: Cell, *, is_over: bool) -> str:
    """Whoever starts in its place goes on with the same candidate, where it was."""
    before = cell.candidate()
    cell.operator.writes_left = 1
    try:
        while turn(cell.operator):
            pass
    except Killed:
        pass
    cell.operator.restart()
    while before is not None and (there := cell.candidate()) is not None:
        assert uid_of(there) == uid_of(before)
        assert _progress(there).stage >= _progress(before).stage
        turn(cell.operator)
    return "2"


def _progress(candidate: Manifest) -> Progress:
    return Progress.model_validate_json(candidate["metadata"]["annotations"][names.ROLLOUT_ANNOTATION])


def approval_asked_late(cell: Cell, *, is_over: bool) -> str:
    cell.edit("2", promotion={"approval": {"policy": "Manual"}})
    cell.rest(users=cell.pods)
    cell.operator.world.answer_for("ana", "2")
    return "2"


def answer_of_a_person(cell: Cell, *, is_over: bool) -> str:
    cell.operator.world.answer_for("ana", "2")
    return "2"


def registry_away(cell: Cell, *, is_over: bool) -> str:
    cell.operator.world.mlflow_is_away = True
    cell.operator.world.hinders = lambda _: "RegistryUnreachable"
    cell.for_long(FAR_BEYOND_THE_DEADLINE)
    cell.operator.world.mlflow_is_away, cell.operator.world.hinders = False, lambda _: None
    return "2"


def scaled_up(cell: Cell, *, is_over: bool) -> str:
    cell.pods, cell.autoscaled = 5, False
    cell.edit("2")
    return "2"


def scaled_down(cell: Cell, *, is_over: bool) -> str:
    cell.pods, cell.autoscaled = 1, False
    cell.edit("2")
    return "2"


def autoscaler_moves(cell: Cell, *, is_over: bool) -> str:
    """Up, and while that is going on, down again."""
    cell.autoscaled = True
    cell.edit("2")
    for cell.pods in (5, 3):
        turn(cell.operator)
        cell.operator.world.scale(NAME, cell.pods)
    return "2"


def candidate_deleted(cell: Cell, *, is_over: bool) -> str:
    cell.operator.world.delete(DEPLOYMENT, CANDIDATE)
    return "2"


def suspended_for_long(cell: Cell, *, is_over: bool) -> str:
    cell.edit("2", suspend=True)
    cell.for_long(FAR_BEYOND_THE_DEADLINE)
    cell.edit("2")
    return "2"


def retry(cell: Cell, *, is_over: bool) -> str:
    cell.operator.world.annotate_retry("again")
    return "2"


def another_strategy(cell: Cell, *, is_over: bool) -> str:
    known = list(STRATEGIES.values())
    cell.rollout = known[(known.index(cell.rollout) + 1) % len(known)] if cell.rollout else known[0]
    cell.edit("2")
    return "2"


def no_strategy(cell: Cell, *, is_over: bool) -> str:
    cell.rollout = {}
    cell.edit("2")
    return "2"


EVENTS = (
    nothing,
    edit_back,
    edit_forward,
    edit_there_and_back,
    limit_broken,
    pods_crash,
    kill,
    approval_asked_late,
    answer_of_a_person,
    registry_away,
    scaled_up,
    scaled_down,
    autoscaler_moves,
    candidate_deleted,
    suspended_for_long,
    retry,
    another_strategy,
    no_strategy,
)


PASSING = tuple(event for event in EVENTS if event not in (limit_broken, pods_crash, approval_asked_late))
"""What fails no version for good, and asks nobody."""


def _spelled(part: Any) -> str:
    return part.__name__.replace("_", " ") if callable(part) else str(part)


CELLS = [
    (strategy, point)
    for strategy in STRATEGIES
    for point in POINTS
    # BlueGreen has one step only: its first is its last.
    if (strategy, point) != ("BlueGreen", first_step)
]


@pytest.mark.parametrize("event", EVENTS, ids=_spelled)
@pytest.mark.parametrize(("strategy", "point"), CELLS, ids=_spelled)
def test_every_cell_reaches_its_end(strategy: str, point: Callable[[Cell], bool], event: Callable[..., str]) -> None:
    cell = Cell(STRATEGIES[strategy])
    cell.until(point)
    end = event(cell, is_over=point is takes_over)
    # With the pods of a candidate that has all requests, those requests have to find their way back first.
    cell.rest(users=0 if event in (candidate_deleted, scaled_up, autoscaler_moves) else min(2, cell.pods))
    if end == "RolledBack":
        assert said(cell.operator, ConditionType.STALLED) == ("True", "RolledBack")
        cell.holds("1")
    else:
        cell.serves(end)
    assert_rests(cell.operator)


History = list[tuple[int, Callable[..., str]]]
"""What happens, and so many turns before it."""
HISTORIES = given(
    strategy=st.sampled_from(sorted(STRATEGIES)),
    history=st.lists(st.tuples(st.integers(0, 20), st.sampled_from(PASSING)), min_size=2, max_size=5),
)


@settings(max_examples=20, deadline=None)
@HISTORIES
def test_after_some_histories_what_is_wanted_serves(strategy: str, history: History) -> None:
    _assert_it_ends_well(strategy, history)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@settings(max_examples=1000, deadline=None)
@HISTORIES
def test_after_any_history_what_is_wanted_serves(strategy: str, history: History) -> None:
    _assert_it_ends_well(strategy, history)


def _assert_it_ends_well(strategy: str, history: History) -> None:
    cell = Cell(STRATEGIES[strategy])
    for turns, event in history:
        for _ in range(turns):
            turn(cell.operator)
        event(cell, is_over=False)
    cell.edit("2")
    cell.rest()
    cell.serves("2")
    assert_rests(cell.operator)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_points_lie_on_the_way_one_behind_the_other(strategy: str) -> None:
    cell, reached_at = Cell(STRATEGIES[strategy]), list[int]()
    for point in POINTS:
        cell.until(point)
        reached_at.append(len(cell.operator.writes))
    # What has one step only is in its last one from the first on.
    assert len({*reached_at}) == (len(POINTS) - 1 if strategy == "BlueGreen" else len(POINTS))

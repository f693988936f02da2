"""What the guard of speed makes of what it measures."""

from dataclasses import dataclass

import pytest

from bench.guard.judging import MORE, Verdict, judge, recorded_ratios
from bench.guard.paths import NAMES
from bench.guard.timing import Pair, Seconds, time_in_turn

RECORDED = {"path": 0.5}


@dataclass
class Processor:
    """A clock that works move on."""

    seconds: float = 0.0

    def pair(self, ours: float, reference: float = 1.0) -> Pair:
        return Pair("path", lambda: self.work(ours), lambda: self.work(reference), clock=lambda: self.seconds)

    def work(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.mark.parametrize(("ours", "regressed"), [(0.5, False), (0.74, False), (0.76, True), (1.0, True), (0.1, False)])
def test_a_path_may_take_half_as_long_again_and_no_more(ours: float, regressed: bool) -> None:
    assert judge(Processor().pair(ours), RECORDED).regressed is regressed


def test_a_machine_that_is_slower_changes_nothing() -> None:
    assert judge(Processor().pair(ours=5.0, reference=10.0), RECORDED).slower == pytest.approx(1)


def test_what_is_twice_as_slow_is_told_with_what_to_do() -> None:
    told = str(judge(Processor().pair(ours=1.0), RECORDED))
    assert told.startswith("path: 1.0000 of its reference's time, recorded 0.5000: 2.0 times slower than it was")
    assert "Next: find the change with" in told
    assert "bench.guard --record path" in told


def test_what_became_faster_is_to_be_recorded() -> None:
    told = str(judge(Processor().pair(ours=0.2), RECORDED))
    assert "2.5 times faster. Next: `python -m bench.guard --record path`" in told


def test_only_what_seems_slower_is_measured_again_and_longer() -> None:
    asked: list[int | None] = []

    def measure(pair: Pair, rounds: int | None) -> Seconds:
        asked.append(rounds)
        return Seconds(0.9, 1.0) if rounds is None else Seconds(0.6, 1.1)

    pair = Processor().pair(ours=0.5)
    assert judge(pair, RECORDED, measure) == Verdict("path", 0.6, 0.5)
    assert asked == [None, pair.rounds * MORE]


def test_works_take_turns_and_the_least_counts() -> None:
    processor, order = Processor(), list[str]()

    def work(name: str, *seconds: float) -> None:
        order.append(name)
        processor.work(seconds[order.count(name) - 1])

    pair = Pair(
        "path", lambda: work("ours", 3, 1, 2), lambda: work("other", 4, 5, 8), 3, clock=lambda: processor.seconds
    )
    assert time_in_turn(pair) == Seconds(1, 4)
    assert order == ["ours", "other"] * 3


def test_every_path_has_its_ratio_and_nothing_else_has() -> None:
    assert set(recorded_ratios()) == set(NAMES)

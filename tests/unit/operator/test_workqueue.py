"""The work queue with a clock of the test's own: no test waits."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sentiment_operator.workqueue import WorkQueue, backoff_seconds
from tests.support.clock import Clock

Story = Callable[[], Awaitable[None]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> WorkQueue[str]:
    return WorkQueue(clock, chance=lambda: 0.5)


async def settled() -> None:
    """Let every task run until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


class Work:
    """Passes that end when the test says so."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.under_way: list[str] = []
        self.most_at_once: dict[str, int] = {}

    async def __call__(self, key: str) -> None:
        self.begun.append(key)
        self.under_way.append(key)
        self.most_at_once[key] = max(self.most_at_once.get(key, 0), self.under_way.count(key))
        await self.gates.setdefault(key, asyncio.Event()).wait()
        self.under_way.remove(key)

    def let_end(self, key: str) -> None:
        self.gates[key].set()
        self.gates[key] = asyncio.Event()


def during(queue: WorkQueue[str], workers: int, work: Work, story: Story) -> None:
    async def play() -> None:
        running = asyncio.create_task(queue.run(workers, work))
        await settled()
        await story()
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(play())


def test_a_key_that_is_added_often_gets_one_pass(queue: WorkQueue[str]) -> None:
    for _ in range(100):
        queue.add("a")
    assert queue.depth == 1


def test_keys_are_taken_in_the_order_they_came(queue: WorkQueue[str]) -> None:
    work = Work()

    async def story() -> None:
        for key in "abcab":
            queue.add(key)
        for key in "abc":
            await settled()
            work.let_end(key)
        await settled()

    during(queue, 1, work, story)
    assert work.begun == ["a", "b", "c"]


def test_a_key_never_has_two_passes_at_once_and_is_due_again_after_a_change_during_its_pass(
    queue: WorkQueue[str],
) -> None:
    work = Work()

    async def story() -> None:
        queue.add("a")
        await settled()
        queue.add("a")
        queue.add("a")
        await settled()
        assert work.begun == ["a"]
        work.let_end("a")
        await settled()
        assert work.begun == ["a", "a"]
        work.let_end("a")
        await settled()

    during(queue, 4, work, story)
    assert work.begun == ["a", "a"]
    assert work.most_at_once == {"a": 1}


def test_a_key_that_hangs_does_not_stop_the_others(queue: WorkQueue[str]) -> None:
    work = Work()

    async def story() -> None:
        for key in ("hangs", "b", "c"):
            queue.add(key)
        await settled()
        work.let_end("b")
        await settled()

    during(queue, 2, work, story)
    assert work.begun == ["hangs", "b", "c"]


def test_a_delayed_key_becomes_due_when_its_time_has_come(queue: WorkQueue[str], clock: Clock) -> None:
    work = Work()

    async def story() -> None:
        queue.add_after("a", 30)
        await settled()
        assert work.begun == []
        clock.now = 31
        queue.add("wake")
        await settled()

    during(queue, 2, work, story)
    assert sorted(work.begun) == ["a", "wake"]


def test_the_earlier_of_two_delays_counts(queue: WorkQueue[str], clock: Clock) -> None:
    work = Work()

    async def story() -> None:
        queue.add_after("a", 30)
        queue.add_after("a", 5)
        queue.add_after("a", 60)
        clock.now = 6
        queue.add("wake")
        await settled()
        work.let_end("a")
        clock.now = 100
        queue.add("again")
        await settled()

    during(queue, 3, work, story)
    assert work.begun.count("a") == 1


def test_a_change_is_worked_on_at_once_although_the_key_waits_for_its_backoff(queue: WorkQueue[str]) -> None:
    queue.back_off("a")
    queue.add("a")
    assert queue.depth == 1


def test_a_key_that_rests_is_due_when_its_rest_ends_and_once_whatever_comes_meanwhile(
    queue: WorkQueue[str], clock: Clock
) -> None:
    work = Work()

    async def story() -> None:
        queue.add_after("a", 5)
        queue.rest("a", 10)
        queue.add("a")
        queue.add_after("a", 0.05)
        clock.now = 9
        queue.add("b")
        await settled()
        assert work.begun == ["b"]
        clock.now = 11
        queue.add("c")
        await settled()

    during(queue, 3, work, story)
    assert sorted(work.begun) == ["a", "b", "c"]


@pytest.mark.parametrize("hurried", [False, True], ids=["added", "hurried"])
def test_what_comes_during_a_pass_that_ends_with_a_rest_waits_unless_it_is_in_a_hurry(
    queue: WorkQueue[str], clock: Clock, hurried: bool
) -> None:
    work = Work()

    async def story() -> None:
        queue.add("a")
        await settled()
        (queue.hurry if hurried else queue.add)("a")
        queue.rest("a", 10)
        work.let_end("a")
        await settled()
        assert work.begun == (["a", "a"] if hurried else ["a"])
        clock.now = 11
        queue.add("b")
        await settled()

    during(queue, 2, work, story)
    assert work.begun.count("a") == 2


def test_success_ends_a_rest(queue: WorkQueue[str]) -> None:
    queue.back_off("a", at_least=10)
    queue.forget("a")
    queue.add("a")
    assert queue.depth == 1


@pytest.mark.parametrize(
    ("failures", "chance", "seconds"),
    [
        (1, 0.5, 1.0),
        (2, 0.5, 2.0),
        (3, 0.5, 4.0),
        (9, 0.5, 256.0),
        (10, 0.5, 300.0),
        (500, 0.5, 300.0),
        (1, 0.0, 0.8),
        (10, 0.999999, 360.0),
    ],
)
def test_backoff_doubles_from_one_second_to_five_minutes_with_jitter(
    failures: int, chance: float, seconds: float
) -> None:
    assert backoff_seconds(failures, chance) == pytest.approx(seconds, rel=1e-3)


def test_failures_of_one_key_do_not_count_for_another_and_success_ends_them(queue: WorkQueue[str]) -> None:
    assert [queue.back_off("a"), queue.back_off("a"), queue.back_off("b")] == [1.0, 2.0, 1.0]
    queue.forget("a")
    assert queue.failures("a") == 0
    assert queue.back_off("a") == 1.0


def test_the_oldest_age_and_the_longest_pass_are_measured(queue: WorkQueue[str], clock: Clock) -> None:
    work = Work()

    async def story() -> None:
        queue.add("a")
        await settled()
        clock.now = 10
        queue.add("b")
        clock.now = 25
        assert queue.longest_pass_seconds == 25
        assert queue.oldest_seconds == 15
        assert queue.depth == 1

    during(queue, 1, work, story)


def test_a_queue_with_nothing_due_has_no_age(queue: WorkQueue[str]) -> None:
    assert (queue.depth, queue.oldest_seconds, queue.longest_pass_seconds) == (0, 0.0, 0.0)

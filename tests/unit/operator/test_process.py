"""What a process says of itself: on /healthz only what a restart would mend, while it leads, and why it ended in the log."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sentiment_operator import __main__ as entry
from sentiment_operator import process as wiring
from sentiment_operator.cluster.errors import Rewound
from sentiment_operator.cluster.store import Key
from sentiment_operator.passes.worker import PASS_DEADLINE_SECONDS
from sentiment_operator.process import BLIND_SWEEPS, LONGEST_PASS_SECONDS, LONGEST_WAIT_SECONDS, Process
from sentiment_operator.replicas.leader import LeaseLost
from sentiment_operator.replicas.shards import Shards
from sentiment_operator.workqueue import WorkQueue
from tests.support.builders import SETTINGS

IMDB, OTHER = Key("shop", "imdb"), Key("shop", "other")


class Stage:
    """A process that has not begun to watch, with a queue whose clock the test turns."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.leads = 0.0, True
        self.queue: WorkQueue[Key] = WorkQueue(lambda: self.now)
        monkeypatch.setattr(wiring, "WorkQueue", lambda: self.queue)
        monkeypatch.setattr(Shards, "held", property(lambda _: frozenset({0} if self.leads else ())))

    def play(self, story: Callable[[Process], Awaitable[None]]) -> None:
        async def run() -> None:
            unused: Any = None
            await story(Process(SETTINGS, unused, unused))

        asyncio.run(run())

    async def works(self, work: Callable[[Key], Awaitable[None]]) -> asyncio.Task[None]:
        """Let two workers take what is due."""
        working = asyncio.create_task(self.queue.run(2, work))
        await settled()
        return working


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def hangs(_: Key) -> None:
    await asyncio.Event().wait()


def test_a_pass_that_hangs_is_a_problem(stage: Stage) -> None:
    async def story(process: Process) -> None:
        stage.queue.add(IMDB)
        working = await stage.works(hangs)
        stage.now = LONGEST_PASS_SECONDS
        assert process.problems() == []
        stage.now += 1
        assert process.problems() == ["a pass has been running for 121 s"]
        working.cancel()

    stage.play(story)


def test_a_pass_that_hangs_is_a_problem_although_others_come_to_an_end(stage: Stage) -> None:
    async def one_hangs(key: Key) -> None:
        if key == IMDB:
            await hangs(key)

    async def story(process: Process) -> None:
        stage.queue.add(IMDB)
        working = await stage.works(one_hangs)
        stage.now = LONGEST_PASS_SECONDS + 1
        stage.queue.add(OTHER)
        await settled()
        assert stage.queue.depth == 0
        assert process.problems() == ["a pass has been running for 121 s"]
        working.cancel()

    stage.play(story)


def test_a_pass_has_its_deadline_before_it_is_a_problem() -> None:
    assert PASS_DEADLINE_SECONDS < LONGEST_PASS_SECONDS


def test_a_model_that_nobody_takes_from_the_queue_is_a_problem_until_it_is_taken(stage: Stage) -> None:
    async def ends(_: Key) -> None:
        """Takes no time."""

    async def story(process: Process) -> None:
        stage.queue.add(IMDB)
        stage.now = LONGEST_WAIT_SECONDS
        assert process.problems() == []
        stage.now += 1
        assert process.problems() == ["a model has been due for 301 s"]
        working = await stage.works(ends)
        assert process.problems() == []
        working.cancel()

    stage.play(story)


def test_a_model_that_waits_long_is_no_problem_while_passes_end(stage: Stage) -> None:
    """What holds the workers then is outside of the process, as servers are that hang."""

    async def first_ends(key: Key) -> None:
        if key != IMDB:
            await hangs(key)

    async def story(process: Process) -> None:
        for key in (IMDB, OTHER, Key("shop", "third"), Key("shop", "fourth")):
            stage.queue.add(key)
        stage.now = LONGEST_WAIT_SECONDS + 1
        assert process.problems() == ["a model has been due for 301 s"]
        working = await stage.works(first_ends)
        assert stage.queue.oldest_seconds == stage.now
        assert process.problems() == []
        stage.now *= 2
        assert process.problems() == ["a pass has been running for 301 s", "a model has been due for 602 s"]
        working.cancel()

    stage.play(story)


def test_a_model_that_waits_for_its_backoff_is_no_problem(stage: Stage) -> None:
    async def story(process: Process) -> None:
        for _ in range(20):
            stage.queue.back_off(IMDB)
        stage.now = LONGEST_WAIT_SECONDS + 1
        assert process.problems() == []

    stage.play(story)


def test_a_watch_that_misses_something_again_and_again_is_a_problem(stage: Stage) -> None:
    async def story(process: Process) -> None:
        process._sweep.blind_for = BLIND_SWEEPS - 1
        assert process.problems() == []
        process._sweep.blind_for = BLIND_SWEEPS
        assert process.problems() == ["the watch missed something 2 sweeps in a row"]

    stage.play(story)


def test_a_follower_has_no_problems_since_it_takes_nothing_from_the_queue(stage: Stage) -> None:
    stage.leads = False

    async def story(process: Process) -> None:
        stage.queue.add(IMDB)
        stage.now = LONGEST_WAIT_SECONDS + 1
        assert process.problems() == []

    stage.play(story)


def test_why_a_process_ends_is_told_in_full_however_deep_the_task_was(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def ends(_: object) -> None:
        deep = ExceptionGroup("children", [ExceptionGroup("pods", [Rewound("pods: a newer version is known")])])
        raise ExceptionGroup("process", [deep, LeaseLost("shard 0")])

    monkeypatch.setattr(entry, "run_until_told", ends)
    assert entry._run(SETTINGS) == entry.TO_BE_RESTARTED
    assert caplog.messages == [
        "ending, to be started again: pods: a newer version is known",
        "ending, to be started again: shard 0",
    ]

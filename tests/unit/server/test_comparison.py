"""The baseline is loaded beside everything else, has its share of the time, and is let go of."""

import asyncio
import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from sentiment_artifact import CompiledModel, Linear, Score, Tfidf, digest_of, write_model
from sentiment_contract.rollout import ServedArtifact
from sentiment_server.model.comparison import Comparison
from sentiment_server.model.loading import Retry
from sentiment_server.model.state import LoadFault, Reason

_POSITIVE = Score(True, 0.0, 1.0, 1.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_model(tmp_path / "m.rpm1", Tfidf(["bad", "good"], np.ones(2), 1, False), Linear(np.array([-1.0, 1.0]), 0.0))
    return tmp_path / "m.rpm1"


@dataclass
class Bench:
    """A comparison, and what came of it."""

    path: Path
    busy: bool = False
    faults: list[LoadFault] = field(default_factory=list[LoadFault])
    asked: list[str] = field(default_factory=list[str])
    agreed: list[bool] = field(default_factory=list[bool])
    now: float = 1_000.0

    def __post_init__(self) -> None:
        self.comparison = Comparison(
            self._source,
            Retry(0.001, 0.002),
            busy=lambda: self.busy,
            count=self.agreed.append,
            clock=lambda: self.now,
        )

    def _source(self, artifact: ServedArtifact) -> "Bench":
        self.asked.append(artifact.version)
        return self

    def obtain(self) -> Path:
        if self.faults:
            raise self.faults.pop(0)
        return self.path

    def against(self, version: str = "1") -> None:
        self.comparison.against(
            ServedArtifact(
                version=version,
                digest=digest_of(self.path),
                tracking_url="http://mlflow",
                registered_model="m",
                registry_version="1",
            )
        )

    def answered(self, *texts: str) -> None:
        self.comparison.offer(texts, [_POSITIVE] * len(texts))


@pytest.fixture
def bench(path: Path) -> Bench:
    return Bench(path)


async def _until(what: str, look: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not look():  # noqa: ASYNC110  what is looked at sets no event
            await asyncio.sleep(0.001)


async def test_it_compares_once_the_baseline_is_there(bench: Bench) -> None:
    bench.faults = [LoadFault(Reason.REGISTRY_UNREACHABLE, "x"), LoadFault(Reason.DIGEST_MISMATCH, "x")]
    bench.against()
    bench.answered("good")
    assert not bench.comparison.comparing
    await _until("it compares", lambda: bench.comparison.comparing)
    bench.answered("good", "bad", "good")
    await _until("all are compared", lambda: len(bench.agreed) == 3)
    assert bench.agreed == [True, False, True]


async def test_nothing_is_compared_where_nothing_is_wanted(bench: Bench) -> None:
    bench.answered("good")
    bench.comparison.against(None)
    bench.answered("good")
    assert (bench.agreed, bench.comparison.comparing) == ([], False)


async def test_what_waits_is_forgotten_with_its_baseline(bench: Bench) -> None:
    bench.against("1")
    await _until("it compares", lambda: bench.comparison.comparing)
    bench.answered(*["good"] * 100)
    bench.against("2")
    assert not bench.comparison.comparing
    await _until("it compares again", lambda: bench.comparison.comparing)
    bench.answered("bad")
    await _until("one is compared", lambda: bench.agreed)
    assert (bench.asked, bench.agreed) == (["1", "2"], [False])


async def test_the_memory_of_a_baseline_is_given_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[weakref.ref[CompiledModel]] = []
    load = CompiledModel.load

    def load_and_tell(path: Path, digest: str | None = None) -> CompiledModel:
        compiled = load(path, digest)
        loaded.append(weakref.ref(compiled))
        return compiled

    monkeypatch.setattr(CompiledModel, "load", load_and_tell)
    bench.against()
    await _until("it compares", lambda: bench.comparison.comparing)
    bench.answered("good")
    await _until("one is compared", lambda: bench.agreed)
    assert loaded[0]()
    gc.disable()
    try:
        bench.comparison.against(None)
        await _until("it is gone", lambda: loaded[0]() is None)
    finally:
        gc.enable()


def _takes(seconds: float, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def score(*_: object) -> Score:
        bench.now += seconds
        return _POSITIVE

    monkeypatch.setattr(CompiledModel, "score", score)


async def _turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0.001)


async def test_while_somebody_waits_it_takes_no_more_than_its_share(bench: Bench, monkeypatch) -> None:
    bench.against()
    await _until("it compares", lambda: bench.comparison.comparing)
    _takes(0.01, bench, monkeypatch)
    bench.busy = True
    bench.answered(*["good"] * 10)
    for compared in (1, 2, 3):
        await _until("its share has come", lambda compared=compared: len(bench.agreed) == compared)
        bench.now += 0.48
        await _turns()
        assert len(bench.agreed) == compared
        bench.now += 0.02
    bench.busy = False
    await _until("all are compared", lambda: len(bench.agreed) == 10)


async def test_while_answers_follow_each_other_it_takes_no_more_than_its_share(bench: Bench, monkeypatch) -> None:
    bench.against()
    await _until("it compares", lambda: bench.comparison.comparing)
    _takes(0.0001, bench, monkeypatch)
    bench.answered(*["good"] * 10)
    await _until("the first is compared", lambda: bench.agreed)
    bench.now += 0.0015
    await _turns()
    assert len(bench.agreed) == 1
    bench.now += 0.001
    await _until("all are compared", lambda: len(bench.agreed) == 10)


async def test_what_finds_no_room_is_not_compared(bench: Bench) -> None:
    bench.against()
    await _until("it compares", lambda: bench.comparison.comparing)
    bench.answered(*["good"] * 5_000)
    await _until("some are compared", lambda: len(bench.agreed) >= 1_000)
    bench.answered("bad")
    await _until("the last one is compared", lambda: bench.agreed and not bench.agreed[-1])
    assert len(bench.agreed) < 2_000

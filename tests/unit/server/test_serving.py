"""Loading is tried until it succeeds, with pauses that grow."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from sentiment_artifact import Linear, Tfidf, digest_of, write_model
from sentiment_server.model import serving as serving_module
from sentiment_server.model.crew import Crew
from sentiment_server.model.loading import Retry
from sentiment_server.model.serving import Identity, NotReady, Serving
from sentiment_server.model.source import LocalFile
from sentiment_server.model.state import LoadFault, Reason


class FailingSource:
    """Fails as often as told, then gives the file."""

    def __init__(self, faults: list[LoadFault], path: Path) -> None:
        self.faults = faults
        self.path = path

    def obtain(self) -> Path:
        if self.faults:
            raise self.faults.pop(0)
        return self.path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_model(tmp_path / "m.rpm1", Tfidf(["bad", "good"], np.ones(2), 1, False), Linear(np.array([-1.0, 1.0]), 0.0))
    return tmp_path / "m.rpm1"


def _serving(source, digest: str | None = None) -> Serving:
    return Serving(Identity("imdb", "2", digest, {}), source, Retry(0.001, 0.002))


def test_every_fault_is_survived_and_shown(path: Path) -> None:
    faults = [LoadFault(reason, f"{reason}.") for reason in Reason if reason not in (Reason.READY, Reason.DRAINING)]
    serving = _serving(FailingSource(faults, path))
    assert serving.state.reason is Reason.LOADING
    asyncio.run(serving.load_until_ready())
    assert (faults, serving.state.reason, serving.digest) == ([], Reason.READY, digest_of(path))


def test_pauses_double_up_to_the_limit() -> None:
    retry = Retry(first=1.0, limit=30.0)
    pauses = [retry.delay(attempt) for attempt in (0, 1, 2, 3, 10, 10_000)]
    for pause, middle in zip(pauses, (1, 2, 4, 8, 30, 30), strict=True):
        assert 0.9 * middle <= pause <= 1.1 * middle


def test_nothing_is_scored_before_the_model_is_there(path: Path) -> None:
    with pytest.raises(NotReady):
        asyncio.run(_serving(LocalFile(path, None)).score(["good"]))


def test_a_draining_server_still_scores_but_is_not_ready(path: Path) -> None:
    serving = _serving(LocalFile(path, None))
    serving.load_now()
    serving.drain()
    assert not serving.state.ready
    assert asyncio.run(serving.score(["good", "bad"]))[0].positive


def test_draining_while_loading_stays_draining(path: Path) -> None:
    serving = _serving(FailingSource([LoadFault(Reason.ARTIFACT_MISSING, "x")], path))
    serving.drain()
    asyncio.run(serving.load_until_ready())
    assert serving.state.reason is Reason.DRAINING


def test_a_process_is_ready_when_its_whole_crew_is(path: Path) -> None:
    crew = Crew(2)
    serving = Serving(Identity("imdb", "2", None, {}), LocalFile(path, None), Retry(0.001, 0.002), crew)
    serving.load_now()
    serving.join(0)
    assert (serving.state.ready, serving.state.reason) == (False, Reason.LOADING)
    serving.join(1)  # the other process, which shares the memory
    assert serving.state.ready


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_a_long_batch_lets_others_through_and_keeps_its_order(path: Path, monkeypatch, count: int) -> None:
    monkeypatch.setattr(serving_module, "SLICE_CHARACTERS", {"native": 7, "python": 7})
    serving = _serving(LocalFile(path, None))
    serving.load_now()
    others: list[int] = []

    async def batch() -> list[bool]:
        other = asyncio.create_task(_turns(others))
        scores = await serving.score([("good", "bad")[i % 2] for i in range(count)])
        other.cancel()
        return [score.positive for score in scores]

    assert asyncio.run(batch()) == [i % 2 == 0 for i in range(count)]
    assert len(others) == max(0, (count + 1) // 2 - 1)


async def _turns(seen: list[int]) -> None:
    while True:
        seen.append(len(seen))
        await asyncio.sleep(0)


def test_what_is_loaded_and_who_scores_is_logged(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    serving = _serving(LocalFile(path, None))
    with caplog.at_level("INFO"):
        serving.load_now()
    by = {"native": "native code", "python": "Python"}[serving.compiled.engine]
    assert f"linear, 2 terms, scored by {by}." in caplog.text


def test_a_local_file_with_another_digest_is_refused(path: Path) -> None:
    with pytest.raises(LoadFault) as caught:
        _serving(LocalFile(path, "0" * 64), "0" * 64).load_now()
    assert caught.value.reason is Reason.DIGEST_MISMATCH
    assert digest_of(path) in caught.value.message

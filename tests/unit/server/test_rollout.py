"""The part of a process follows from the setting and its own digest; the file is opened only when it is another one."""

import asyncio
import json
import logging
from pathlib import Path

import pytest

from sentiment_contract.rollout import Mirror, RolloutSetting, ServedArtifact
from sentiment_server.rollout import ALONE, Part, RolloutFile, follow, part_of


def _artifact(letter: str) -> ServedArtifact:
    return ServedArtifact(
        version=letter, digest=letter * 64, tracking_url="http://mlflow", registered_model="m", registry_version="1"
    )


NEW, OLD = _artifact("b"), _artifact("a")
MIRROR = Mirror(url="http://imdb-candidate:8000", percent=20)


@pytest.mark.parametrize(
    ("setting", "digest", "part"),
    [
        (None, OLD.digest, ALONE),
        (RolloutSetting(candidate=NEW), NEW.digest, ALONE),
        (RolloutSetting(candidate=NEW), OLD.digest, ALONE),
        (RolloutSetting(candidate=NEW, baseline=OLD, mirror=MIRROR), NEW.digest, Part(baseline=OLD)),
        (RolloutSetting(candidate=NEW, baseline=OLD, mirror=MIRROR), OLD.digest, Part(mirror=MIRROR)),
        (RolloutSetting(candidate=NEW, baseline=OLD, mirror=MIRROR), "c" * 64, Part(mirror=MIRROR)),
        (RolloutSetting(candidate=NEW, baseline=OLD), OLD.digest, ALONE),
        (RolloutSetting(candidate=NEW, mirror=MIRROR), NEW.digest, ALONE),
    ],
)
def test_the_part_follows_from_the_own_digest(setting: RolloutSetting | None, digest: str, part: Part) -> None:
    assert part_of(setting, digest) == part


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every file that was read."""
    paths: list[Path] = []
    read = Path.read_bytes

    def read_and_tell(path: Path) -> bytes:
        paths.append(path)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_and_tell)
    return paths


def _write(path: Path, setting: RolloutSetting) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(setting.model_dump_json(by_alias=True))
    fresh.replace(path)


def test_the_file_is_opened_once_for_each_content(tmp_path: Path, opened: list[Path]) -> None:
    path = tmp_path / "rollout.json"
    file = RolloutFile(path)
    assert (file.read(), file.read(), opened) == (None, None, [])
    _write(path, RolloutSetting(candidate=NEW))
    assert [file.read() for _ in range(3)] == [RolloutSetting(candidate=NEW)] * 3
    assert len(opened) == 1
    _write(path, RolloutSetting(candidate=OLD))
    assert [file.read() for _ in range(3)] == [RolloutSetting(candidate=OLD)] * 3
    assert len(opened) == 2
    path.unlink()
    assert (file.read(), len(opened)) == (None, 3)


@pytest.mark.parametrize("content", ["", " \n", "null", "{", "[]", '{"candidate": 1}', "\x00"])
def test_what_says_nothing_or_nonsense_counts_as_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "rollout.json"
    path.write_text(content)
    assert RolloutFile(path).read() is None


def test_a_complaint_says_where_why_and_what_next_and_repeats_no_value(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "rollout.json"
    path.write_text(json.dumps({"candidate": {"digest": "secretword"}, "mirror": {"url": "secretword", "percent": 1}}))
    file = RolloutFile(path)
    assert (file.read(), file.read()) == (None, None)
    (record,) = caplog.records
    message = record.getMessage()
    assert record.levelno == logging.WARNING
    assert str(path) in message
    assert "candidate.digest: " in message
    assert "mirror.url: " in message
    assert "Next: " in message
    assert "secretword" not in message


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert RolloutFile(tmp_path).read() is None
    assert "Is a directory" in caplog.text


class CountingFile(RolloutFile):
    """Tells how often it was read."""

    reads = 0

    def read(self) -> RolloutSetting | None:
        self.reads += 1
        return super().read()


async def test_each_change_is_handed_over_once(tmp_path: Path) -> None:
    path = tmp_path / "rollout.json"
    parts: asyncio.Queue[Part] = asyncio.Queue()
    file = CountingFile(path)
    following = asyncio.create_task(follow(file, NEW.digest, parts.put_nowait, 0.001))
    for setting, part in (
        (RolloutSetting(candidate=NEW, baseline=OLD), Part(baseline=OLD)),
        (RolloutSetting(candidate=NEW, baseline=OLD, mirror=MIRROR), None),
        (RolloutSetting(candidate=OLD, mirror=MIRROR), Part(mirror=MIRROR)),
    ):
        _write(path, setting)
        if part:
            assert await asyncio.wait_for(parts.get(), 10) == part
    path.unlink()
    assert await asyncio.wait_for(parts.get(), 10) == ALONE
    told_at = file.reads
    async with asyncio.timeout(10):
        while file.reads < told_at + 5:  # noqa: ASYNC110  it sets no event
            await asyncio.sleep(0.001)
    assert parts.empty()
    following.cancel()

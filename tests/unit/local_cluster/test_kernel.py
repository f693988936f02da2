from pathlib import Path

import pytest

from local_cluster import kernel


@pytest.fixture
def panic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Path:
    """A setting of a kernel of the test's own."""
    setting = tmp_path / "sys" / "kernel" / "panic"
    setting.parent.mkdir(parents=True)
    setting.write_text("0\n")
    cache.mkdir()
    monkeypatch.setattr(kernel, "KERNEL", tmp_path / "sys")
    return setting


def test_settings_are_put_back_as_they_were_before_the_first_cluster(panic: Path) -> None:
    kernel.remember()
    panic.write_text("10")
    kernel.remember()
    kernel.restore()
    assert panic.read_text() == "0"


def test_settings_stay_while_another_cluster_needs_them(panic: Path, cache: Path) -> None:
    kernel.remember()
    panic.write_text("10")
    other = cache / "clusters" / "other" / "kubelet.json"
    other.parent.mkdir(parents=True)
    other.touch()
    kernel.restore()
    assert panic.read_text() == "10"
    other.unlink()
    kernel.restore()
    assert panic.read_text() == "0"

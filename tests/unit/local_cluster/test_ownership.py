"""What root made under sudo is the person's afterwards, but for what only root works with."""

import os
import pwd
import stat
from pathlib import Path

import pytest

from local_cluster.ownership import hand_over, handed_over


class Given:
    """The files that were given away, below the home, and to whom."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.owners: set[tuple[int, int]] = set()
        self.files: set[str] = set()

    def take(self, path: Path, user: int, group: int) -> None:
        self.owners.add((user, group))
        self.files.add(str(path.relative_to(self.home)))


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Given:
    """Root at work for anna, in whose home a demo was made."""
    home, gives = tmp_path / "anna", Given(tmp_path / "anna")
    for name in ("clusters/demo/admin.kubeconfig", "clusters/demo/kubelet.kubeconfig", "clusters/demo/pki/ca.key"):
        file = home / ".cache" / "rottenpotatoes" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    for name in ("locks/venv", "bin/kube-1/kubectl", "images/base/rootfs/etc/passwd"):
        file = home / ".cache" / "rottenpotatoes" / name
        file.parent.mkdir(parents=True)
        file.touch()
    monkeypatch.delenv("ROTTEN_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("SUDO_USER", "anna")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    entry = pwd.struct_passwd(("anna", "x", 1234, 5678, "", str(home), "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwnam", {"anna": entry}.__getitem__)
    monkeypatch.setattr(os, "lchown", gives.take)
    made_by(monkeypatch, 0)
    return gives


def made_by(monkeypatch: pytest.MonkeyPatch, user: int) -> None:
    """Whoever runs the tests: every file looks like this user's."""

    def look(path: Path) -> os.stat_result:
        return os.stat_result((stat.S_IFREG, 0, 0, 1, user, user, 0, 0, 0, 0))

    monkeypatch.setattr(Path, "lstat", look)


def test_the_person_gets_the_cache_and_the_way_to_it(given: Given) -> None:
    hand_over()
    assert given.owners == {(1234, 5678)}
    assert given.files >= {
        ".cache",
        ".cache/rottenpotatoes",
        ".cache/rottenpotatoes/locks/venv",
        ".cache/rottenpotatoes/bin/kube-1/kubectl",
        ".cache/rottenpotatoes/clusters",
        ".cache/rottenpotatoes/clusters/demo",
        ".cache/rottenpotatoes/clusters/demo/admin.kubeconfig",
    }


def test_root_keeps_the_inside_of_a_cluster_and_of_images(given: Given) -> None:
    hand_over()
    assert not [
        file
        for file in given.files
        if "images" in file or "pki" in file or file.endswith(("kubelet.kubeconfig", "ca.key"))
    ]
    assert "." not in given.files


def test_other_folders_are_given_too(given: Given) -> None:
    (given.home / "clone" / "build").mkdir(parents=True)
    hand_over(given.home / "clone" / "build", given.home / "not-there")
    assert "clone/build" in given.files
    assert "clone" not in given.files


def test_what_is_not_roots_stays_whose_it_is(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    made_by(monkeypatch, 99)
    hand_over()
    assert given.files == set()


def test_without_sudo_nothing_is_given(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER")
    hand_over()
    assert given.files == set()


def test_a_file_that_vanishes_meanwhile_is_no_matter(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(path: Path, user: int, group: int) -> None:
        raise FileNotFoundError(path)

    monkeypatch.setattr(os, "lchown", gone)
    hand_over()


def test_after_a_failure_too(given: Given) -> None:
    with pytest.raises(ValueError), handed_over():
        raise ValueError
    assert given.files

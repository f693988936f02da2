import os
import pwd
from ipaddress import ip_address, ip_network
from itertools import combinations
from pathlib import Path

import pytest

from local_cluster.settings import CLUSTERS, Settings, cache_directory

LONGEST_LINK_NAME = 15


def test_no_two_ranges_of_any_clusters_overlap() -> None:
    everything = [ip_network(each) for settings in CLUSTERS.values() for each in settings.ranges]
    assert not any(one.overlaps(other) for one, other in combinations(everything, 2))


@pytest.mark.parametrize("settings", CLUSTERS.values(), ids=list(CLUSTERS))
def test_every_address_lies_in_its_range(settings: Settings) -> None:
    assert {ip_address(settings.host_address), ip_address(settings.node_address)} <= set(
        ip_network(settings.link_range)
    )
    assert ip_address(settings.pod_gateway) in ip_network(settings.pod_range)
    assert ip_address(settings.api_service) == ip_network(settings.service_range)[1]
    assert ip_address(settings.dns_service) in ip_network(settings.service_range)


@pytest.mark.parametrize("name", ["namespace", "host_link", "node_link", "state", "lock", "server"])
def test_no_two_clusters_share_a_name(name: str) -> None:
    assert len({getattr(settings, name) for settings in CLUSTERS.values()}) == len(CLUSTERS)


@pytest.mark.parametrize("settings", CLUSTERS.values(), ids=list(CLUSTERS))
def test_the_kernel_takes_the_names_of_the_links(settings: Settings) -> None:
    assert max(len(settings.host_link), len(settings.node_link)) <= LONGEST_LINK_NAME


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROTTEN_CACHE", str(tmp_path / "chosen"))
    assert cache_directory() == tmp_path / "chosen"
    monkeypatch.delenv("ROTTEN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_directory() == tmp_path / "xdg" / "rottenpotatoes"


def test_the_cache_is_named_by_the_path_behind_links(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setenv("ROTTEN_CACHE", str(tmp_path / "link" / "cache"))
    assert cache_directory() == tmp_path / "real" / "cache"


@pytest.fixture
def nobody_chose_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("ROTTEN_CACHE", "XDG_CACHE_HOME", "SUDO_USER"):
        monkeypatch.delenv(variable, raising=False)


def entry(name: str, home: Path) -> pwd.struct_passwd:
    return pwd.struct_passwd((name, "x", 1234, 5678, "", str(home), "/bin/sh"))


@pytest.fixture
def anna(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Home of the one person that this machine knows, while root is at work."""
    known = {"anna": entry("anna", tmp_path / "anna")}
    monkeypatch.setattr(pwd, "getpwnam", known.__getitem__)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("HOME", str(tmp_path / "root"))
    return tmp_path / "anna"


@pytest.mark.usefixtures("nobody_chose_a_cache")
def test_under_sudo_the_cache_is_the_persons_own(monkeypatch: pytest.MonkeyPatch, anna: Path) -> None:
    monkeypatch.setenv("SUDO_USER", "anna")
    assert cache_directory() == anna / ".cache" / "rottenpotatoes"
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    monkeypatch.delenv("SUDO_USER")
    monkeypatch.setenv("HOME", str(anna))
    assert cache_directory() == anna / ".cache" / "rottenpotatoes"


@pytest.mark.usefixtures("nobody_chose_a_cache")
@pytest.mark.parametrize("caller", [None, "", "root", "nobody-by-that-name"])
def test_without_a_person_behind_sudo_it_is_roots(
    monkeypatch: pytest.MonkeyPatch, anna: Path, caller: str | None
) -> None:
    if caller is not None:
        monkeypatch.setenv("SUDO_USER", caller)
    assert cache_directory() == anna.with_name("root") / ".cache" / "rottenpotatoes"


@pytest.mark.usefixtures("nobody_chose_a_cache")
def test_a_name_left_over_from_sudo_moves_nobody_elses_cache(monkeypatch: pytest.MonkeyPatch, anna: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    monkeypatch.setenv("SUDO_USER", "anna")
    assert cache_directory() == anna.with_name("root") / ".cache" / "rottenpotatoes"


def test_a_cache_that_was_chosen_is_so_under_sudo_too(monkeypatch: pytest.MonkeyPatch, anna: Path) -> None:
    monkeypatch.setenv("SUDO_USER", "anna")
    monkeypatch.setenv("ROTTEN_CACHE", str(anna.with_name("chosen")))
    assert cache_directory() == anna.with_name("chosen")

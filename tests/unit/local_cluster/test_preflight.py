import os
from pathlib import Path

import pytest

from local_cluster import __main__ as program
from local_cluster import network, preflight
from local_cluster.console import ClusterError
from local_cluster.settings import CLUSTERS

ROUTES = """Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
{link}	{destination}	00000000	0001	0	0	0	0000FF00	0	0	0
"""


@pytest.fixture
def good_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with nothing in the way."""

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(preflight, "missing_packages", list)
    monkeypatch.setattr(preflight, "MEMORY_GIB", 1)
    monkeypatch.setattr(preflight, "DISK_GIB", 0)


@pytest.mark.usefixtures("good_machine")
def test_nothing_is_in_the_way_of_a_good_machine() -> None:
    assert preflight.obstacles() == []
    preflight.check()


@pytest.mark.usefixtures("good_machine")
def test_every_obstacle_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(preflight, "MEMORY_GIB", 1_000_000)
    monkeypatch.setattr(preflight, "DISK_GIB", 1_000_000_000)
    assert [obstacle.kind for obstacle in preflight.examine()] == ["root", "memory", "disk"]
    with pytest.raises(ClusterError, match=r"(?s)root is needed.*GiB of memory.*GB free"):
        preflight.check()


@pytest.mark.usefixtures("good_machine")
def test_a_small_machine_may_try_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "MEMORY_GIB", 1_000_000)
    monkeypatch.setenv(preflight.ALLOW_SMALL, "1")
    assert preflight.obstacles() == []


@pytest.mark.usefixtures("good_machine")
def test_a_cache_whose_sockets_no_kernel_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTTEN_CACHE", "/tmp/" + "x" * 90)
    assert [obstacle.kind for obstacle in preflight.examine()] == ["path"]


@pytest.mark.usefixtures("good_machine")
@pytest.mark.parametrize(("user", "memory", "code"), [(0, 1, 0), (1000, 1, 3), (0, 1_000_000, 1), (1000, 1_000_000, 1)])
def test_the_exit_code_of_check_tells_a_missing_root_from_the_rest(
    monkeypatch: pytest.MonkeyPatch, user: int, memory: int, code: int
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(preflight, "MEMORY_GIB", memory)
    monkeypatch.setattr("sys.argv", ["local_cluster", "check"])
    assert program.main() == code


@pytest.mark.parametrize(
    ("link", "destination", "conflicts"),
    [("eth1", "0000F40A", ["10.244.0.0/16 by eth1"]), ("eth1", "0000A8C0", []), ("rp0h", "0000F40A", [])],
    ids=["a route of the host", "a route elsewhere", "the cluster's own"],
)
def test_a_route_of_the_host_into_the_clusters_addresses_is_a_conflict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: str, destination: str, conflicts: list[str]
) -> None:
    routes = tmp_path / "route"
    routes.write_text(ROUTES.format(link=link, destination=destination).replace("0000FF00", "0000FFFF"))
    monkeypatch.setattr(network, "ROUTES", routes)
    assert network.conflicts(CLUSTERS["demo"]) == conflicts


def test_what_else_is_needed_is_installed_with_what_a_cluster_needs(tmp_path: Path) -> None:
    there, absent = tmp_path / "there", tmp_path / "absent"
    there.touch()
    others = {str(there): "has-it", str(absent): "has-it-not"}
    assert set(preflight.missing_packages(others)) - set(preflight.missing_packages()) == {"has-it-not"}

"""Tests side by side start servers at ports of their own."""

from itertools import islice

from tests.support.ports import PORTS, of_worker


def test_no_two_workers_have_a_port_in_common() -> None:
    shares = [set(islice(of_worker(name, 3), len(PORTS))) for name in ("gw0", "gw1", "gw2")]
    assert sum(map(len, shares)) == len(set().union(*shares)) == len(PORTS)


def test_a_port_comes_again_only_after_all_others() -> None:
    share = len(PORTS) // 2
    turn = list(islice(of_worker("gw1", 2), 2 * share))
    assert len(set(turn[:share])) == share
    assert turn[share:] == turn[:share]

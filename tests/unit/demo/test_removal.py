"""What `make down` takes from a cluster of a person's own, and what it leaves there."""

import pytest

from demo import removal
from demo.target import Target
from local_cluster import Cluster
from tests.unit.demo.conftest import Programs

MINE = Target("current", "demo", "mine")
MARKED = "get namespaces -o name -l rottenpotatoes.com/made-by=demo"
DEFINITIONS = "customresourcedefinition.apiextensions.k8s.io/"


@pytest.fixture
def installed(programs: Programs) -> Programs:
    """A cluster that the demo was installed on."""
    programs.answer(MARKED, "namespace/sentiment-system\nnamespace/reviews\n")
    programs.answer("get crd", "".join(f"{DEFINITIONS}{name}\n" for name in removal.DEFINITIONS))
    return programs


def test_all_that_was_installed_goes_in_an_order_that_can_be_cut_off(
    installed: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    removal.remove(MINE)
    order = [
        "delete namespace reviews",
        "uninstall sentiment-operator",
        "delete crd",
        "delete namespace sentiment-system",
    ]
    assert [installed.index(part) for part in order] == sorted(installed.index(part) for part in order)
    assert all("context mine" in call for call in installed.calls if call.startswith("/programs"))
    told = capsys.readouterr().err
    for part in ("namespace reviews", "helm release", "definitions", "namespace sentiment-system", "from mine"):
        assert part in told


def test_definitions_stay_where_somebody_else_has_a_model(
    installed: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    installed.answer("get sentimentmodels.rottenpotatoes.com --all-namespaces", "sentimentmodel/theirs\n")
    removal.remove(MINE)
    assert not installed.asked("delete crd")
    assert installed.asked("delete namespace sentiment-system")
    assert "the definitions stay: 1 models" in capsys.readouterr().err


def test_what_the_demo_did_not_make_is_not_touched(programs: Programs, capsys: pytest.CaptureFixture[str]) -> None:
    programs.answer("get namespaces -o name", "namespace/sentiment-system\nnamespace/reviews\n")
    programs.answer(MARKED, "")
    removal.remove(MINE)
    assert not programs.asked("delete")
    assert not programs.asked("uninstall")
    assert "held nothing of it" in capsys.readouterr().err


def test_local_clusters_go_as_a_whole(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    gone: list[str] = []
    monkeypatch.setattr(Cluster, "down", lambda self: gone.append(self.settings.name))
    removal.remove(Target("local", "demo"))
    assert gone == ["demo", "test", "spare", "ready"]
    assert programs.calls == []

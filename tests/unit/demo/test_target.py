"""Which cluster is meant, what is said before anything is built, and how each kind is spoken to."""

import shutil
import stat
from pathlib import Path

import pytest

from demo import installation
from demo import target as target_module
from demo.target import Target, chosen
from local_cluster.console import ClusterError
from tests.unit.demo.conftest import Programs


@pytest.fixture
def images_may_not_be_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def build() -> None:
        raise AssertionError("images were built")

    monkeypatch.setattr(installation, "build_images", build)


def current(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    for name, value in {"CLUSTER": "current", "CONTEXT": "mine", **more}.items():
        monkeypatch.setenv(name, value)


def test_a_persons_own_cluster_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTER", "current")
    with pytest.raises(ClusterError, match=r"name it\. Next: .*CONTEXT"):
        chosen()


def test_a_kind_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTER", "k3s")
    with pytest.raises(ClusterError, match="Next: use one of local, kind, minikube, current"):
        chosen()


def test_a_name_that_no_local_cluster_has_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTER_NAME", "nosuch")
    with pytest.raises(ClusterError, match="no cluster is called nosuch"):
        chosen().check()


@pytest.mark.parametrize("values", ["", "not-there.yaml"])
def test_current_without_a_values_file_is_refused_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch, programs: Programs, values: str
) -> None:
    current(monkeypatch, VALUES=values)
    with pytest.raises(ClusterError, match=r"VALUES.*Next: .*image\.operator, image\.server and image\.trainer"):
        chosen().check()
    assert programs.calls == []


@pytest.mark.usefixtures("images_may_not_be_built")
def test_current_with_a_values_file_is_installed_with_it_and_builds_no_image(
    monkeypatch: pytest.MonkeyPatch, programs: Programs, tmp_path: Path
) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("image: {}")
    current(monkeypatch, VALUES=str(values))
    target = chosen()
    target.check()
    installation.install(target)
    (helm,) = programs.asked("/programs/helm")
    assert helm.startswith("/programs/helm --kube-context mine upgrade --install")
    assert f"-f {values} " in helm


@pytest.mark.parametrize(("kind", "answer"), [("kind", "other\n"), ("minikube", "")])
def test_a_cluster_that_does_not_run_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, programs: Programs, kind: str, answer: str
) -> None:
    monkeypatch.setenv("CLUSTER", kind)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(target_module, "succeeds", lambda *command: False)
    programs.answer("get clusters", answer)
    with pytest.raises(ClusterError, match=rf"does not run\. Next: {kind} (create|start)"):
        chosen().check()


def test_a_tool_that_is_not_installed_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTER", "kind")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ClusterError, match=r"kind is not installed\. Next: install it"):
        chosen().check()


def test_images_go_to_the_cluster_that_is_meant(monkeypatch: pytest.MonkeyPatch, programs: Programs) -> None:
    monkeypatch.setenv("KIND_CLUSTER_NAME", "second")
    monkeypatch.setenv("MINIKUBE_PROFILE", "third")
    for kind in ("kind", "minikube"):
        monkeypatch.setenv("CLUSTER", kind)
        chosen().load(Path("a.tar"))
    assert programs.calls == ["kind load image-archive a.tar --name second", "minikube image load a.tar -p third"]


def test_the_kubeconfig_of_another_cluster_is_written_and_private(
    monkeypatch: pytest.MonkeyPatch, programs: Programs, tmp_path: Path
) -> None:
    monkeypatch.setattr(target_module, "BUILD", tmp_path / "build")
    programs.answer("--context mine config view --raw --minify --flatten", "apiVersion: v1\n")
    file = Target("current", "demo", "mine").kubeconfig()
    assert file.read_text() == "apiVersion: v1\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("target", "command"),
    [
        (Target("local", "demo"), "make down"),
        (Target("local", "test"), "make down CLUSTER_NAME=test"),
        (Target("kind", "demo", "kind-kind"), "make down CLUSTER=kind"),
        (Target("current", "demo", "a b"), "make down CLUSTER=current CONTEXT='a b'"),
    ],
)
def test_what_a_person_types_next_means_the_same_cluster(target: Target, command: str) -> None:
    assert target.make("down") == command


def test_a_namespace_that_was_there_before_is_left_alone(programs: Programs) -> None:
    programs.answer("get namespaces -o name", "namespace/reviews\n")
    programs.answer("-l rottenpotatoes.com/made-by=demo", "")
    with pytest.raises(ClusterError, match=r"was not made by the demo.*Next: "):
        installation.make_namespace(Target("current", "demo", "mine"), "reviews")
    assert not programs.asked("apply")


def test_its_own_namespace_is_made_again_and_again(programs: Programs) -> None:
    for answer in ("", "namespace/reviews\n"):
        programs.answer("get namespaces -o name", answer)
        installation.make_namespace(Target("current", "demo", "mine"), "reviews")
    assert len(programs.asked("apply")) == 2
    assert "rottenpotatoes.com/made-by: demo" in programs.inputs[-1]

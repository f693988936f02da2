from pathlib import Path

import pytest

from local_cluster import __main__ as program


@pytest.mark.parametrize(
    ("words", "name", "rest"),
    [
        (["kubectl", "-n", "x", "get", "pods"], "demo", ["-n", "x", "get", "pods"]),
        (["kubectl", "--name", "test", "get", "--name", "y"], "test", ["get", "--name", "y"]),
        (["kubectl", "--name=test", "--help"], "test", ["--help"]),
        (["kubectl"], "demo", []),
    ],
)
def test_what_follows_kubectl_is_kubectls_own(words: list[str], name: str, rest: list[str]) -> None:
    arguments = program.parse(words)
    assert (arguments.name, arguments.words) == (name, rest)


def test_the_environment_names_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTER_NAME", "test")
    assert program.parse(["up"]).name == "test"
    assert program.parse(["up", "--name", "demo"]).name == "demo"


@pytest.mark.parametrize("name", ["../demo", "Demo", "-x", "", "x" * 33])
def test_a_name_that_is_no_folder_is_refused(name: str) -> None:
    with pytest.raises(SystemExit):
        program.parse(["up", f"--name={name}"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["up", "--name", "nosuch"], "no cluster is called nosuch"),
        (["up", "--name", "demo", "--control-plane-only"], "demo is a whole cluster"),
        (["logs", "--name", "demo", "etcd"], "etcd has no log"),
        (["load-image", "--name", "demo", "thing"], "cluster demo does not run"),
        (["kubectl-path"], "kubectl is not built"),
    ],
)
def test_a_failure_is_a_sentence_with_a_next_step(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.setattr("sys.argv", ["local_cluster", *words])
    assert program.main() == 1
    error = capsys.readouterr().err
    assert said in error
    assert "Next: " in error
    assert "Traceback" not in error


def test_a_folder_of_somebody_else_is_not_taken_for_a_control_plane(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    keepsake = cache / "clusters" / "mine" / "letter.txt"
    keepsake.parent.mkdir(parents=True)
    keepsake.touch()
    monkeypatch.setattr("sys.argv", ["local_cluster", "down", "--name", "mine"])
    assert program.main() == 1
    assert "holds something else" in capsys.readouterr().err
    assert keepsake.exists()


def test_what_the_machine_refuses_is_a_sentence_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    cache.write_text("a file where the folder should be")
    monkeypatch.setattr("sys.argv", ["local_cluster", "down", "--name", "demo"])
    assert program.main() == 1
    assert "this machine refuses" in capsys.readouterr().err

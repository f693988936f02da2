import shutil
import stat
import threading
from pathlib import Path

import pytest

from local_cluster import compiler, toolchain
from local_cluster.console import ClusterError
from local_cluster.toolchain import GATEWAY, KUBE, METRICS_SERVER, TOOLS, Module

FAKE_GO = """#!/bin/sh
echo "$1" >> {calls}
[ "$1" = list ] && echo one && exit 0
[ "$1" = mod ] && printf '{{\n"Dir": "/sources/%s"\n}}\n' "$4" && exit 0
[ -e {broken} ] && echo "syntax error in line 7" >&2 && exit 1
while [ "$1" != -o ]; do shift; done
echo program > "$2/thing"
"""
THING = Module("thing", (".",), ("alias",))


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of one file and a compiler that writes down what it was asked."""
    log = tmp_path / "calls"
    program = tmp_path / "go"
    program.write_text(FAKE_GO.format(calls=log, broken=tmp_path / "broken"))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "source" / "thing").mkdir(parents=True)
    (tmp_path / "source" / "thing" / "main.go").write_text("package main")
    monkeypatch.setattr(toolchain, "SOURCE", tmp_path / "source")
    monkeypatch.setattr(toolchain, "NODE", (THING,))
    monkeypatch.setattr(compiler, "go", lambda: program)
    monkeypatch.setattr(compiler, "release", lambda: "1.26")
    toolchain.content_of.cache_clear()
    return log


def test_a_build_is_done_once(calls: Path) -> None:
    toolchain.build(only="thing")
    toolchain.build(only="thing")
    assert calls.read_text().split() == ["list", "build"]
    assert (toolchain.folder_of(THING) / "alias").readlink() == Path("thing")


def test_two_builds_at_once_compile_once(calls: Path) -> None:
    threads = [threading.Thread(target=toolchain.build, kwargs={"only": "thing"}) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert calls.read_text().split().count("build") == 1


@pytest.mark.usefixtures("calls")
def test_sources_are_those_of_the_version_that_the_module_pins() -> None:
    assert toolchain.sources_of(THING, "example.org/definitions") == Path("/sources/example.org/definitions")


def test_a_half_finished_build_is_done_again(calls: Path) -> None:
    half_done = toolchain.folder_of(THING).with_name(f"{toolchain.folder_of(THING).name}.partial")
    half_done.mkdir(parents=True)
    (half_done / "thing").write_text("half")
    toolchain.build(only="thing")
    assert (toolchain.folder_of(THING) / "thing").read_text() == "program\n"
    assert not half_done.exists()
    assert "build" in calls.read_text()


def test_a_failed_build_shows_what_the_compiler_said_and_leaves_nothing(calls: Path, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    with pytest.raises(ClusterError, match="syntax error in line 7"):
        toolchain.build(only="thing")
    assert not toolchain.folder_of(THING).exists()
    assert calls.exists()


@pytest.mark.usefixtures("calls")
def test_the_content_is_that_of_the_sources_the_compiler_and_the_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def content(module: Module) -> str:
        toolchain.content_of.cache_clear()
        return toolchain.content_of(module)

    before = content(THING)
    assert content(THING) == before
    assert content(Module("thing", ("./other",), THING.links)) != before
    monkeypatch.setattr(compiler, "release", lambda: "1.27")
    assert content(THING) != before
    monkeypatch.setattr(compiler, "release", lambda: "1.26")
    (tmp_path / "source" / "thing" / "README.md").write_text("no source")
    assert content(THING) == before
    (tmp_path / "source" / "thing" / "go.sum").write_text("a sum")
    assert content(THING) != before


@pytest.mark.usefixtures("calls")
def test_old_builds_are_forgotten_but_for_the_newest() -> None:
    folder = toolchain.folder_of(THING).parent
    for number in range(5):
        (folder / f"thing-{number}").mkdir(parents=True)
    toolchain.build(only="thing")
    assert toolchain.folder_of(THING).exists()
    assert len(list(folder.iterdir())) == toolchain.BUILDS_KEPT


@pytest.mark.parametrize(
    ("program", "option"), [("kubectl", "build$"), ("kubeconform", "build --tools$"), ("traefik", "build --gateway$")]
)
def test_a_program_that_is_not_built_says_how_to_build_it(program: str, option: str) -> None:
    with pytest.raises(ClusterError, match=option):
        toolchain.binary(program)


@pytest.mark.parametrize("module", [KUBE, METRICS_SERVER, TOOLS, GATEWAY], ids=lambda module: module.name)
def test_every_module_pins_its_sums_and_needs_no_newer_compiler_than_the_pinned_one(module: Module) -> None:
    folder = toolchain.SOURCE / module.name
    assert (folder / "go.sum").stat().st_size > 0
    (line,) = [line for line in (folder / "go.mod").read_text().splitlines() if line.startswith("go ")]
    assert tuple(map(int, line.split()[1].split("."))) <= compiler.OLDEST
    assert tuple(map(int, compiler.PINNED.split("."))) >= compiler.OLDEST


def test_a_machine_without_go_gets_the_pinned_release(monkeypatch: pytest.MonkeyPatch) -> None:
    def finds_nothing(_program: str, **_where: str) -> None:
        return None

    compiler._of_machine.cache_clear()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(shutil, "which", finds_nothing)
    assert compiler.is_missing()
    assert compiler.PINNED.startswith(compiler.release())
    compiler._of_machine.cache_clear()  # pyright: ignore[reportPrivateUsage]

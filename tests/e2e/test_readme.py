"""Every command of the README, run in its order as a person would type it, and what it shows beside what really comes."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo import repository
from demo.data import Reviews
from demo.installation import ROOT, install, restricted_namespace
from tests.e2e.shop import CLUSTER

pytestmark = [pytest.mark.e2e, pytest.mark.exclusive, pytest.mark.timeout(600)]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NAMESPACE = "reviews"
STAGES = ("development", "staging", "production")
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"^<!-- shown: (\w+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "@@ command"
BOUNDED = "for _ in $(seq 100); do (: >/dev/tcp/127.0.0.1/{port}) 2>/dev/null && break; sleep 0.2; done"


@dataclass(frozen=True, slots=True)
class Typed:
    """One command of the README and what it printed."""

    command: str
    output: str


def commands() -> list[str]:
    """What stands behind the prompts, in order."""
    lines = [line for block in CONSOLE.findall(README) for line in block.splitlines()]
    assert all(line.startswith("$ ") for line in lines), "a console block holds commands alone"
    return [line.removeprefix("$ ") for line in lines]


def script() -> str:
    """The same for a shell, with a mark before each, and waits where a person would look first."""
    told: list[str] = ["set -eo pipefail", "trap 'kill $(jobs -p)' EXIT"]
    for command in commands():
        told.append(f"echo '{MARK}'")
        if command.endswith("&"):
            port = re.search(r"([0-9]+)(?::[0-9]+)? &$", command)
            assert port is not None, command
            told += [command.replace(" &", " >/dev/null &"), BOUNDED.format(port=port[1])]
        else:
            told.append(command)
    return "\n".join(told)


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Typed]]:
    """All commands after they were run in a folder that looks like the repository, against the cluster `test`."""
    folder = tmp_path_factory.mktemp("clone")
    for entry in ROOT.iterdir():
        (folder / entry.name).symlink_to(entry)
    (folder / "values.yaml").write_text((ROOT / "build" / f"values-{CLUSTER.name}.json").read_text())
    CLUSTER.kubectl("apply", "-f", "-", stdin=restricted_namespace(NAMESPACE))
    repository.make(CLUSTER, NAMESPACE, Reviews(None, "made-up reviews"))
    helm = folder / "bin"
    helm.mkdir()
    (helm / "helm").symlink_to(helm_path())
    environment = {**os.environ, "CLUSTER_NAME": CLUSTER.name, "PATH": f"{helm}:{os.environ['PATH']}"}
    try:
        done = subprocess.run(
            ["bash", "-c", script()], cwd=folder, env=environment, text=True, capture_output=True, timeout=480
        )
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        outputs = done.stdout.split(f"{MARK}\n")[1:]
        yield [Typed(*pair) for pair in zip(commands(), outputs, strict=True)]
    finally:
        CLUSTER.kubectl("config", "set-context", "--current", "--namespace=default")
        install(CLUSTER)
        CLUSTER.kubectl("delete", "namespace", NAMESPACE, *STAGES, "--wait=false", "--ignore-not-found")


def helm_path() -> Path:
    from local_cluster import toolchain

    return toolchain.binary("helm")


def output_of(typed: list[Typed], start: str) -> str:
    """What the first command that begins so printed."""
    return next(one.output for one in typed if one.command.startswith(start))


def shown(name: str) -> str:
    """A block of the README that shows what is printed."""
    return dict(SHOWN.findall(README))[name]


def test_every_command_ends_well(typed: list[Typed]) -> None:
    assert len(typed) == len(commands()) > 15


@pytest.mark.parametrize(
    ("name", "command"), [("wide", "kubectl get smod -o wide"), ("revisions", "kubectl get smrev")]
)
def test_tables_have_the_columns_that_are_shown(typed: list[Typed], name: str, command: str) -> None:
    assert shown(name).splitlines()[0].split() == output_of(typed, command).splitlines()[0].split()


def test_models_stand_as_shown(typed: list[Typed]) -> None:
    printed = [one.output for one in typed if one.command == "kubectl get smod"]
    for name, output in zip(("refused", "canary", "bluegreen", "shadow"), printed, strict=True):
        (header, row), (real_header, real_row) = shown(name).splitlines(), output.splitlines()
        assert header.split() == real_header.split()
        assert row.split()[:5] == real_row.split()[:5]


def test_a_field_is_explained_as_shown(typed: list[Typed]) -> None:
    assert shown("explain").split() == output_of(typed, "kubectl explain").split()


def test_a_prediction_looks_as_shown(typed: list[Typed]) -> None:
    answer = json.loads(output_of(typed, "curl"))
    assert json.loads(shown("predict")).keys() == answer.keys()
    assert answer["sentiment"] in ("positive", "negative")


def test_a_description_has_the_conditions_and_sections_that_are_shown(typed: list[Typed]) -> None:
    real = output_of(typed, "kubectl describe")
    for line in shown("describe").splitlines():
        section = re.match(r"\s*([A-Z][\w ]*):", line)
        assert section is None or f"{section[1]}:" in real, line
    kinds = re.findall(r"Type: +(\w+)", shown("describe"))
    assert kinds
    assert set(kinds) <= set(re.findall(r"Type: +(\w+)", real))


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"make (?:-s )?([a-z]+)", "\n".join([*re.findall(r"`[^`]*`", README), *commands()])))
    targets |= set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE))
    known = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "test", "down"} <= targets <= known, targets - known

"""The programs that the demo calls, played: what they were asked, and what they are to answer."""

from collections.abc import Callable
from pathlib import Path

import pytest

from demo import target as target_module
from local_cluster import toolchain

VARIABLES = (
    "CLUSTER", "CLUSTER_NAME", "CONTEXT", "VALUES", "DATA", "KIND_CLUSTER_NAME", "MINIKUBE_PROFILE",
    "SUDO_USER", "XDG_CACHE_HOME",
)  # fmt: skip
Answer = Callable[[str], str]


class Programs:
    """Stands in for kubectl, helm, kind and minikube."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.inputs: list[str] = []
        self.answers: list[tuple[str, Answer]] = []

    def answer(self, part: str, answer: Answer | str) -> None:
        """To a call that holds these words. The one that was added last counts."""
        self.answers.insert(0, (part, answer if callable(answer) else lambda _: answer))

    def run(self, *command: str | Path, stdin: str | None = None) -> str:
        """In place of local_cluster.commands.run."""
        call = " ".join(str(word) for word in command)
        self.calls.append(call)
        self.inputs.append(stdin or "")
        return next((answer(call) for part, answer in self.answers if part in call), "")

    def index(self, part: str) -> int:
        """When the first call with these words came."""
        return next(index for index, call in enumerate(self.calls) if part in call)

    def asked(self, part: str) -> list[str]:
        """The calls with these words."""
        return [call for call in self.calls if part in call]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing that a person set reaches a test, and no test reaches a person's files."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("ROTTEN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Every program of a target."""
    played = Programs()

    def no_build(*, only: str = "", tools: bool = False) -> None:
        played.calls.append(f"build {only}")
        played.inputs.append("")

    monkeypatch.setattr(target_module, "run", played.run)
    monkeypatch.setattr(toolchain, "binary", lambda name: Path(f"/programs/{name}"))
    monkeypatch.setattr(toolchain, "build", no_build)
    return played

"""The tiers of tests, from the quickest to the one that needs a whole cluster, and how each is run and counted."""

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from local_cluster.console import ClusterError, say
from local_cluster.preflight import obstacles
from tests.venv import ROOT

COMPONENTS = ("contract", "artifact", "operator", "model_server", "trainer", "kubectl_plugin", ".")
CODE = (
    "contract",
    "artifact",
    "operator",
    "model_server",
    "trainer",
    "kubectl_plugin",
    "local_cluster",
    "images",
    "demo",
    "docs",
    "bench",
    "tests",
)
TIERS = ("static", "speed", "unit", "contract", "chart", "integration", "e2e")
NO_TESTS = 5
AT_A_TIME = {"unit": 2, "contract": 2, "chart": 2, "integration": 4, "e2e": 3}
"""Modules at a time: the more a tier waits, the more of them. Each worker has servers of its own, or a namespace."""
EVERYTHING = ("-m", "campaign or not campaign")
"""In turn, since the long forms give figures."""
LONGEST = ("--durations=12", "--durations-min=5")
"""What a tier's time goes to."""


@dataclass(slots=True)
class Result:
    """How one tier ended."""

    tier: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    ended_well: bool = True
    left_out: str = ""
    reasons: list[str] = field(default_factory=list[str])

    def with_more(self, other: "Result") -> "Result":
        """This part of the tier and another one."""
        return Result(
            self.tier,
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            ended_well=self.ended_well and other.ended_well,
            reasons=self.reasons + other.reasons,
        )

    def line(self) -> str:
        """What a person reads of it."""
        if self.left_out:
            return f"{self.tier:12} left out: {self.left_out}"
        counts = f"{self.passed:5} passed {self.failed:3} failed {self.skipped:3} skipped"
        why = "".join(f"\n{'':14}skipped: {reason}" for reason in sorted(set(self.reasons)))
        return f"{self.tier:12} {counts} {self.seconds:6.0f} s{why}"


def run_tier(tier: str, python: Path, *, campaign: bool) -> Result:
    """Run one tier; what it prints goes to the console as it comes."""
    say(f"\n== {tier}")
    began = time.monotonic()
    match tier:
        case "static":
            result = _static(python)
        case "e2e":
            result = _end_to_end(python, campaign=campaign)
        case _:
            result = _pytest(tier, python, *(EVERYTHING if campaign else _side_by_side(tier)))
    result.seconds = time.monotonic() - began
    return result


def _side_by_side(tier: str) -> tuple[str, ...]:
    workers = AT_A_TIME.get(tier, 1)
    # Modules of many tests are dealt out first; end-to-end tests have an order of their own, since those wait.
    order = ("--no-loadscope-reorder",) if tier == "e2e" else ()
    return ("-n", str(workers), "--dist", "loadfile", *order) if workers > 1 else ()


def _static(python: Path) -> Result:
    checks: tuple[tuple[str, ...], ...] = (
        ("ruff", "check", "-q", *CODE),
        ("ruff", "format", "-q", "--check", *CODE),
        ("lint-imports",),
        ("pyright", "--pythonpath", str(python)),
    )
    result = Result("static")
    for name, *arguments in checks:
        ended = subprocess.run([python.with_name(name), *arguments], cwd=ROOT, env=_environment(), check=False)
        result.passed += ended.returncode == 0
        result.failed += ended.returncode != 0
    return result


def _end_to_end(python: Path, *, campaign: bool) -> Result:
    if found := obstacles():
        return Result("e2e", left_out="; ".join(found))
    installed = subprocess.run(
        [python, "-m", "demo", "install"], cwd=ROOT, env=_environment(CLUSTER_NAME="test"), check=False
    )
    if installed.returncode:
        return Result("e2e", failed=1, ended_well=False)
    try:
        if campaign:
            return _pytest("e2e", python, *EVERYTHING, "-s")
        shared = _pytest("e2e", python, "-m", "not exclusive and not campaign", *_side_by_side("e2e"), *LONGEST)
        alone = _pytest("e2e", python, "-m", "exclusive and not campaign", *LONGEST)
        return shared.with_more(alone)
    finally:
        if not os.environ.get("KEEP"):
            subprocess.run([python, "-m", "local_cluster", "down", "--name", "test"], cwd=ROOT, check=False)


def _pytest(tier: str, python: Path, *options: str) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [python, "-m", "pytest", "-q", f"tests/{tier}", f"--junit-xml={report}", *options]
        code = subprocess.run(command, cwd=ROOT, env=_environment(), check=False).returncode
        if code == NO_TESTS:
            return Result(tier, ended_well=False)
        if not report.exists():
            raise ClusterError(
                f"pytest tests/{tier} left no report (exit code {code}). Next: run it by hand and read what it prints"
            )
        return _counted(tier, report, ended_well=code == 0)


def _counted(tier: str, report: Path, *, ended_well: bool) -> Result:
    suites = list(ElementTree.parse(report).iter("testsuite"))
    counts = {
        name: sum(int(suite.get(name, "0")) for suite in suites) for name in ("tests", "failures", "errors", "skipped")
    }
    failed = counts["failures"] + counts["errors"]
    reasons = [
        (skip.get("message") or "no reason given").splitlines()[0] for suite in suites for skip in suite.iter("skipped")
    ]
    passed = counts["tests"] - failed - counts["skipped"]
    return Result(tier, passed, failed, counts["skipped"], ended_well=ended_well, reasons=reasons)


def _environment(**more: str) -> dict[str, str]:
    paths = os.pathsep.join(str(ROOT / component) for component in COMPONENTS)
    return {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "", **more}

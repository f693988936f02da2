"""Runs every tier of tests in turn and says how many ran, and what was skipped and why.

Standard library only: it makes the environment that the tests then run in. `python3 -m tests run [--campaign]`, or
`python3 -m tests environment` to print the folder of that environment.
"""

import argparse
import os
import sys
import time

from local_cluster.console import ClusterError, say
from local_cluster.ownership import handed_over
from tests.tiers import TIERS, Result, run_tier
from tests.venv import environment

GREEN = 0
RED = 1


def main() -> int:
    """Exit code 0 when nothing failed and no tier was left out that this machine could run."""
    arguments = _parser().parse_args()
    try:
        with handed_over():
            return _perform(arguments)
    except ClusterError as error:
        say(f"error: {error}")
        return RED
    except KeyboardInterrupt:
        return 130


def _perform(arguments: argparse.Namespace) -> int:
    python = environment()
    if arguments.command == "environment":
        print(python.parent.parent)
        return GREEN
    return _run(python_tiers(arguments), campaign=arguments.campaign)


def python_tiers(arguments: argparse.Namespace) -> list[str]:
    """The tiers that were asked for, in their order."""
    return [tier for tier in TIERS if not arguments.tier or tier in arguments.tier]


def _run(tiers: list[str], *, campaign: bool) -> int:
    began = time.monotonic()
    results = [run_tier(tier, environment(), campaign=campaign) for tier in tiers]
    say("")
    for result in results:
        say(result.line())
    say(f"in {time.monotonic() - began:.0f} s")
    counts = [sum(getattr(result, name) for result in results) for name in ("passed", "failed", "skipped")]
    print(f"\n{counts[0]} passed, {counts[1]} failed, {counts[2]} skipped", flush=True)
    bad = [result for result in results if _is_bad(result)]
    return RED if bad else GREEN


def _is_bad(result: Result) -> bool:
    """A tier that failed, or that root could have run in full and did not."""
    missed = os.geteuid() == 0 and _missed(result)
    if missed:
        say(f"{result.tier}: {missed}, although this is root")
    return bool(missed) or result.failed > 0 or not result.ended_well


def _missed(result: Result) -> str:
    """What was not run of the end-to-end tier."""
    if result.left_out:
        return f"left out ({result.left_out})"
    return f"{result.skipped} skipped" if result.tier == "e2e" and result.skipped else ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tests", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("environment", help="print the folder of the test environment")
    run = commands.add_parser("run", help="run the tests")
    run.add_argument("--campaign", action="store_true", help="the long forms too")
    run.add_argument("--tier", action="append", choices=TIERS, help="only this tier")
    return parser


if __name__ == "__main__":
    sys.exit(main())

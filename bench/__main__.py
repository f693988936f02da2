"""`make bench`: every part, one after the other, and then the page.

A part that cannot run here says why, and the others go on. Exit code 1 when a part failed.
"""

import importlib.util
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping

from bench.report.__main__ import main as report
from bench.report.chapters import PARTS, RUN
from bench.results import RESULTS, keep

_MOST_TOLD = 300
"""Characters of a reason."""


def main() -> int:
    """All that there are; the page goes beside the figures."""
    found = [part.name for part in PARTS if importlib.util.find_spec(f"bench.{part.name}")]
    reasons = {name: reason for name in found if (reason := _run(name))}
    absent = {part.name: "it is no part of this version" for part in PARTS if part.name not in found}
    keep(RUN, absent | reasons)
    _tell(reasons)
    wrote = report(["--from", str(RESULTS), "--to", str(RESULTS / "report")])
    return 1 if reasons else wrote


def _run(name: str) -> str:
    """Why it failed; empty when it did not."""
    print(f"\n== {name}", flush=True)
    began, last = time.monotonic(), deque[str](maxlen=1)
    with subprocess.Popen([sys.executable, "-m", f"bench.{name}"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            sys.stderr.write(line)
            last.extend([line.strip()] if line.strip() else [])
    print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    if not process.returncode:
        return ""
    return "".join(last)[:_MOST_TOLD].rstrip(".") or f"it ended with exit code {process.returncode}"


def _tell(reasons: Mapping[str, str]) -> None:
    for name, reason in reasons.items():
        print(f"{name} was not measured: {reason}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())

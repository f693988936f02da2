"""What the same models cost with one replica and with several that share them: the processor time of all together.

With every count of replicas there are as many shards. It decides nothing about what is good.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bench.operator import steps
from bench.operator.bench import FIRST, Bench, opened
from bench.operator.cell import say
from bench.operator.peers import Peer
from bench.operator.process import metrics_of

_HELD = "sentiment_operator_shards_held 1.0"


@dataclass(frozen=True, slots=True)
class Divided:
    """So many models, shared by so many replicas."""

    replicas: int
    models: int
    cpu_seconds: list[float]
    """Of each replica, from the first model made until nothing was left to do."""
    settled_seconds: float
    """Until the last model serves."""
    quiet_cpu_ms_a_second: float
    """Of all replicas together, while nothing changes. The like is part of `cpu_seconds`."""
    edit_cpu_ms: float
    """Of all replicas together, for each edit of a model."""

    @property
    def cpu_ms_a_model(self) -> float:
        """Of all replicas together."""
        return sum(self.cpu_seconds) / self.models * 1000


async def divided(peer: Peer, size: int, replicas: int) -> Divided:
    """The figures of so many replicas. Ends the run where two of them wrote for one model."""
    async with opened(peer, replicas) as bench:
        await bench.until("each replica holds a shard", lambda: _each_holds_one(bench))
        await bench.rest()
        before = bench.operator.cpu_seconds_of_each()
        made = await steps.make(bench, size, FIRST)
        after = bench.operator.cpu_seconds_of_each()
        _fail_unless_each_has_one(bench)
        quiet = await steps.keep_quiet(bench)
        edited = await steps.edit(bench, FIRST)
        _fail_unless_each_has_one(bench)
    found = Divided(
        replicas=replicas,
        models=size,
        cpu_seconds=[now - then for then, now in zip(before, after, strict=True)],
        settled_seconds=made.settled_seconds,
        quiet_cpu_ms_a_second=quiet.cpu_seconds / quiet.seconds * 1000,
        edit_cpu_ms=edited.cpu_seconds / edited.edits * 1000,
    )
    each = ", ".join(f"{seconds:.2f}" for seconds in found.cpu_seconds)
    say(
        f"{replicas} replicas, {size:,} models: {found.cpu_ms_a_model:.1f} CPU-ms a model (CPU-s of each: {each}),"
        f" {found.edit_cpu_ms:.1f} an edit, {found.quiet_cpu_ms_a_second:.1f} a second while nothing changes;"
        f" they serve after {found.settled_seconds:.1f} s"
    )
    return found


def _each_holds_one(bench: Bench) -> bool:
    return all(_HELD in metrics_of(place) for place in bench.places) if bench.operator.answers() else False


def _fail_unless_each_has_one(bench: Bench) -> None:
    written = Counter[str]()
    for log in bench.operator.logs:
        written.update(_written_for(log))
    wrong = [f"{key[0]}/{key[1]}" for key in bench.keys if written[f"{key[0]}/{key[1]}"] != 1]
    if wrong:
        raise SystemExit(
            f"not exactly one replica wrote for {len(wrong)} models, first {wrong[0]}: see {bench.operator.logs}"
        )


def _written_for(log: Path) -> set[str]:
    """Models of which this replica's log tells that it wrote something."""
    told = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    return {line["model"] for line in told if "model" in line and "event.action" in line}

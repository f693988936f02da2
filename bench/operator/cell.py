"""Measures one operator with so many models, step by step, and says how far it is."""

from bench.operator import cost, steps
from bench.operator.bench import FIRST, TRAINED, opened
from bench.operator.figures import Cell
from bench.operator.peers import Peer


async def measured(peer: Peer, size: int, *, trained: bool = False) -> Cell:
    """The figures of that operator with so many models. `trained`: each has to be trained first."""
    first = TRAINED if trained else FIRST
    say(f"{peer.name}, {size:,} models{', to be trained' if trained else ''}")
    async with opened(peer) as bench:
        before = cost.resident_mib(bench.operator.pid)
        made = await steps.make(bench, size, first)
        each = f"{made.cpu_seconds / size * 1000:.1f} CPU-ms and {made.writes / size:.1f} writes each"
        say(f"    they serve after {made.settled_seconds:.1f} s, {each}")
        quiet = await steps.keep_quiet(bench)
        edited = await steps.edit(bench, first)
        to_children = edited.recorded
        say(f"    edit → children {to_children.p50 * 1000:.0f} ms, p99 {to_children.p99 * 1000:.0f} ms")
        peak = cost.peak_mib(bench.operator.pid)
        restarted = await steps.restart(bench)
        say(f"    a restart: {restarted.seconds:.1f} s, {restarted.cpu_seconds:.1f} CPU-s, {restarted.writes} writes")
        beside = await steps.disturb(bench)
        say(f"    beside a hot and a poisoned one: p99 {beside.to_children.p99 * 1000:.0f} ms")
        peak = max(peak, cost.peak_mib(bench.operator.pid))
    return Cell(peer.name, size, peer.autoscaled, trained, before, peak, made, quiet, edited, restarted, beside)


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, flush=True)

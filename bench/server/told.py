"""What `make bench-server` tells: a table with ratios, the goals beside what was reached, JSON, and a plot.

It must not know how anything was measured.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from bench.results import RESULTS, keep
from bench.server.figures import OURS, PEER, Figures, Goal, HalfLoad, Measured, Start, goals, ratio
from bench.server.inprocess import InProcess
from bench.server.plot import plot
from bench.server.servers import MANY, ONE
from sentiment_trainer.drawing import save


@dataclass(frozen=True)
class Told:
    """Everything that was measured. `missing` gives for a peer why it was not."""

    terms: int
    characters: float
    loads: Measured
    starts: Mapping[str, Start]
    half: Mapping[str, HalfLoad]
    in_process: Mapping[str, InProcess]
    forest: Mapping[str, Figures]
    forest_in_process: Mapping[str, InProcess]
    versions: Mapping[str, Mapping[str, str]]
    missing: Mapping[str, str]


def tell(told: Told) -> None:
    """Prints, and leaves server.json and server.png."""
    for name in (PEER, OURS):
        if name in told.missing:
            raise SystemExit(f"{name} could not be measured: {told.missing[name]}")
    print(f"\n{told.terms:,} terms, {told.characters:,.0f} characters a review, one core for each server")
    _tell_loads(told)
    _tell_rest(told)
    reached = goals(told.loads[ONE.name], told.loads[MANY.name], told.starts[OURS], told.half[OURS])
    print("\ngoals of the direct way")
    for goal in reached:
        sign = "≥" if goal.more else "≤"
        print(f"  {goal.what:58}{sign} {goal.wanted:g}{goal.reached:10.2f}  {'met' if goal.met else 'not met'}")
    keep("server", _document(told, reached))
    save(plot(told.loads), RESULTS / "server.png")
    print(RESULTS / "server.png")


def _tell_loads(told: Told) -> None:
    one, many = told.loads[ONE.name], told.loads[MANY.name]
    print(
        f"{'':26}{'one by one: µs CPU':>18}{'× ours':>8}{'each s':>9}{'p50 ms':>8}{'p99 ms':>8}"
        f"{f'by {MANY.size}: µs CPU':>14}{'× ours':>8}{'each s':>9}{'start s CPU':>13}{'s':>7}{'own MiB':>9}"
    )
    for name, figures in sorted(one.items(), key=lambda row: row[1].cpu_microseconds):
        bulk, start = many[name], told.starts[name]
        print(
            f"{name:26}{figures.cpu_microseconds:18.1f}{ratio(one, OURS, name):8.1f}{figures.reviews_per_second:9,.0f}"
            f"{figures.median_ms:8.2f}{figures.p99_ms:8.2f}{bulk.cpu_microseconds:14.1f}{ratio(many, OURS, name):8.1f}"
            f"{bulk.reviews_per_second:9,.0f}{start.cpu_seconds:13.2f}{start.seconds:7.2f}{start.private_mib:9.1f}"
        )
    for name, why in told.missing.items():
        print(f"{name:26}not measured: {why}")
    print(
        "\n× ours: how many times more the direct way answers with the same seconds of the processor. Peers are made of:"
    )
    told_before = list[Mapping[str, str]]()
    for name, versions in told.versions.items():
        if versions not in told_before:  # ours are those of the first one, MLServer is run in two ways
            told_before.append(versions)
            print(f"  {name}: {', '.join(f'{what} {which}' for what, which in versions.items())}")


def _tell_rest(told: Told) -> None:
    for name, half in told.half.items():
        print(
            f"{name}, half load ({half.requests_per_second:,.0f} requests each s, times since each was due):"
            f" p50 {half.median_ms:.2f} ms, p99 {half.p99_ms:.2f} ms"
        )
    print("without a server, µs CPU a review         scikit-learn    scorer       ×")
    for what, found in (("linear", told.in_process), ("forest", told.forest_in_process)):
        for size, costs in found.items():
            print(f"  {what}, {size:30}{costs.scikit_learn:14.1f}{costs.scorer:10.1f}{costs.ratio:8.1f}")
    peer, ours = told.forest[PEER].cpu_microseconds, told.forest[OURS].cpu_microseconds
    print(f"  {'forest, one by one, over HTTP':38}{peer:14.1f}{ours:10.1f}{peer / ours:8.1f}")


def _document(told: Told, reached: list[Goal]) -> dict[str, object]:
    return asdict(told) | {"goals": [asdict(goal) | {"met": goal.met} for goal in reached]}

"""`make bench-train`: what each preset reaches and costs, trained in a process of its own: a table, JSON and a plot.

Each is trained twice, with terms counted by native code and by scikit-learn, all else equal: the files have to be the same.
They are kept beside the figures, to be served or looked at. DATA=<csv or parquet> takes real reviews, on their own split
where the file has one; without it they are made up, and the accuracy means nothing. Seconds of the processor are the
figure to compare: others may be at work on this machine.
"""

import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from matplotlib.figure import Figure

from bench.results import RESULTS, keep
from bench.train.apart import figures_of
from bench.train.scale import scale
from sentiment_artifact import CompiledModel
from sentiment_contract.data import Data, VolumeSource
from sentiment_contract.parameters import Parameters, Preset, effective_parameters
from sentiment_contract.recipe import Recipe
from sentiment_trainer.data.prepare import prepare
from sentiment_trainer.drawing import GRID, INK, POSITIVE, save
from sentiment_trainer.generate import write_csv
from sentiment_trainer.learn.learn import learn
from sentiment_trainer.progress import Progress
from sentiment_trainer.settings import settings_from
from tests.support.counting import NEUTRAL, let_count, who_counts

MADE_UP, SCORED = 10_000, 2_000
_HEAD = "preset  counted by    accuracy  unseen    wall s   cpu s  peak MiB      terms   file MB  µs/review"


@dataclass(frozen=True)
class Cost:
    """Of one preset: `seconds` and `cpu_seconds` are of fitting, measuring, exporting and proving, `peak_mib` of all."""

    preset: str
    counted_by: str
    digest: str
    accuracy: float
    accuracy_of_unseen_texts: float
    train_rows: int
    test_rows: int
    seconds: float
    cpu_seconds: float
    peak_mib: float
    terms: int
    megabytes: float
    microseconds_a_review: float


def main(arguments: Sequence[str]) -> int:
    """Without arguments: everything, one after the other. With file, preset and who counts: that one, as JSON on stdout."""
    if arguments:
        file, preset, counted_by = arguments
        print(json.dumps(asdict(_cost(Path(file), Preset(preset), counted_by))))
        return 0
    with tempfile.TemporaryDirectory() as name:
        file = _reviews(Path(name))
        print(_HEAD, flush=True)
        costs = [cost for preset in Preset for cost in _both(file, preset)]
        scale(file)
    keep("train", [asdict(cost) for cost in costs])
    save(_plot(costs), RESULTS / "presets.png")
    print(RESULTS / "presets.png")
    return 0


def _reviews(folder: Path) -> Path:
    if given := os.environ.get("DATA"):
        return Path(given).absolute()
    write_csv(folder / "reviews.csv", MADE_UP, seed=1)
    return folder / "reviews.csv"


def _both(file: Path, preset: Preset) -> list[Cost]:
    costs = [_in_a_process_of_its_own(file, preset, counted_by) for counted_by in who_counts()]
    if len({cost.digest for cost in costs}) > 1:
        raise SystemExit(f"{preset}: the two files differ. Next: run the unit tests of the trainer")
    if len(costs) > 1:
        native, plain = costs
        less = f"{plain.cpu_seconds / native.cpu_seconds:.1f} times less of the processor"
        print(f"{'':8}{less}, {plain.seconds / native.seconds:.1f} times sooner, the same file", flush=True)
    return costs


def _in_a_process_of_its_own(file: Path, preset: Preset, counted_by: str) -> Cost:
    cost = Cost(**figures_of("bench.train", str(file), preset, counted_by))
    print(
        f"{cost.preset:<8}{cost.counted_by:<13}{cost.accuracy:>10.2%}{cost.accuracy_of_unseen_texts:>8.2%}{cost.seconds:>10.1f}"
        f"{cost.cpu_seconds:>8.1f}{cost.peak_mib:>10,.0f}{cost.terms:>11,}{cost.megabytes:>10.1f}"
        f"{cost.microseconds_a_review:>11.0f}",
        flush=True,
    )
    return cost


def _cost(file: Path, preset: Preset, counted_by: str) -> Cost:
    let_count(counted_by)
    data = Data(volume=VolumeSource(claim_name="bench", path=file.name))
    recipe = Recipe(data=data, parameters=effective_parameters(preset, Parameters()))
    with tempfile.TemporaryDirectory() as name:
        settings = settings_from({"SENTIMENT_DATA_ROOT": str(file.parent), "SENTIMENT_SCRATCH": name})
        progress = Progress()
        prepared = prepare(recipe, settings, Path(name), progress)
        began, cpu_began = time.monotonic(), time.process_time()
        learnt = learn(prepared, recipe.parameters, Path(name), progress)
        seconds, cpu_seconds = time.monotonic() - began, time.process_time() - cpu_began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        RESULTS.mkdir(parents=True, exist_ok=True)
        kept = RESULTS / f"{preset}.rpm1"
        shutil.copyfile(learnt.artifact, kept)
        model, figures = CompiledModel.load(kept), learnt.evaluation
        return Cost(
            preset=preset,
            counted_by=counted_by,
            digest=learnt.digest,
            accuracy=figures.accuracy,
            accuracy_of_unseen_texts=figures.accuracy_of_unseen_texts,
            train_rows=figures.train_rows,
            test_rows=figures.test_rows,
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            peak_mib=peak,
            terms=model.terms,
            megabytes=kept.stat().st_size / 1e6,
            microseconds_a_review=_microseconds(model, prepared.sides.test.texts[:SCORED]),
        )


def _microseconds(model: CompiledModel, texts: Sequence[str]) -> float:
    began = time.process_time()
    for text in texts:
        model.score(text)
    return (time.process_time() - began) / len(texts) * 1e6


def _plot(costs: Sequence[Cost]) -> Figure:
    figure = Figure(figsize=(6.4, 4.2), layout="constrained", dpi=110)
    axes = figure.add_subplot()
    for counted_by, colour, below in zip(who_counts(), (POSITIVE, NEUTRAL), (-4, -16), strict=False):
        own = [cost for cost in costs if cost.counted_by == counted_by]
        points = ([cost.cpu_seconds for cost in own], [cost.accuracy * 100 for cost in own])
        axes.plot(*points, color=colour, linewidth=2, marker="o", markersize=8, label=f"terms counted by {counted_by}")
        for cost, x, y in zip(own, *points, strict=True):
            told = f"{cost.preset}  {x:.1f} s, {cost.peak_mib / 1024:.1f} GiB"
            axes.annotate(
                told, (x, y), xytext=(7, below), textcoords="offset points", va="top", color=INK, fontsize=8.5
            )
    shares, seconds = [cost.accuracy * 100 for cost in costs], [cost.cpu_seconds for cost in costs]
    axes.set_xlim(0, max(seconds) * 1.35)
    axes.set_ylim(min(shares) - (max(shares) - min(shares) + 1) * 0.2, max(shares) + 0.5)
    axes.set_xlabel("seconds of one processor: fit, measure, export, prove")
    axes.set_ylabel("accuracy on held-out reviews, %")
    axes.set_title(
        f"Presets: {costs[0].train_rows:,} reviews to learn from, {costs[0].test_rows:,} held out", fontsize=11
    )
    axes.legend(loc="lower right", frameon=False, fontsize=9)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

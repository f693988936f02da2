"""How time and memory of a training grow with the reviews: the preset Best on 10,000, 50,000 and 500,000 of them.

There are no 500,000 reviews: those of the file are resampled, each a copy of its own. A term then stands in as many times more
reviews as each was repeated, and `minDocumentFrequency` is raised as much, so that the terms are those of the file.
REVIEWS=<numbers, with commas> measures others.
"""

import json
import os
import random
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from bench.results import RESULTS, keep
from bench.train.apart import figures_of
from sentiment_contract.data import Data, VolumeSource
from sentiment_contract.parameters import Parameters, Preset, effective_parameters
from sentiment_trainer.data.checks import check
from sentiment_trainer.data.files import identify
from sentiment_trainer.data.read import read
from sentiment_trainer.data.reviews import Reviews
from sentiment_trainer.drawing import GRID, INK, POSITIVE, save
from sentiment_trainer.learn.fit import fit
from tests.support.counting import NATIVE, NEUTRAL, let_count, who_counts

_SIZES = (10_000, 50_000, 500_000)
_BY_SCIKIT_LEARN = 50_000
"""Reviews that scikit-learn counts at most: more of them take it minutes and tell nothing new."""
_LEFT_OUT = 5_000_000


@dataclass(frozen=True)
class Step:
    """Of one size: seconds of the clock and of the processor, up to the matrix and for the classifier; memory at its most, and
    before anything was counted."""

    rows: int
    counted_by: str
    terms: int
    counting_seconds: float
    counting_cpu_seconds: float
    fitting_seconds: float
    fitting_cpu_seconds: float
    peak_mib: float
    before_mib: float

    @property
    def kib_a_review(self) -> float:
        """Beside the reviews themselves."""
        return (self.peak_mib - self.before_mib) * 1024 / self.rows


def scale(file: Path) -> None:
    """Print a table, and leave scale.json and scale.png."""
    sizes = tuple(map(int, given.split(","))) if (given := os.environ.get("REVIEWS")) else _SIZES
    print(
        "\nBest, by reviews  counted by      terms   count s   cpu s   fit s   cpu s  peak MiB  KiB/review", flush=True
    )
    steps = [
        _in_a_process_of_its_own(file, rows, counted_by)
        for rows in sizes
        for counted_by in who_counts()
        if counted_by == NATIVE or rows <= _BY_SCIKIT_LEARN
    ]
    print(f"scikit-learn counts no more than {_BY_SCIKIT_LEARN:,} here: beyond, it takes minutes")
    if max(sizes) < _LEFT_OUT:
        print(_left_out(steps))
    keep("scale", [asdict(step) for step in steps])
    save(_plot(steps), RESULTS / "scale.png")
    print(RESULTS / "scale.png")


def _left_out(steps: Sequence[Step]) -> str:
    native = [step for step in steps if step.counted_by == who_counts()[0]]
    smallest, largest = min(native, key=_rows), max(native, key=_rows)
    a_review = (largest.peak_mib - smallest.peak_mib) / max(largest.rows - smallest.rows, 1)
    gib = (largest.peak_mib + (_LEFT_OUT - largest.rows) * a_review) / 1024
    return f"{_LEFT_OUT:,} reviews are left out: they would take {gib:.0f} GiB (REVIEWS={_LEFT_OUT} measures them)"


def _rows(step: Step) -> int:
    return step.rows


def _in_a_process_of_its_own(file: Path, rows: int, counted_by: str) -> Step:
    step = Step(**figures_of("bench.train.scale", str(file), str(rows), counted_by))
    print(
        f"{step.rows:>16,}  {step.counted_by:<12}{step.terms:>9,}{step.counting_seconds:>10.1f}"
        f"{step.counting_cpu_seconds:>8.1f}{step.fitting_seconds:>8.1f}{step.fitting_cpu_seconds:>8.1f}"
        f"{step.peak_mib:>10,.0f}{step.kib_a_review:>12.1f}",
        flush=True,
    )
    return step


def _step(file: Path, rows: int, counted_by: str) -> Step:
    let_count(counted_by)
    reviews, times = _resampled(_reviews(file), rows)
    preset = effective_parameters(Preset.BEST, Parameters())
    parameters = preset.model_copy(update={"min_document_frequency": preset.min_document_frequency * times})
    before = _peak_mib()
    moments = [(time.monotonic(), time.process_time())]
    model = fit(reviews, parameters, file.name, lambda *_: moments.append((time.monotonic(), time.process_time())))
    moments.append((time.monotonic(), time.process_time()))
    (began, cpu_began), (counted, cpu_counted), (ended, cpu_ended) = moments
    return Step(
        rows=len(reviews),
        counted_by=counted_by,
        terms=len(model.terms),
        counting_seconds=counted - began,
        counting_cpu_seconds=cpu_counted - cpu_began,
        fitting_seconds=ended - counted,
        fitting_cpu_seconds=cpu_ended - cpu_counted,
        peak_mib=_peak_mib(),
        before_mib=before,
    )


def _reviews(file: Path) -> Reviews:
    data = Data(volume=VolumeSource(claim_name="bench", path=file.name))
    return check(read(identify(file, file.name), data.text_column, data.label_column), data, file.name)[0]


def _resampled(reviews: Reviews, rows: int) -> tuple[Reviews, int]:
    """So many reviews, and how often each stands among them."""
    rng = random.Random(1)
    times = max(1, rows // len(reviews))
    places = [*range(len(reviews))] * times if rows >= len(reviews) else rng.sample(range(len(reviews)), rows)
    rng.shuffle(places)
    texts = [f"{reviews.texts[place]} " for place in places]  # a copy: memory is to grow as with other reviews
    return Reviews(texts, [reviews.positive[place] for place in places], [b""] * len(places), None), times


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _plot(steps: Sequence[Step]) -> Figure:
    figure = Figure(figsize=(8.4, 3.8), layout="constrained", dpi=110)
    left, right = figure.subplots(1, 2)
    for counted_by, colour in zip(who_counts(), (POSITIVE, NEUTRAL), strict=False):
        own = [step for step in steps if step.counted_by == counted_by]
        rows = [step.rows for step in own]
        counting = [step.counting_cpu_seconds for step in own]
        left.plot(rows, counting, color=colour, marker="o", label=f"terms counted by {counted_by}")
        right.plot(rows, [step.peak_mib / 1024 for step in own], color=colour, marker="o")
    native = [step for step in steps if step.counted_by == who_counts()[0]]
    fitting = [step.fitting_cpu_seconds for step in native]
    left.plot([step.rows for step in native], fitting, color=INK, marker="s", linestyle="--", label="classifier fitted")
    left.legend(frameon=False, fontsize=9)
    _dress(left, "seconds of one processor")
    _dress(right, "memory at its most, GiB")
    figure.suptitle("Preset Best: what more reviews take", fontsize=11)
    return figure


def _dress(axes: Axes, label: str) -> None:
    axes.set(xscale="log", yscale="log", xlabel="reviews", ylabel=label)
    for axis, shown in ((axes.xaxis, "{x:,.0f}"), (axes.yaxis, "{x:g}")):
        axis.set_major_locator(LogLocator(subs=(1, 5)))
        axis.set_major_formatter(shown)
        axis.set_minor_formatter(NullFormatter())
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    print(json.dumps(asdict(_step(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))))

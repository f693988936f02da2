"""`make bench-search`: what 32 sets of parameters over two featurisations cost, together and one process for each.

Both ways run the program as a pod does, against one MLflow server, which is not counted: two processes with 16 trials each,
and 32 with one each. The figures in MLflow have to be the same to the last digit, or it ends with an error. DATA=<csv or
parquet> takes real reviews; without it they are made up. Seconds of the processor are the figure to compare.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient

from bench.results import RESULTS, keep
from sentiment_contract import names
from sentiment_contract.data import Data, VolumeSource
from sentiment_contract.parameters import Parameters, Preset, effective_parameters
from sentiment_contract.recipe import Recipe
from sentiment_contract.search import groups_of, trials_of
from sentiment_contract.searching import Search
from sentiment_contract.training import TrainingOrder
from sentiment_trainer.generate import write_csv
from sentiment_trainer.registry.trials import Recorded
from sentiment_trainer.search.plot import draw_trials
from tests.support.mlflow_server import mlflow_server

MADE_UP = 10_000
WORDS: Sequence[int] = (1, 2)
STRENGTHS: Sequence[str] = (
    "0.1", "0.2", "0.3", "0.5", "0.7", "1", "2", "3", "5", "7", "10", "20", "30", "50", "70", "100"
)  # fmt: skip
Figures = Mapping[tuple[str, str], float]
"""(ngramMax, regularizationC) → accuracy in cross-validation."""


@dataclass(frozen=True)
class Cost:
    """Of one way: processes, seconds of the processor in all of them, seconds if one ran after the other, most memory."""

    way: str
    processes: int
    trials: int
    cpu_seconds: float
    seconds: float
    peak_mib: float


def main() -> int:
    """Both ways, one after the other, as a table, as JSON and as the plot of all trials."""
    with _reviews() as file, tempfile.TemporaryDirectory() as folder, mlflow_server(Path(folder)) as url:
        together = _order(file, url, "together", {"ngramMax": [*WORDS], "regularizationC": [*STRENGTHS]})
        alone = [
            _order(file, url, "alone", {"ngramMax": [words], "regularizationC": [strength]})
            for words in WORDS
            for strength in STRENGTHS
        ]
        print("way         processes  trials     cpu s    wall s  peak MiB", flush=True)
        costs = [_cost("together", file, [together]), _cost("alone", file, alone)]
        shared, own = (_figures(url, order) for order in (together, alone[0]))
    ratio = costs[1].cpu_seconds / costs[0].cpu_seconds
    differing = sorted(trial for trial in shared if shared[trial] != own.get(trial))
    best = max(shared, key=shared.__getitem__)
    print(f"together costs {ratio:.1f} times less; best: ngramMax {best[0]}, C {best[1]}, {shared[best]:.4%}")
    print(f"{len(shared) - len(differing)} of {len(own)} figures equal {differing or ''}")
    document = {
        "costs": [asdict(cost) for cost in costs],
        "ratio": ratio,
        "figures": [
            {"ngramMax": words, "regularizationC": c, "accuracy": share} for (words, c), share in shared.items()
        ],
        "differing": differing,
    }
    draw(together, shared)
    keep("search", document)
    print(RESULTS / "search.png")
    return 1 if differing or len(shared) != len(own) else 0


def draw(order: TrainingOrder, figures: Figures) -> None:
    """The picture that the run of the version has, into the results."""
    planned = trials_of(order.recipe)
    shares = {
        trial.number: figures[str(trial.parameters.ngram_max), str(trial.parameters.regularization_c)]
        for trial in planned
    }
    known = {number: Recorded(number, share, "", "") for number, share in shares.items()}
    RESULTS.mkdir(parents=True, exist_ok=True)
    draw_trials(RESULTS / "search.png", planned, known, max(shares, key=lambda number: (shares[number], -number)))


@contextmanager
def _reviews() -> Iterator[Path]:
    if given := os.environ.get("DATA"):
        yield Path(given).absolute()
        return
    with tempfile.TemporaryDirectory() as folder:
        write_csv(Path(folder) / "reviews.csv", MADE_UP, seed=1)
        yield Path(folder) / "reviews.csv"


def _order(file: Path, url: str, model: str, values: dict[str, list[Any]]) -> TrainingOrder:
    recipe = Recipe(
        data=Data(volume=VolumeSource(claim_name="bench", path=file.name)),
        parameters=effective_parameters(Preset.DEFAULT, Parameters()),
        search=Search.model_validate({"parameters": values, "maxTrials": 200}),
    )
    return TrainingOrder(
        namespace="bench",
        model=model,
        model_uid="",
        label="1",
        recipe=recipe,
        recipe_hash=recipe.recipe_hash(),
        registered_model=f"bench.{model}",
        trackingURL=url,
    )


def _cost(way: str, file: Path, orders: Sequence[TrainingOrder]) -> Cost:
    before, began, processes = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic(), 0
    for order in orders:
        for index in range(len(groups_of(trials_of(order.recipe)))):
            _search(file, order, index)
            processes += 1
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    trials = sum(len(trials_of(order.recipe)) for order in orders)
    cost = Cost(way, processes, trials, used, time.monotonic() - began, after.ru_maxrss / 1024)
    print(
        f"{cost.way:<10}{cost.processes:>11}{cost.trials:>8}{cost.cpu_seconds:>10.1f}{cost.seconds:>10.1f}"
        f"{cost.peak_mib:>10,.0f}",
        flush=True,
    )
    return cost


def _search(file: Path, order: TrainingOrder, index: int) -> None:
    """One pod's work, in a process like its own. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as scratch:
        written = Path(scratch) / "order.json"
        written.write_text(order.model_dump_json(by_alias=True, exclude_none=True), encoding="utf-8")
        settings = {"SENTIMENT_DATA_ROOT": str(file.parent), "SENTIMENT_SCRATCH": scratch, "HOME": scratch}
        command = [sys.executable, "-m", "sentiment_trainer", "--log-level", "WARNING", "search"]
        subprocess.run(
            [*command, "--order", str(written), "--index", str(index)],
            check=True,
            env={**os.environ, **settings, "SENTIMENT_TERMINATION_LOG": f"{scratch}/log"},
            stdout=subprocess.DEVNULL,
        )


def _figures(url: str, order: TrainingOrder) -> Figures:
    client = MlflowClient(url, url)
    experiment = client.get_experiment_by_name(order.registered_model)
    runs = client.search_runs([experiment.experiment_id], max_results=1000) if experiment is not None else []
    return {
        (run.data.params["ngramMax"], run.data.params["regularizationC"]): run.data.metrics[
            names.CROSS_VALIDATION_METRIC
        ]
        for run in runs
    }


if __name__ == "__main__":
    sys.exit(main())

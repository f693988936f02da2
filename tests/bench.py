"""`make bench`: what the model server takes to start, to hold and to answer, beside scikit-learn on the same reviews.

Absolute times depend on the machine and on what else it does: the ratios are what to compare. DATA=<csv or parquet> takes
real reviews; without it they are made up. PRESET=<name> is what is served, Default without it.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from sentiment_artifact import CompiledModel
from sentiment_contract.recipe import Data, Parameters, Preset, VolumeSource, effective_parameters
from sentiment_trainer.data.checks import check
from sentiment_trainer.data.files import identify
from sentiment_trainer.data.read import read
from sentiment_trainer.data.reviews import Reviews
from sentiment_trainer.generate import write_csv
from sentiment_trainer.learn.export import export, require_parity
from sentiment_trainer.learn.fit import FittedModel, fit
from tests.support.ports import free_port

SCORED, REQUESTS, STARTS = 2_000, 1_000, 5
MADE_UP = 10_000


def main() -> int:
    """Train once, then time what is served."""
    preset = Preset(os.environ.get("PRESET", Preset.DEFAULT))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reviews = _reviews(folder)
        print(f"fit on {len(reviews):,} reviews …", flush=True)
        model = fit(reviews, effective_parameters(preset, Parameters()), "the reviews")
        artifact = folder / "model.rpm1"
        export(model, artifact)
        _compare_scorers(model, artifact, reviews.texts[:SCORED])
        _time_server(artifact, reviews.texts[:REQUESTS])
    return 0


def _reviews(folder: Path) -> Reviews:
    given = os.environ.get("DATA")
    file = Path(given) if given else folder / "reviews.csv"
    if not given:
        write_csv(file, MADE_UP, seed=1)
    data = Data(volume=VolumeSource(claim_name="bench", path=file.name))
    columns = read(identify(file, file.name), data.text_column, data.label_column)
    return check(columns, data, file.name)[0]


def _compare_scorers(model: FittedModel, artifact: Path, texts: Sequence[str]) -> None:
    compiled = CompiledModel.load(artifact)
    require_parity(artifact, texts, model.decisions(texts))
    pairs = [
        (
            _seconds(lambda: [compiled.score_many([text]) for text in texts]),
            _seconds(lambda: [model.decisions([text]) for text in texts]),
        )
        for _ in range(3)
    ]
    ours, theirs = (min(seconds) for seconds in zip(*pairs, strict=True))
    print(f"model         {compiled.terms:,} terms, {artifact.stat().st_size / 1e6:.1f} MB, equal to the last bit")
    print(
        f"one by one    {ours / len(texts) * 1e6:.0f} µs a review; scikit-learn takes {theirs / ours:.1f} times as long"
    )


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _time_server(artifact: Path, texts: Sequence[str]) -> None:
    starts = [_start(artifact) for _ in range(STARTS)]
    for _, process, _ in starts[:-1]:
        _end(process)
    port, process, _ = starts[-1]
    try:
        milliseconds = sorted(_ask_all(port, texts))
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    finally:
        _end(process)
    median, slow = milliseconds[len(milliseconds) // 2], milliseconds[int(len(milliseconds) * 0.99)]
    print(f"cold start    {statistics.median(start[2] for start in starts):.2f} s to the first answer")
    print(f"memory        {pages * os.sysconf('SC_PAGE_SIZE') / 2**20:.0f} MiB resident")
    print(f"POST /predict {median:.2f} ms median, {slow:.2f} ms at the 99th percentile, one connection")


def _start(artifact: Path) -> tuple[int, "subprocess.Popen[bytes]", float]:
    """Port, process, and seconds until it answered."""
    port, began = free_port(), time.monotonic()
    ports = ("--host", "127.0.0.1", "--port", str(port), "--metrics-port", str(free_port()))
    command = [sys.executable, "-m", "sentiment_server", "--artifact", str(artifact), *ports]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        with suppress(OSError):
            next(_ask_all(port, ["a wonderful film"]))
            return port, process, time.monotonic() - began
        time.sleep(0.01)
    raise SystemExit(f"the server ended with exit code {process.returncode}; its last words stand above")


def _ask_all(port: int, texts: Sequence[str]) -> Iterator[float]:
    """Milliseconds of each request, over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for text in texts:
        began = time.perf_counter()
        connection.request("POST", "/predict", json.dumps({"text": text}), {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        if response.status != http.client.OK:
            raise OSError(f"status {response.status}")
        yield (time.perf_counter() - began) * 1000
    connection.close()


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


if __name__ == "__main__":
    sys.exit(main())

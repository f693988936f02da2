"""`make bench-scorer`: what the model server takes to start, to hold and to answer, beside scikit-learn on the same reviews.

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

from bench.reviews import reviews_of
from sentiment_artifact import CompiledModel, Engine
from sentiment_artifact.native.library import library
from sentiment_contract.parameters import Parameters, Preset, effective_parameters
from sentiment_trainer.learn.export import export, require_parity
from sentiment_trainer.learn.fit import FittedModel, fit
from tests.support.ports import free_port

SCORED, REQUESTS, STARTS, ROUNDS, BATCH = 2_000, 1_000, 5, 5, 64


def main() -> int:
    """Train once, then time what is served."""
    preset = Preset(os.environ.get("PRESET", Preset.DEFAULT))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reviews = reviews_of(folder)
        print(f"fit on {len(reviews):,} reviews …", flush=True)
        model = fit(reviews, effective_parameters(preset, Parameters()), "the reviews")
        artifact = folder / "model.rpm1"
        export(model, artifact)
        _compare_scorers(model, artifact, reviews.texts[:SCORED])
        _time_server(artifact, reviews.texts[:REQUESTS])
    return 0


def _compare_scorers(model: FittedModel, artifact: Path, texts: Sequence[str]) -> None:
    require_parity(artifact, texts, model.decisions(texts))
    engines: list[Engine] = ["native", "python"] if library() else ["python"]
    # Without what the trainer does around each call of scikit-learn, which a server would not do.
    scorers: dict[str, Callable[[Sequence[str]], object]] = {
        "scikit-learn": lambda some: model.classifier.predict_proba(model.vectorizer.transform(some))
    }
    scorers |= {engine: CompiledModel.load(artifact, engine=engine).score_many for engine in engines}
    terms = f"{len(model.terms):,} terms"
    print(f"model         {terms}, {artifact.stat().st_size / 1e6:.1f} MB, equal to the last bit")
    for size in (1, BATCH):
        # In turn, so that a machine that is slow for a while is slow for all of them.
        rounds = [{name: _seconds(score, texts, size) for name, score in scorers.items()} for _ in range(ROUNDS)]
        median = {name: statistics.median(one[name] for one in rounds) for name in scorers}
        for name, seconds in median.items():
            what = "one by one" if size == 1 else f"by {size}"
            print(
                f"{what:13} {seconds / len(texts) * 1e6:4.0f} µs a review by {name}"
                f" ({median['scikit-learn'] / seconds:.1f} times scikit-learn's speed)"
            )


def _seconds(score: Callable[[Sequence[str]], object], texts: Sequence[str], size: int) -> float:
    """Of the processor, for all texts, so many at a time."""
    began = time.process_time()
    for start in range(0, len(texts), size):
        score(texts[start : start + size])
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

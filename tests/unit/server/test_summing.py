"""Figures of several processes are those of one server: counts add up, and it is ready when all of its processes are."""

import socket
import threading
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from sentiment_server.metrics import Metrics
from sentiment_server.summing import SummedFigures, summed, tell_figures


def _metrics() -> Metrics:
    return Metrics("imdb", "2")


def _in_state(ready: bool) -> Metrics:
    metrics = _metrics()
    metrics.watch_ready(lambda: ready)
    return metrics


def _text(*parts: Metrics) -> str:
    class Once:
        def collect(self):
            return summed([generate_latest(part.registry).decode() for part in parts])

    registry = CollectorRegistry()
    registry.register(Once())
    return generate_latest(registry).decode()


def _values(text: str) -> dict[tuple[str, str], float]:
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_one_process_tells_what_it_told_before() -> None:
    metrics = _metrics()
    metrics.answered("/predict", "POST", 200, [0.003])
    metrics.predicted(1, 2)

    def stable(text: str) -> list[str]:
        return sorted(line for line in text.splitlines() if "process_" not in line)

    assert stable(_text(metrics)) == stable(generate_latest(metrics.registry).decode())


def test_counts_and_times_add_up() -> None:
    one, other = _metrics(), _metrics()
    one.answered("/predict", "POST", 200, [0.003])
    other.answered("/predict", "POST", 200, [0.3])
    other.answered("/predict", "POST", 503, [0.3])
    other.compared(agreed=False)
    values = _values(_text(one, other))
    assert values["sentiment_requests_total", "POST,/predict,200"] == 2
    assert values["sentiment_requests_total", "POST,/predict,503"] == 1
    assert values["sentiment_request_seconds_bucket", "0.005,/predict"] == 1
    assert values["sentiment_request_seconds_bucket", "+Inf,/predict"] == 3
    assert values["sentiment_request_seconds_sum", "/predict"] == pytest.approx(0.603)
    assert values["sentiment_disagreements_total", ""] == 1
    assert values["sentiment_model_info", "imdb,2"] == 1
    assert values["process_resident_memory_bytes", ""] > _values(_text(one))["process_resident_memory_bytes", ""] * 1.5


@pytest.mark.parametrize(("states", "ready"), [((True, True), 1), ((True, False), 0), ((False, False), 0)])
def test_it_is_ready_when_all_are(states: tuple[bool, ...], ready: float) -> None:
    assert _values(_text(*map(_in_state, states)))["sentiment_ready", ""] == ready


@pytest.fixture
def workers() -> Iterator[tuple[list[socket.socket], list[socket.socket]]]:
    pairs = [socket.socketpair() for _ in range(2)]
    yield [asking for asking, _ in pairs], [asked for _, asked in pairs]
    for end in (end for pair in pairs for end in pair):
        end.close()


def test_every_worker_is_asked_each_time(workers) -> None:
    asking, asked = workers
    parts = [_metrics(), _metrics()]
    for part, end in zip(parts, asked, strict=True):
        tell_figures(part.registry, end, orphaned=lambda: None)
    figures = SummedFigures(asking)
    for round_ in (1, 2):
        for part in parts:
            part.predicted(1, 0)
        (family,) = [family for family in figures.collect() if family.name == "sentiment_predictions"]
        assert {sample.value for sample in family.samples if sample.labels.get("sentiment") == "positive"} >= {
            2 * round_
        }


def test_figures_of_a_part_are_an_error(workers) -> None:
    asking, (one, other) = workers
    tell_figures(_metrics().registry, one, orphaned=lambda: None)
    other.close()
    with pytest.raises(OSError):
        list(SummedFigures(asking).collect())


def test_a_worker_whose_server_is_gone_hears_of_it(workers) -> None:
    asking, asked = workers
    gone = threading.Event()
    tell_figures(_metrics().registry, asked[0], orphaned=gone.set)
    asking[0].close()
    assert gone.wait(10)

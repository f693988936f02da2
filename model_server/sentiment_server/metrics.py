"""Figures for Prometheus, on a port of their own, so that the service port shows nothing to the outside."""

from collections.abc import Callable, Sequence
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.process_collector import ProcessCollector

from sentiment_contract.rollout import (
    COMPARED_METRIC,
    COMPARING_METRIC,
    DISAGREEMENTS_METRIC,
    LOADED_METRIC,
    MIRRORED_METRIC,
    REQUESTS_METRIC,
    SECONDS_METRIC,
)

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """All figures of one server."""

    def __init__(self, model: str, version: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            REQUESTS_METRIC, "Answered requests.", ("route", "method", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            SECONDS_METRIC, "From the request's head to the last byte of the reply.", ("route",),
            registry=self.registry, buckets=_BUCKETS,
        )  # fmt: skip
        self._predictions = Counter(
            "sentiment_predictions", "Scored texts by predicted sentiment.", ("sentiment",), registry=self.registry
        )
        self._ready = Gauge("sentiment_ready", "1 while the model answers.", registry=self.registry)
        self._loaded = Gauge(
            LOADED_METRIC,
            "When the model was loaded, as Unix time; 0 before. process_start_time_seconds says when the process began.",
            registry=self.registry,
        )
        self._native = Gauge("sentiment_native_scorer", "1 while native code scores.", registry=self.registry)
        self._compared = Counter(COMPARED_METRIC, "Texts that the baseline has scored, too.", registry=self.registry)
        self._disagreements = Counter(
            DISAGREEMENTS_METRIC, "Those for which it names another sentiment.", registry=self.registry
        )
        self._comparing = Gauge(
            COMPARING_METRIC, "1 while texts are scored by the baseline, too.", registry=self.registry
        )
        self._mirrored = Counter(
            MIRRORED_METRIC, "Copies of requests by what became of them.", ("result",), registry=self.registry
        )
        for result in ("sent", "failed", "dropped"):
            self._mirrored.labels(result)
        info = Gauge("sentiment_model_info", "The model that is served.", ("model", "version"), registry=self.registry)
        info.labels(model, version).set(1)
        self._positive, self._negative = (self._predictions.labels(sentiment) for sentiment in ("positive", "negative"))
        self._answered_as: dict[tuple[str, str, int], Callable[[Sequence[float]], None]] = {}

    def watch_ready(self, ready: Callable[[], bool]) -> None:
        """The gauge asks this function whenever it is read."""
        self._ready.set_function(lambda: float(ready()))

    def watch_loaded(self, loaded_at: Callable[[], float]) -> None:
        """As for `watch_ready`."""
        self._loaded.set_function(loaded_at)

    def watch_native(self, native: Callable[[], bool]) -> None:
        """As for `watch_ready`."""
        self._native.set_function(lambda: float(native()))

    def watch_comparing(self, comparing: Callable[[], bool]) -> None:
        """As for `watch_ready`."""
        self._comparing.set_function(lambda: float(comparing()))

    def answered(self, route: str, method: str, status: int, seconds: Sequence[float]) -> None:
        """Counts replies of one kind, by how long each took."""
        count = self._answered_as.get((route, method, status))
        if count is None:
            count = self._answered_as[route, method, status] = self._counting(route, method, status)
        count(seconds)

    def _counting(self, route: str, method: str, status: int) -> Callable[[Sequence[float]], None]:
        """Looking the figures up by their labels costs more than counting, so it is done once."""
        requests, times = self._requests.labels(route, method, str(status)), self._seconds.labels(route)

        def count(seconds: Sequence[float]) -> None:
            requests.inc(len(seconds))
            for each in seconds:
                times.observe(each)

        return count

    def predicted(self, positive: int, negative: int) -> None:
        """Counts scored texts."""
        if positive:
            self._positive.inc(positive)
        if negative:
            self._negative.inc(negative)

    def compared(self, agreed: bool) -> None:
        """Counts one text that two versions have scored."""
        self._compared.inc()
        if not agreed:
            self._disagreements.inc()

    def mirrored(self, result: Literal["sent", "failed", "dropped"]) -> None:
        """Counts one copy; from any thread."""
        self._mirrored.labels(result).inc()


def serve_figures(registry: CollectorRegistry, host: str, port: int) -> None:
    """Answers GET /metrics from a thread of its own until the process ends. Raises OSError for a port in use."""
    start_http_server(port, host, registry)

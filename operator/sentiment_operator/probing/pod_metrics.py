"""Reads what serving pods count, straight from their addresses, so that no Prometheus is needed.

A ready pod that does not tell is named, and never taken for one that answered nothing. It judges nothing.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from sentiment_contract.names import METRICS_PORT, VERSION_LABEL
from sentiment_contract.rollout import (
    COMPARED_METRIC,
    COMPARING_METRIC,
    DISAGREEMENTS_METRIC,
    LOADED_METRIC,
    PREDICT_ROUTES,
    REQUESTS_METRIC,
    SECONDS_METRIC,
)
from sentiment_operator.bounded import bounded
from sentiment_operator.facts.observed import Answered, Manifest
from sentiment_operator.probing.service_probe import ALONE, MOST_BYTES, in_url
from sentiment_operator.reading.raw import is_deleting, labels_of
from sentiment_operator.reading.workload import is_ready

TIMEOUT = aiohttp.ClientTimeout(total=2, sock_connect=1)
AT_ONCE = 32
FAULT = 500


async def by_version(session: aiohttp.ClientSession, pods: Sequence[Manifest]) -> dict[str, Answered]:
    """What the pods of each version answered since they started, by version label."""
    free = asyncio.Semaphore(AT_ONCE)

    async def ask(pod: Manifest) -> Answered | None:
        async with free:
            return answered(await _exposition(session, pod))

    parts = await asyncio.gather(*(ask(pod) for pod in pods))
    return of_versions(pods, {pod["metadata"]["name"]: part for pod, part in zip(pods, parts, strict=True)})


def of_versions(pods: Iterable[Manifest], parts: Mapping[str, Answered | None]) -> dict[str, Answered]:
    """The sum for each version label, from what each pod told by its name. A pod that is ending counts for nothing."""
    staying = [pod for pod in pods if not is_deleting(pod)]
    labels = {labels_of(pod).get(VERSION_LABEL, "") for pod in staying}
    return {
        label: together([pod for pod in staying if labels_of(pod).get(VERSION_LABEL, "") == label], parts)
        for label in labels
    }


def together(pods: Iterable[Manifest], parts: Mapping[str, Answered | None]) -> Answered:
    """The sum over several pods, whose histograms have the same bounds."""
    names = {pod["metadata"]["name"]: is_ready(pod) for pod in pods}
    told = {name: part for name in names if (part := parts.get(name)) is not None}
    bounds = sorted({bound for part in told.values() for bound, _ in part.buckets})
    return Answered(
        requests=sum(part.requests for part in told.values()),
        errors=sum(part.errors for part in told.values()),
        buckets=tuple((bound, sum(dict(part.buckets).get(bound, 0) for part in told.values())) for bound in bounds),
        compared=sum(part.compared for part in told.values()),
        disagreements=sum(part.disagreements for part in told.values()),
        comparing=sum(part.comparing for part in told.values()),
        by_pod={name: part.requests for name, part in told.items()},
        silent=tuple(sorted(name for name, ready in names.items() if ready and name not in told)),
    )


async def loaded_at(session: aiohttp.ClientSession, pod: Manifest) -> datetime | None:
    """When the pod's model was there; None where it does not tell."""
    return when_loaded(await _exposition(session, pod))


def when_loaded(exposition: str) -> datetime | None:
    """When the model was there, by what one pod shows; None before, and where the text is not what a server shows."""
    try:
        samples = (sample for family in text_string_to_metric_families(exposition) for sample in family.samples)
        seconds = next((sample.value for sample in samples if sample.name == LOADED_METRIC), 0.0)
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, KeyError, IndexError, OverflowError, OSError):
        return None


async def _exposition(session: aiohttp.ClientSession, pod: Manifest) -> str:
    address = pod.get("status", {}).get("podIP", "")
    if not address:
        return ""
    url = f"http://{in_url(address)}:{METRICS_PORT}/metrics"
    try:
        async with session.get(url, headers=ALONE, timeout=TIMEOUT) as response:
            body = await bounded(response, MOST_BYTES)
            return body.decode() if response.status == HTTPStatus.OK else ""
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return ""


def answered(exposition: str) -> Answered | None:
    """What one pod answered; None where the text is not what a server shows."""
    try:
        samples = [sample for family in text_string_to_metric_families(exposition) for sample in family.samples]
        return counted(samples)
    except (ValueError, KeyError, IndexError, OverflowError):
        return None


def counted(samples: list[Sample]) -> Answered | None:
    """What one pod answered, by its samples; None where no server shows such.

    Raises ValueError, KeyError and OverflowError where a sample is not what a server shows.
    """
    if not any(sample.name == COMPARED_METRIC for sample in samples):
        return None  # A server that nobody asked shows this one, too.
    predictions = [sample for sample in samples if sample.labels.get("route") in PREDICT_ROUTES]
    requests = [sample for sample in predictions if sample.name == REQUESTS_METRIC]
    return Answered(
        requests=_sum(requests),
        errors=_sum(sample for sample in requests if _status(sample) >= FAULT),
        buckets=_buckets(sample for sample in predictions if sample.name == f"{SECONDS_METRIC}_bucket"),
        compared=_sum(sample for sample in samples if sample.name == COMPARED_METRIC),
        disagreements=_sum(sample for sample in samples if sample.name == DISAGREEMENTS_METRIC),
        comparing=min(1, _sum(sample for sample in samples if sample.name == COMPARING_METRIC)),
    )


def _buckets(samples: Iterable[Sample]) -> tuple[tuple[float, int], ...]:
    counts: dict[float, int] = {}
    for sample in samples:
        bound = float(sample.labels["le"])
        counts[bound] = counts.get(bound, 0) + int(sample.value)
    return tuple(sorted(counts.items()))


def _status(sample: Sample) -> int:
    status = sample.labels.get("status", "")
    return int(status) if status.isdecimal() else 0


def _sum(samples: Iterable[Sample]) -> int:
    return sum(int(sample.value) for sample in samples)

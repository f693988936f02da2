"""Reads what serving pods count, straight from their addresses, so that no Prometheus is needed.

A pod that does not answer counts for nothing: too few samples then keep its version from going on. It judges nothing.
"""

import asyncio
from collections.abc import Iterable, Sequence
from http import HTTPStatus

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from sentiment_contract.names import METRICS_PORT, VERSION_LABEL
from sentiment_contract.rollout import (
    COMPARED_METRIC,
    DISAGREEMENTS_METRIC,
    PREDICT_ROUTES,
    REQUESTS_METRIC,
    SECONDS_METRIC,
)
from sentiment_operator.facts import Answered, Manifest
from sentiment_operator.raw import labels_of
from sentiment_operator.service_probe import ALONE, in_url

TIMEOUT = aiohttp.ClientTimeout(total=2, sock_connect=1)
AT_ONCE = 32
FAULT = 500


async def by_version(session: aiohttp.ClientSession, pods: Sequence[Manifest]) -> dict[str, Answered]:
    """What the pods of each version answered since they started, by version label."""
    free = asyncio.Semaphore(AT_ONCE)

    async def ask(pod: Manifest) -> tuple[str, str]:
        async with free:
            return labels_of(pod).get(VERSION_LABEL, ""), await _exposition(session, pod)

    told = await asyncio.gather(*(ask(pod) for pod in pods))
    labels = {label for label, _ in told}
    return {label: together(answered(text) for of, text in told if of == label) for label in labels}


async def _exposition(session: aiohttp.ClientSession, pod: Manifest) -> str:
    address = pod.get("status", {}).get("podIP", "")
    if not address:
        return ""
    url = f"http://{in_url(address)}:{METRICS_PORT}/metrics"
    try:
        async with session.get(url, headers=ALONE, timeout=TIMEOUT) as response:
            return await response.text() if response.status == HTTPStatus.OK else ""
    except (aiohttp.ClientError, TimeoutError, OSError, UnicodeDecodeError):
        return ""


def answered(exposition: str) -> Answered:
    """What one pod answered. Text that is no exposition says nothing."""
    try:
        return counted([sample for family in text_string_to_metric_families(exposition) for sample in family.samples])
    except (ValueError, KeyError, IndexError, OverflowError):
        return Answered()


def counted(samples: list[Sample]) -> Answered:
    """What one pod answered, by its samples.

    Raises ValueError, KeyError and OverflowError where a sample is not what a server shows.
    """
    predictions = [sample for sample in samples if sample.labels.get("route") in PREDICT_ROUTES]
    requests = [sample for sample in predictions if sample.name == REQUESTS_METRIC]
    return Answered(
        requests=_sum(requests),
        errors=_sum(sample for sample in requests if _status(sample) >= FAULT),
        buckets=_buckets(sample for sample in predictions if sample.name == f"{SECONDS_METRIC}_bucket"),
        compared=_sum(sample for sample in samples if sample.name == COMPARED_METRIC),
        disagreements=_sum(sample for sample in samples if sample.name == DISAGREEMENTS_METRIC),
    )


def together(parts: Iterable[Answered]) -> Answered:
    """The sum over several pods, whose histograms have the same bounds."""
    whole = list(parts)
    bounds = sorted({bound for part in whole for bound, _ in part.buckets})
    return Answered(
        requests=sum(part.requests for part in whole),
        errors=sum(part.errors for part in whole),
        buckets=tuple((bound, sum(dict(part.buckets).get(bound, 0) for part in whole)) for bound in bounds),
        compared=sum(part.compared for part in whole),
        disagreements=sum(part.disagreements for part in whole),
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

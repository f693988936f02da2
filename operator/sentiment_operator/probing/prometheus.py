"""Reads what serving pods count from a Prometheus, where whoever installs the operator names one.

For clusters in which the operator may not call pods. The figures are those of the pods themselves, as they were scraped
last, so its series carry the labels `namespace` and `pod`, as those of a PodMonitor do. It judges nothing.
"""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated

import aiohttp
from prometheus_client.samples import Sample
from pydantic import BaseModel, Field, ValidationError

from sentiment_contract.rollout import (
    COMPARED_METRIC,
    COMPARING_METRIC,
    DISAGREEMENTS_METRIC,
    REQUESTS_METRIC,
    SECONDS_METRIC,
)
from sentiment_operator.facts.observed import Answered, Manifest
from sentiment_operator.probing.pod_metrics import counted, of_versions

log = logging.getLogger(__name__)

TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=3)
NAMES = (REQUESTS_METRIC, f"{SECONDS_METRIC}_bucket", COMPARED_METRIC, DISAGREEMENTS_METRIC, COMPARING_METRIC)


class _Series(BaseModel):
    metric: dict[str, str]
    value: tuple[float, str]


class _Data(BaseModel):
    result: list[_Series]


class _Answer(BaseModel):
    """https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries"""

    status: Annotated[str, Field(pattern="^success$")]
    data: _Data


async def by_version(
    session: aiohttp.ClientSession, url: str, namespace: str, pods: Sequence[Manifest]
) -> dict[str, Answered] | None:
    """What the pods of each version answered since they started, by version label; None where it does not say."""
    if not pods:
        return {}
    names = [pod["metadata"]["name"] for pod in pods]
    try:
        parts = _by_pod(await _series(session, url, _selector(namespace, names)), names)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, OverflowError) as error:
        # A validation error repeats what it was given, which may be long.
        why = "it gave no answer of its query API" if isinstance(error, ValidationError) else str(error) or repr(error)
        log.warning("Prometheus at %s: %s. Next: look at analysis.prometheusURL of the chart.", url, why)
        return None
    return of_versions(pods, parts)


async def _series(session: aiohttp.ClientSession, url: str, selector: str) -> list[_Series]:
    question = f"{url.rstrip('/')}/api/v1/query"
    async with session.post(question, data={"query": selector}, timeout=TIMEOUT) as response:
        if response.status != HTTPStatus.OK:
            raise ValueError(f"it answered {response.status}: {(await response.text())[:200]}")
        return _Answer.model_validate_json(await response.read()).data.result


def _selector(namespace: str, pods: Sequence[str]) -> str:
    # Names of namespaces and pods hold letters, digits, dots and dashes alone.
    among = "|".join(sorted(pods)).replace(".", "[.]")
    return f'{{__name__=~"{"|".join(NAMES)}",namespace="{namespace}",pod=~"{among}"}}'


def _by_pod(series: Sequence[_Series], pods: Sequence[str]) -> Mapping[str, Answered | None]:
    if not series:
        raise ValueError("it holds no figures of any of these pods")
    of_pod: dict[str, list[Sample]] = {name: [] for name in pods}
    for one in series:
        of_pod[one.metric["pod"]].append(Sample(one.metric["__name__"], one.metric, float(one.value[1])))
    return {name: counted(samples) for name, samples in of_pod.items()}

"""Asks what serves: a known review through the Service as a user would send it, and a pod why it is not ready.

Both have short timeouts: a pass must not wait for a pod that hangs. It judges nothing.
"""

import asyncio
import re
from http import HTTPStatus
from typing import Any

import aiohttp
from pydantic import TypeAdapter, ValidationError

from sentiment_contract.names import HTTP_PORT, KNOWN_REVIEWS
from sentiment_operator.bounded import TooLong, bounded
from sentiment_operator.facts.jobs import Trouble
from sentiment_operator.facts.observed import Manifest, ServiceProbe

PREDICT_TIMEOUT = aiohttp.ClientTimeout(total=5, sock_connect=0.5)
PAUSES_SECONDS = (0.1, 0.2, 0.4)
"""A Service leads to its first pod a moment after that is ready, once each node has written its rules; a connection that is
begun meanwhile leads nowhere for ever. Another one is begun soon, where the next pass would be seconds away."""
READY_TIMEOUT = aiohttp.ClientTimeout(total=2, sock_connect=1)
# A connection of its own each time: a kept one would go on asking a pod that is about to end.
ALONE = {"Connection": "close"}
MOST_BYTES = 1 << 20
"""Of what a pod answers: some ten times its longest answer. A pod is a stranger, too: labels make it a model's."""
VERSION_HEADER = "X-Model-Version"
DIGEST_HEADER = "X-Model-Digest"

_ANSWER = TypeAdapter(dict[str, Any])
_REASON = re.compile(r"[A-Z][A-Za-z]{0,63}")
_ON_ITS_WAY = frozenset({"Loading", "Draining", "Ready"})
"""Reasons of a pod that only needs time."""


async def through_service(session: aiohttp.ClientSession, service: Manifest | None) -> ServiceProbe:
    """Send a known review to the Service's cluster address; its answer's version and digest, or why there is none."""
    url = service_address(service)
    if not url:
        return _failed("the Service has no cluster address yet")
    for pause in PAUSES_SECONDS:
        if (answered := await _asked(session, url)) is not None:
            return answered
        await asyncio.sleep(pause)
    return await _asked(session, url) or _failed(f"POST {url}/predict: no connection")


async def _asked(session: aiohttp.ClientSession, url: str) -> ServiceProbe | None:
    """What came of it; None where no connection was made."""
    try:
        async with session.post(
            f"{url}/predict", json={"text": KNOWN_REVIEWS["positive"]}, headers=ALONE, timeout=PREDICT_TIMEOUT
        ) as response:
            answer = _ANSWER.validate_json(await bounded(response, MOST_BYTES))
            if response.status != HTTPStatus.OK or "sentiment" not in answer:
                return _failed(f"POST {url}/predict answered {response.status}")
            version, digest = (response.headers.get(name, "") for name in (VERSION_HEADER, DIGEST_HEADER))
            return ServiceProbe(version=version, digest=digest, error="")
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        return None
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return _failed(f"POST {url}/predict: {_said(error)}")


def _said(error: Exception) -> str:
    match error:
        case TimeoutError():
            return f"no answer within {PREDICT_TIMEOUT.total:g} s"
        case TooLong():
            return f"the answer is {error}"
        case ValidationError():
            return "the answer is not JSON"
        case _:
            return f"{type(error).__name__} {error}"


def _failed(why: str) -> ServiceProbe:
    return ServiceProbe(version="", digest="", error=why[:500])


async def readiness_trouble(session: aiohttp.ClientSession, pod: Manifest) -> Trouble | None:
    """What the pod's own /readyz says is wrong; None where it says nothing of use."""
    address = pod.get("status", {}).get("podIP", "")
    if not address:
        return None
    url = f"http://{in_url(address)}:{HTTP_PORT}/readyz"
    try:
        async with session.get(url, headers=ALONE, timeout=READY_TIMEOUT) as response:
            answer = _ANSWER.validate_json(await bounded(response, MOST_BYTES))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None
    reason = str(answer.get("reason", ""))
    if reason in _ON_ITS_WAY or not _REASON.fullmatch(reason):
        return None
    return Trouble(reason=reason, message=str(answer.get("message", ""))[:1000])


def service_address(service: Manifest | None) -> str:
    """URL of the Service inside the cluster, empty while it has no address."""
    spec = (service or {}).get("spec", {})
    address = spec.get("clusterIP") or ""
    if address in ("", "None"):
        return ""
    ports: list[Manifest] = spec.get("ports") or []
    port = next((entry["port"] for entry in ports if entry.get("name") == "http"), 80)
    return f"http://{in_url(address)}:{port}"


def in_url(address: str) -> str:
    """An address as a URL has it."""
    return f"[{address}]" if ":" in address else address

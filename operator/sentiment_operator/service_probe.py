"""Asks what serves: a known review through the Service as a user would send it, and a pod why it is not ready.

Both have short timeouts: a pass must not wait for a pod that hangs. It judges nothing.
"""

import aiohttp

from sentiment_contract.names import HTTP_PORT, KNOWN_REVIEWS
from sentiment_operator.facts import Manifest, ServiceProbe, Trouble

PREDICT_TIMEOUT = aiohttp.ClientTimeout(total=5, sock_connect=2)
READY_TIMEOUT = aiohttp.ClientTimeout(total=2, sock_connect=1)
VERSION_HEADER = "X-Model-Version"
DIGEST_HEADER = "X-Model-Digest"


async def through_service(session: aiohttp.ClientSession, service: Manifest | None) -> ServiceProbe:
    """Send a known review to the Service's cluster address; its answer's version and digest, or why there is none."""
    url = service_address(service)
    if not url:
        return ServiceProbe(version="", digest="", error="the Service has no cluster address yet")
    try:
        # A connection of its own each time: a kept one would go on asking a pod that is about to end.
        headers = {"Connection": "close"}
        async with session.post(
            f"{url}/predict", json={"text": KNOWN_REVIEWS["positive"]}, headers=headers, timeout=PREDICT_TIMEOUT
        ) as response:
            answer = await response.json(content_type=None)
            if response.status != 200 or not isinstance(answer, dict) or "sentiment" not in answer:
                return ServiceProbe(version="", digest="", error=f"POST {url}/predict answered {response.status}")
            return ServiceProbe(
                version=response.headers.get(VERSION_HEADER, ""),
                digest=response.headers.get(DIGEST_HEADER, ""),
                error="",
            )
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return ServiceProbe(version="", digest="", error=f"POST {url}/predict failed: {error or 'no answer in time'}")


async def readiness_trouble(session: aiohttp.ClientSession, pod: Manifest) -> Trouble | None:
    """What the pod's own /readyz says is wrong; None where it says nothing of use."""
    address = pod.get("status", {}).get("podIP", "")
    if not address:
        return None
    try:
        url = f"http://{_bracketed(address)}:{HTTP_PORT}/readyz"
        async with session.get(url, headers={"Connection": "close"}, timeout=READY_TIMEOUT) as response:
            answer = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None
    if not isinstance(answer, dict) or not answer.get("reason"):
        return None
    return Trouble(
        reason=str(answer["reason"])[:128], message=str(answer.get("detail") or answer.get("message") or "")[:1000]
    )


def service_address(service: Manifest | None) -> str:
    """URL of the Service inside the cluster, empty while it has no address."""
    spec = (service or {}).get("spec", {})
    address = spec.get("clusterIP") or ""
    if address in ("", "None"):
        return ""
    ports: list[Manifest] = spec.get("ports") or []
    port = next((entry["port"] for entry in ports if entry.get("name") == "http"), 80)
    return f"http://{_bracketed(address)}:{port}"


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address

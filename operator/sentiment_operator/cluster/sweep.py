"""Lists everything now and then and compares it with the store: what a watch failed to tell is repaired.

The first sweep is also how the store is filled before the first pass. It writes nothing.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from sentiment_operator.cluster.errors import Away, Refused, Rewound
from sentiment_operator.cluster.kube import Kube
from sentiment_operator.cluster.store import Store
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import OF_GATEWAY_API, OWN, Kind
from sentiment_operator.metrics import MISSED
from sentiment_operator.replicas.interest import Interest

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 300.0
GRACE_SECONDS = 10.0
"""A list is always a little ahead of the watch: only what the watch has not told so much later was missed."""
WAIT_SECONDS = 2.0


@dataclass(slots=True)
class Sweep:
    """Fills and checks the store."""

    kube: Kube
    store: Store
    namespaces: tuple[str, ...]
    kinds: tuple[Kind, ...]
    """What is watched."""
    interest: Interest
    """What this process needs to know of."""
    found: Callable[[Kind, Manifest], None]
    """Told of every object that the watch had missed."""
    blind_for: int = field(default=0)
    """How many sweeps in a row found something that the watch had missed."""

    async def fill(self) -> None:
        """Read everything, for as long as it takes: before that nothing can be decided."""
        for kind in self.kinds:
            while True:
                try:
                    await self._sweep(kind, grace=0.0)
                    break
                except (Away, Refused) as error:
                    log.warning("waiting for %s: %s", kind.plural, _explained(kind, error))
                    await asyncio.sleep(WAIT_SECONDS)

    async def definitions_are_served(self) -> None:
        """Return as soon as the API server knows the kinds that are no part of Kubernetes: a watch would not find them later."""
        for kind in (kind for kind in self.kinds if kind in OWN or kind in OF_GATEWAY_API):
            while True:
                try:
                    await self.kube.is_served(kind, self.namespaces[0] if self.namespaces else "")
                    break
                except (Away, Refused) as error:
                    log.warning("waiting for %s: %s", kind.plural, _explained(kind, error))
                    await asyncio.sleep(WAIT_SECONDS)

    async def run(self) -> None:
        """Sweep again and again."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            try:
                missed = [body for kind in self.kinds for body in await self._sweep(kind, GRACE_SECONDS)]
            except (Away, Refused) as error:
                log.warning("the sweep ended early: %s", error)
                continue
            self.blind_for = self.blind_for + 1 if missed else 0

    async def _sweep(self, kind: Kind, grace: float) -> list[Manifest]:
        missed: list[Manifest] = []
        for namespace in self.namespaces or ("",):
            missed += await self._compare(kind, namespace, grace)
        if grace and missed:
            MISSED.labels(kind.plural).inc(len(missed))
            log.warning("the watch had missed %d of %s", len(missed), kind.plural)
            for body in missed:
                self.found(kind, body)
        return missed

    async def _compare(self, kind: Kind, namespace: str, grace: float) -> list[Manifest]:
        while True:
            extent = self.interest.extent(kind)
            newest = self.store.newest(kind)
            listed, version = await self._all_of(kind, namespace)
            if version < newest:
                raise Rewound(
                    f"{kind.plural}: version {newest} is known, and a list that was begun later is of {version}"
                )
            if grace and self.store.lags(kind, listed, namespace):
                await asyncio.sleep(grace)
            # What came to this process or left it meanwhile would be taken for gone, or for missed.
            if self.interest.extent(kind) == extent:
                return self.store.sweep(kind, listed, version, namespace)

    async def _all_of(self, kind: Kind, namespace: str) -> tuple[list[Manifest], int]:
        selector = self.interest.selector(kind)
        listed, version = await self.kube.all_of(kind, namespace, selector, self.store.kept)
        return [body for body in listed if self.interest.keeps(kind, body)], version


def _explained(kind: Kind, error: Away | Refused) -> str:
    is_unknown = isinstance(error, Refused) and error.code == HTTPStatus.NOT_FOUND
    if is_unknown and kind in OWN:
        return "its CustomResourceDefinition is not installed. Next: install the chart, or kubectl apply -f crds/"
    if is_unknown and kind in OF_GATEWAY_API:
        return (
            "the Gateway API is not installed in this cluster. Next: install its definitions (channel standard), or"
            " upgrade the chart with --set gatewayAPI.enabled=false"
        )
    return str(error)

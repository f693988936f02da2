"""Keeps MLflow's aliases true: `champion` is the version that serves, `challenger` the one being rolled out.

A person reading MLflow relies on them, the operator never does; so they are set after a pass and not in it, and an
absent MLflow delays nothing else.
"""

import logging
from dataclasses import dataclass, field

from sentiment_contract.names import CHALLENGER, CHAMPION
from sentiment_operator import extract
from sentiment_operator.api import RegistryReference
from sentiment_operator.kinds import REVISION
from sentiment_operator.raw import uid_of
from sentiment_operator.registry import Registry, RegistryError
from sentiment_operator.store import Key, Store
from sentiment_operator.workqueue import WorkQueue

log = logging.getLogger(__name__)

Wanted = dict[tuple[str, str], dict[str, str]]
"""(tracking URL, registered model) → alias → version number, empty for none."""


@dataclass(slots=True)
class Aliases:
    """A queue of models whose aliases may not be true, worked on by one worker."""

    store: Store
    registry: Registry
    _queue: WorkQueue[Key] = field(default_factory=WorkQueue[Key])
    _true: dict[Key, Wanted] = field(default_factory=dict[Key, Wanted])

    def serving(self, key: Key) -> None:
        """The model serves: let its aliases follow, unless they are known to be true."""
        if self._wanted(key) != self._true.get(key):
            self._queue.add(key)

    async def run(self) -> None:
        """Work until cancelled."""
        await self._queue.run(1, self._follow)

    async def _follow(self, key: Key) -> None:
        wanted = self._wanted(key)
        try:
            for (url, model), aliases in wanted.items():
                await self._set(key, url, model, aliases)
        except RegistryError as error:
            log.debug("aliases are to be set later: %s", error)
            self._queue.back_off(key)
        else:
            self._true[key] = wanted
            self._queue.forget(key)

    async def _set(self, key: Key, url: str, model: str, wanted: dict[str, str]) -> None:
        known = await self.registry.aliases(url, model)
        for alias, version in wanted.items():
            if known.get(alias, "") != version:
                await self.registry.set_alias(url, model, alias, version)
                extra = {"event.action": "alias-set", "model": str(key), "alias": alias, "version": version}
                log.info("alias set in MLflow", extra=extra)

    def _wanted(self, key: Key) -> Wanted:
        body = self.store.model(key)
        if body is None:
            return {}
        status = extract.model_status(body)
        revisions = extract.revisions(self.store.of_model(REVISION, key), uid_of(body))
        serving, candidate = revisions.get(status.serving_version), revisions.get(status.candidate_version)
        if serving is None:
            return {}
        place: RegistryReference = serving.spec.registry
        challenger = candidate.spec.registry.version if candidate and candidate != serving else ""
        return {(place.tracking_url, place.model_name): {CHAMPION: place.version, CHALLENGER: challenger}}

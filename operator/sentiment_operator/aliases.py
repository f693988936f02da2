"""Keeps MLflow's aliases true: `champion` is the version that serves, `challenger` the one being rolled out.

A person reading MLflow relies on them, the operator never does; so they are set after a pass and not in it, and an
absent MLflow delays nothing else.
"""

import asyncio
import logging
from dataclasses import dataclass, field

from sentiment_contract.names import CHALLENGER, CHAMPION
from sentiment_operator import extract
from sentiment_operator.api_revision import RegistryReference
from sentiment_operator.kinds import REVISION
from sentiment_operator.raw import uid_of
from sentiment_operator.registry import Registry, RegistryError
from sentiment_operator.store import Key, Store
from sentiment_operator.workqueue import WorkQueue

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 1800.0
"""One question for each model that serves: an alias that was moved by hand may stay moved for so long."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a model's aliases have to be."""

    uid: str
    """Of the model: one that was deleted and made anew may find MLflow counting from 1 again."""
    tracking_url: str
    registered_model: str
    champion: str
    """Version number."""
    challenger: str
    """Version number, empty for none."""


@dataclass(slots=True)
class Aliases:
    """A queue of models whose aliases may not be true, worked on by one worker."""

    store: Store
    registry: Registry
    _queue: WorkQueue[Key] = field(default_factory=WorkQueue[Key])
    _true: dict[Key, Wanted] = field(default_factory=dict[Key, Wanted])
    """What was found or made true since the last look at all."""

    def serving(self, key: Key) -> None:
        """The model serves: let its aliases follow, unless they are known to be true."""
        if self._wanted(key) != self._true.get(key):
            self._queue.add(key)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_again())
            group.create_task(self._queue.run(1, self._follow))

    async def _look_again(self) -> None:
        """Forget now and then what is true: nothing tells of a change in MLflow, nor of models that are gone."""
        while True:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            self._true.clear()
            for key in self.store.models():
                self._queue.add(key)

    async def _follow(self, key: Key) -> None:
        wanted = self._wanted(key)
        if wanted is None:
            self._queue.forget(key)
            return
        try:
            await self._set(key, wanted)
        except RegistryError as error:
            log.debug("aliases are to be set later: %s", error)
            self._queue.back_off(key)
        else:
            self._true[key] = wanted
            self._queue.forget(key)

    async def _set(self, key: Key, wanted: Wanted) -> None:
        url, model = wanted.tracking_url, wanted.registered_model
        known = await self.registry.aliases(url, model)
        for alias, version in ((CHAMPION, wanted.champion), (CHALLENGER, wanted.challenger)):
            if known.get(alias, "") != version:
                await self.registry.set_alias(url, model, alias, version)
                extra = {"event.action": "alias-set", "model": str(key), "alias": alias, "version": version}
                log.info("alias set in MLflow", extra=extra)

    def _wanted(self, key: Key) -> Wanted | None:
        body = self.store.model(key)
        if body is None:
            return None
        status = extract.model_status(body)
        revisions = extract.revisions(self.store.of_model(REVISION, key), uid_of(body))
        serving, candidate = revisions.get(status.serving_version), revisions.get(status.candidate_version)
        if serving is None:
            return None
        place: RegistryReference = serving.spec.registry
        challenger = candidate.spec.registry.version if candidate and candidate != serving else ""
        return Wanted(uid_of(body), place.tracking_url, place.model_name, place.version, challenger)

"""Keeps true what MLflow says of who serves: `champion` is the version that serves, `challenger` the one being rolled
out, `<namespace>_<name>` what a model serves that follows another one; a tag holds when and by whose leave.

A person reading MLflow relies on them, the operator never does; so they are set after a pass and not in it, and an
absent MLflow delays nothing else.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sentiment_contract.names import CHALLENGER, CHAMPION, REGISTRY_SERVED_TAG
from sentiment_operator.api.revision import RegistryReference
from sentiment_operator.api.status import HistoryEntry
from sentiment_operator.cluster.errors import NotLeading
from sentiment_operator.cluster.store import Key, Store
from sentiment_operator.facts.observed import Revision
from sentiment_operator.kinds import REVISION
from sentiment_operator.reading import extract
from sentiment_operator.reading.raw import uid_of
from sentiment_operator.registry.client import Registry
from sentiment_operator.registry.restraint import RegistryError
from sentiment_operator.workqueue import WorkQueue

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 1800.0
"""Two questions for each model that serves: an alias that was moved by hand may stay moved for so long."""
TAG_CHARACTERS = 4500
"""Within what every release of MLflow takes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What MLflow has to say of a model that serves."""

    uid: str
    """Of the model: one that was deleted and made anew may find MLflow counting from 1 again."""
    tracking_url: str
    registered_model: str
    version: str
    """Number of the version that serves."""
    aliases: tuple[tuple[str, str], ...]
    """Alias and version number, empty for none."""
    tag: str
    served: str
    """Value of that tag: the times that the version served."""


@dataclass(slots=True)
class Aliases:
    """A queue of models whose aliases may not be true, worked on by one worker."""

    store: Store
    registry: Registry
    is_ours: Callable[[str], bool]
    """Whether this process acts for that namespace: others keep true what is theirs."""
    may_write: Callable[[str], bool]
    """Whether no other process can act for that namespace now: one that was frozen knows only what was true before."""
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
        if wanted is None or not self.is_ours(key.namespace):
            self._queue.forget(key)
            return
        try:
            await self._set(key, wanted)
        except (RegistryError, NotLeading) as error:
            log.debug("aliases are to be set later: %s", error)
            self._queue.back_off(key)
        except Exception:
            # One model must not stop the aliases of all, nor the process with them.
            log.exception("aliases could not be set", extra={"model": str(key)})
            self._queue.back_off(key)
        else:
            self._true[key] = wanted
            self._queue.forget(key)

    async def _set(self, key: Key, wanted: Wanted) -> None:
        url, model = wanted.tracking_url, wanted.registered_model
        known = await self.registry.aliases(url, model)
        for alias, version in wanted.aliases:
            if known.get(alias, "") != version:
                self._only_while_leading(key)
                await self.registry.set_alias(url, model, alias, version)
                extra = {"event.action": "alias-set", "model": str(key), "alias": alias, "version": version}
                log.info("alias set in MLflow", extra=extra)
        tags = await self.registry.tags(url, model, wanted.version)
        if tags.get(wanted.tag, "") != wanted.served:
            self._only_while_leading(key)
            await self.registry.set_tag(url, model, wanted.version, wanted.tag, wanted.served)

    def _only_while_leading(self, key: Key) -> None:
        if not self.may_write(key.namespace):
            raise NotLeading(f"aliases of {key}")

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
        return Wanted(
            uid=uid_of(body),
            tracking_url=place.tracking_url,
            registered_model=place.model_name,
            version=place.version,
            aliases=_aliases(key, serving, candidate),
            tag=f"{REGISTRY_SERVED_TAG}{key.namespace}/{key.name}",
            served=_told(serving.status.serving),
        )


def _aliases(key: Key, serving: Revision, candidate: Revision | None) -> tuple[tuple[str, str], ...]:
    """What was taken over stands among the versions of another model, whose own aliases say what that one serves."""
    version = serving.spec.registry.version
    if serving.spec.promoted_from is not None:
        return ((f"{key.namespace}_{key.name}", version),)
    is_another = candidate is not None and candidate != serving and candidate.spec.promoted_from is None
    challenger = candidate.spec.registry.version if candidate is not None and is_another else ""
    return ((CHAMPION, version), (CHALLENGER, challenger))


def _told(intervals: Sequence[HistoryEntry]) -> str:
    """The latest times that a version served, as many as a tag has room for."""
    entries = [one.model_dump(mode="json", by_alias=True, exclude_defaults=True) for one in intervals]
    while entries and len(json.dumps(entries)) > TAG_CHARACTERS:
        del entries[0]
    return json.dumps(entries, ensure_ascii=False) if entries else ""

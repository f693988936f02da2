"""Writes one object of a model and notes what came of it: written, refused, or not as it was thought to be.

What the API server answers goes into the store at once, so that the same pass sees it. It does not know why something
is written.
"""

import logging
from dataclasses import dataclass, field
from http import HTTPStatus

from sentiment_operator.cluster.contests import Contests
from sentiment_operator.cluster.errors import Refused, Stale
from sentiment_operator.cluster.kube import Kube
from sentiment_operator.cluster.store import Store
from sentiment_operator.facts.observed import ChildKind, Manifest, Model, Refusal
from sentiment_operator.kinds import SERVING, Kind
from sentiment_operator.reading.additions import additions, overwriting
from sentiment_operator.reading.difference import is_as_desired
from sentiment_operator.reading.raw import is_controlled_by, is_deleting, uid_of

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    wrote: bool = False
    stale: bool = False
    """Something was not as the store said: the pass has to be repeated."""
    refusals: list[Refusal] = field(default_factory=list[Refusal])
    foreign: dict[ChildKind, Manifest] = field(default_factory=dict[ChildKind, Manifest])
    """Objects of others that hold a child's name."""

    def note(self, model: Model, what: str, kind: Kind, name: str) -> None:
        """Something was written."""
        self.wrote = True
        log.info(
            what,
            extra={
                "event.action": what.replace(" ", "-"),
                "model": f"{model.namespace}/{model.name}",
                "object": f"{kind.name}/{name}",
            },
        )

    def refuse(self, kind: Kind, name: str, message: str) -> None:
        """The API server does not take it."""
        self.refusals.append(Refusal(kind.name, name, message))

    def mistake(self, kind: Kind, name: str, stale: Stale) -> None:
        """It was not as it was thought to be."""
        self.stale = True
        log.debug("to be looked at again: %s %s: %s", kind.name, name, stale)


@dataclass(frozen=True, slots=True)
class Writer:
    """The writes that are common to all objects."""

    kube: Kube
    store: Store
    contests: Contests

    async def apply_first(self, model: Model, child: ChildKind, desired: Manifest, outcome: Outcome) -> None:
        """The store knows no such object: create it, and where there is one, look whose it is."""
        kind, name = SERVING[child], desired["metadata"]["name"]
        try:
            self.store.put(kind, await self.kube.apply_new(kind, desired))
        except Refused as refused:
            outcome.refuse(kind, name, refused.message)
        except Stale as stale:
            await self._apply_known(model, child, desired, stale, outcome)
        else:
            outcome.note(model, "child created", kind, name)

    async def _apply_known(
        self, model: Model, child: ChildKind, desired: Manifest, stale: Stale, outcome: Outcome
    ) -> None:
        """An object of that name stands there already: of others, or ours."""
        kind, name = SERVING[child], desired["metadata"]["name"]
        found = await self.kube.get(kind, model.namespace, name)
        if found is None:
            outcome.mistake(kind, name, stale)  # It has gone meanwhile.
        elif not is_controlled_by(found, model.uid):
            outcome.foreign[child] = found
        elif not is_deleting(found):
            # Ours, but out of the watch's sight: its labels were edited away.
            await self.write(model, kind, outcome, desired, found)

    async def write(self, model: Model, kind: Kind, outcome: Outcome, desired: Manifest, live: Manifest) -> None:
        """Bring the live child back to what is desired."""
        name = desired["metadata"]["name"]
        try:
            written = await self._restored(kind, desired, live)
        except Refused as refused:
            outcome.refuse(kind, name, refused.message)
        except Stale as stale:
            outcome.mistake(kind, name, stale)
        else:
            self.store.put(kind, written)
            if not is_as_desired(desired, written):
                outcome.refuse(kind, name, "something in the cluster changes it as soon as it is written")
            else:
                outcome.note(model, "child updated", kind, name)
                self.contests.note(model.uid, kind, desired, live)

    async def _restored(self, kind: Kind, desired: Manifest, live: Manifest) -> Manifest:
        """This very object as desired: by apply, and where that is not enough by overwriting."""
        # Apply leaves alone what others own, and applying before overwriting would roll a Deployment out twice.
        if not additions(desired, live):
            try:
                live = await self.kube.apply(kind, desired, uid_of(live))
            except Refused as refused:
                # A hand-made entry of a list may contradict ours, such as a second port of the same name.
                if refused.code != HTTPStatus.UNPROCESSABLE_ENTITY:
                    raise
            else:
                if is_as_desired(desired, live):
                    return live
        return await self.kube.overwrite(kind, overwriting(desired, live), uid_of(live))

    async def create(self, model: Model, kind: Kind, manifest: Manifest, what: str, outcome: Outcome) -> None:
        """Create an object; one that stands there already is to be looked at first."""
        name = manifest["metadata"]["name"]
        try:
            self.store.put(kind, await self.kube.create(kind, manifest))
        except Refused as refused:
            outcome.refuse(kind, name, refused.message)
        except Stale as stale:
            await self._exists(model, kind, name, stale, outcome)
        else:
            outcome.note(model, what, kind, name)

    async def _exists(self, model: Model, kind: Kind, name: str, stale: Stale, outcome: Outcome) -> None:
        """An object of that name stands there already: ours, made by a pass that was cut off, or someone else's."""
        found = await self.kube.get(kind, model.namespace, name)
        if found is not None and not is_controlled_by(found, model.uid):
            outcome.refuse(kind, name, "an object of that name exists and does not belong to this model")
            return
        if found is not None:
            self.store.put(kind, found)
        outcome.mistake(kind, name, stale)

    async def delete(self, model: Model, kind: Kind, body: Manifest, what: str, outcome: Outcome) -> None:
        """Delete this very object."""
        name = body["metadata"]["name"]
        try:
            await self.kube.delete(kind, body)
        except Refused as refused:
            outcome.refuse(kind, name, refused.message)
        except Stale as stale:
            outcome.mistake(kind, name, stale)
        else:
            self.store.remove(kind, body)
            outcome.note(model, what, kind, name)

"""Tells the world what a pass found: status, Events, serving intervals of revisions. Written only where it differs."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import uuid4

from pydantic import BaseModel

from sentiment_operator import names
from sentiment_operator.api.revision import SentimentModelRevisionStatus
from sentiment_operator.api.status import HistoryEntry, SentimentModelStatus
from sentiment_operator.cluster.errors import Away, Refused, Stale
from sentiment_operator.cluster.kube import Kube
from sentiment_operator.cluster.store import Key, Store, owner_of
from sentiment_operator.deciding.evidence import runs
from sentiment_operator.deciding.plan import Plan
from sentiment_operator.facts.observed import Manifest, Model, Observed, Revision
from sentiment_operator.kinds import MODEL, REVISION, Kind
from sentiment_operator.notify.courier import Courier
from sentiment_operator.notify.outbox import Told
from sentiment_operator.reading import extract
from sentiment_operator.reading.deployed import deployed
from sentiment_operator.settings import Settings
from sentiment_operator.telling import rejection
from sentiment_operator.telling.events import EventFact, events
from sentiment_operator.telling.milestones import has_ended
from sentiment_operator.telling.status import status

log = logging.getLogger(__name__)

NOTE_CHARACTERS = 1000
"""The API server takes at most 1024 bytes in the note of an Event."""
INTERVALS = 50


@dataclass(frozen=True, slots=True)
class Reporter:
    """The reporting half of a pass."""

    kube: Kube
    store: Store
    settings: Settings
    serving: Callable[[Key], None]
    """Told of every model that serves, so that the aliases in MLflow follow."""
    changed: Callable[[Key], None]
    """Told of every model of which something new was written down, so that those that follow it look at it."""
    courier: Courier
    """Carries the messages that stand in a status."""
    rolled_out: Callable[[Model, SentimentModelStatus, Observed], Awaitable[None]]
    """Told of every rollout that has ended well, once it is written down: nobody is told twice."""

    async def report(self, model: Model, body: Manifest, observed: Observed, plan: Plan, now: datetime) -> bool:
        """Status and Events, then the serving interval. False if the server refused one of the two."""
        after = status(model, replace(observed, post=self.courier.post(model.uid)), plan, now)
        if not await self._report(body, model.status, after):
            return False
        if has_ended(model.status, after):
            await self.rolled_out(model, after, observed)
        if not after.history:
            return True
        began_serving = await self._begin_serving(model, observed, after.history[0])
        self.serving(Key(model.namespace, model.name))
        return began_serving

    async def reject(self, body: Manifest, problem: str, now: datetime) -> None:
        """Say of a spec that cannot be read what is wrong with it."""
        before, origin = extract.model_status(body), extract.origin(body)
        told = Told(origin, extract.notifications(body), self.courier.post(origin.uid))
        await self._report(body, before, rejection.rejected(before, problem, told, now))

    async def _report(self, body: Manifest, before: SentimentModelStatus, after: SentimentModelStatus) -> bool:
        if after != before:
            if not await self._write_status(MODEL, body, after):
                return False
            for fact in events(before, after):
                await self._post(body, fact)
        # Only now: what is not written down would be told again by whoever leads next.
        self.courier.take(owner_of(MODEL, body), body["metadata"]["uid"], after)
        return True

    async def _begin_serving(self, model: Model, observed: Observed, interval: HistoryEntry) -> bool:
        """Append the interval to the revision that serves, unless it stands there. False if the server refused it."""
        body = self.store.get(REVISION, model.namespace, names.revision_name(model.name, interval.version))
        revision = extract.revisions([body], model.uid).get(interval.version) if body is not None else None
        if body is None or revision is None or interval in revision.status.serving:
            return True
        if not served(revision, body, observed, interval):
            return True
        return await self._write_status(REVISION, body, began(revision.status, interval), unchanged=True)

    async def _write_status(self, kind: Kind, body: Manifest, after: BaseModel, *, unchanged: bool = False) -> bool:
        wire = after.model_dump(mode="json", by_alias=True, exclude_none=True)
        try:
            self.store.put(kind, await self.kube.patch_status(kind, body, wire, unchanged=unchanged))
            self.changed(owner_of(kind, body))
        except Refused as refused:
            if refused.code == HTTPStatus.NOT_FOUND:
                return True  # Deleted meanwhile: nobody is left to tell.
            log.error(
                "status refused",
                extra={"event.action": "status-refused", "model": _name(body), "error.message": refused.message},
            )
            return False
        return True

    async def _post(self, body: Manifest, fact: EventFact) -> None:
        log.info(
            fact.message,
            extra={"event.action": fact.reason, "event.kind": fact.type, "model": _name(body)},
        )
        try:
            await self.kube.post_event(_event(body, fact, datetime.now(UTC)))
        except (Away, Refused, Stale) as error:
            log.warning("an Event could not be recorded: %s", error, extra={"model": _name(body)})


def served(revision: Revision, body: Manifest, observed: Observed, interval: HistoryEntry) -> bool:
    """Whether it was this revision that served then, and not an older one of its label."""
    return body["metadata"]["creationTimestamp"] <= interval.since or runs(deployed(observed), revision)


def began(before: SentimentModelRevisionStatus, interval: HistoryEntry) -> SentimentModelRevisionStatus:
    """The revision's status with one more interval of serving, or with the end of a trial in the one that it began."""
    others = (one for one in before.serving if one.since != interval.since)
    return before.model_copy(update={"serving": (*others, interval)[-INTERVALS:]})


def _event(body: Manifest, fact: EventFact, now: datetime) -> Manifest:
    metadata = body["metadata"]
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name']}.{uuid4().hex[:16]}", "namespace": metadata["namespace"]},
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "type": fact.type,
        "reason": fact.reason,
        "action": "Reconcile",
        "note": fact.message.encode()[:NOTE_CHARACTERS].decode(errors="ignore"),
        "reportingController": "rottenpotatoes.com/sentiment-operator",
        "reportingInstance": "sentiment-operator",
        "regarding": {
            "apiVersion": body["apiVersion"],
            "kind": body["kind"],
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
        },
    }


def _name(body: Manifest) -> str:
    return f"{body['metadata']['namespace']}/{body['metadata']['name']}"

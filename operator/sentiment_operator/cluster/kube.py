"""The only place that talks to the Kubernetes API on the operator's own behalf, and the only writer.

Raw bodies in, raw bodies out, a timeout on every call, and the Lease checked before every write. It decides nothing.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, nullcontext
from http import HTTPStatus

from sentiment_operator.cluster.errors import Away, NotLeading, Refused, Stale
from sentiment_operator.cluster.transport import (
    APPLY,
    JSON,
    JSON_PATCH,
    MERGE_PATCH,
    STREAM_SECONDS,
    Client,
    send,
    stream,
    understood,
)
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import API_CALLS, DEPLOYMENT, EVENT, LEASE, PREVIEW_CALLS, Kind
from sentiment_operator.metrics import api_calls
from sentiment_operator.names import FIELD_MANAGER
from sentiment_operator.reading.raw import slim

PAGE = 100
"""Objects of one answer to a list: reading it is a few milliseconds of the loop."""
CONCURRENT_CALLS = 32
NO_VERSION = "1"
"""A resourceVersion that no object can have: etcd stands at it before its first write."""
Told = tuple[str, Manifest]
"""Type of a watch event, and the object."""


def _as_it_came(_: Kind, body: Manifest) -> Manifest:
    return body


class Kube:
    """The calls the operator makes, one method for each."""

    def __init__(
        self,
        client: Client,
        may_write: Callable[[str], bool],
        allowed: Mapping[tuple[str, str], frozenset[str]] = API_CALLS,
    ) -> None:
        self._client = client
        self._may_write = may_write
        self._allowed = allowed
        self._calls = asyncio.Semaphore(CONCURRENT_CALLS)

    async def get(self, kind: Kind, namespace: str, name: str) -> Manifest | None:
        """The object as it is now, None if there is none."""
        try:
            return slim(await self._call("get", kind, kind.path(namespace, name)))
        except Refused as refused:
            if refused.code == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def all_of(
        self,
        kind: Kind,
        namespace: str = "",
        selector: str = "",
        kept: Callable[[Kind, Manifest], Manifest] = _as_it_came,
    ) -> tuple[list[Manifest], int]:
        """Every object of the kind as it is now, and the resourceVersion of the list.

        `kept` may give another body of the very same object, so that no second one has to stay in memory.
        """
        query = {"limit": str(PAGE)} | ({"labelSelector": selector} if selector else {})
        return await self._list(kind, namespace, query, kept)

    async def watch(self, kind: Kind, namespace: str, selector: str, version: int) -> AsyncGenerator[list[Told], None]:
        """What happens to such objects after that resourceVersion, as many events at a time as came.

        Ends when the server ends it. Stale where the server no longer knows what happened since.
        """
        query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": str(version)}
        query |= {"timeoutSeconds": str(STREAM_SECONDS)} | ({"labelSelector": selector} if selector else {})
        self._check(kind, kind.plural, "watch")
        async with aclosing(stream(self._client, kind.path(namespace), query)) as answers:
            async for told in answers:
                if failed := next((one["object"] for one in told if one["type"] == "ERROR"), None):
                    # The events before it come again: with the next list, or after the version that was heard last.
                    failure = Stale if failed.get("code") == HTTPStatus.GONE else Away
                    raise failure(f"watch {kind.plural}: {failed.get('message', '')}")
                yield [(one["type"], one["object"]) for one in told]

    async def is_served(self, kind: Kind, namespace: str = "") -> None:
        """Return where the API server knows the kind. Raises Refused where it does not."""
        await self._call("list", kind, kind.path(namespace), {"limit": "1"})

    async def events_about(self, namespace: str, uid: str) -> list[Manifest]:
        """Events that are told of the object of that uid."""
        bodies, _ = await self._list(EVENT, namespace, {"limit": str(PAGE), "fieldSelector": f"regarding.uid={uid}"})
        return bodies

    async def _list(
        self,
        kind: Kind,
        namespace: str,
        query: dict[str, str],
        kept: Callable[[Kind, Manifest], Manifest] = _as_it_came,
    ) -> tuple[list[Manifest], int]:
        bodies: list[Manifest] = []
        version = 0
        async for answer in self._pages(kind, namespace, query):
            # Items of a list carry no kind of their own.
            whole = ({"apiVersion": kind.api_version, "kind": kind.name, **item} for item in answer["items"])
            bodies += [kept(kind, slim(item)) for item in whole]
            version = int(answer["metadata"]["resourceVersion"])
        return bodies, version

    async def pages_of(self, kind: Kind, fields: str = "") -> AsyncIterator[list[Manifest]]:
        """Every object of the kind in all namespaces, a page at a time, for whoever keeps none of them."""
        query = {"limit": str(PAGE)} | ({"fieldSelector": fields} if fields else {})
        async for answer in self._pages(kind, "", query):
            yield answer["items"]

    async def _pages(self, kind: Kind, namespace: str, query: dict[str, str]) -> AsyncIterator[Manifest]:
        while True:
            answer = await self._call("list", kind, kind.path(namespace), query)
            yield answer
            following = answer["metadata"].get("continue")
            if not following:
                return
            query["continue"] = following

    async def rehearse(self, kind: Kind, manifest: Manifest) -> None:
        """Have the API server try a write and keep nothing of it. Raises Refused where it would refuse the write."""
        metadata, query = manifest["metadata"], {**_strict(), "dryRun": "All"}
        if "patch" not in API_CALLS[kind.group, kind.plural]:
            await self._write("create", kind, kind.path(metadata["namespace"]), manifest, query=query)
            return
        path = kind.path(metadata["namespace"], metadata["name"])
        await self._write("patch", kind, path, manifest, query=query | {"force": "true"}, content=APPLY)

    async def create(self, kind: Kind, manifest: Manifest) -> Manifest:
        """Create an object that must not exist yet. Stale where it does."""
        return slim(await self._write("create", kind, kind.path(_namespace(manifest)), manifest, query=_strict()))

    async def apply_new(self, kind: Kind, manifest: Manifest) -> Manifest:
        """Server-side apply of an object that must not exist yet. Stale where it does, whoever made it."""
        # No object has that version: one that is there is not written to, and one that is not there has none to compare.
        return await self._patched(kind, manifest, {"resourceVersion": NO_VERSION}, _strict(), APPLY)

    async def apply(self, kind: Kind, manifest: Manifest, uid: str) -> Manifest:
        """Server-side apply that takes over every field of this very object."""
        return await self._patched(kind, manifest, {"uid": uid}, _strict() | {"force": "true"}, APPLY)

    async def overwrite(self, kind: Kind, manifest: Manifest, uid: str) -> Manifest:
        """Merge patch of this very object: lists become exactly as desired, entries that others added included.

        For what server-side apply cannot mend, since it leaves others' entries in lists alone.
        """
        return await self._patched(kind, manifest, {"uid": uid}, _strict(), MERGE_PATCH)

    async def _patched(
        self, kind: Kind, manifest: Manifest, of: Mapping[str, str], query: dict[str, str], content: str
    ) -> Manifest:
        """The object as it is then. `of`: metadata that have to be the live object's."""
        metadata = {**manifest["metadata"], **of}
        path = kind.path(metadata["namespace"], metadata["name"])
        return slim(await self._write("patch", kind, path, {**manifest, "metadata": metadata}, query, content))

    async def delete(self, kind: Kind, body: Manifest) -> None:
        """Delete this very object with its dependents. One that is gone already is no error."""
        metadata = body["metadata"]
        options = {"propagationPolicy": "Background", "preconditions": {"uid": metadata["uid"]}}
        try:
            await self._write("delete", kind, kind.path(metadata["namespace"], metadata["name"]), options)
        except Refused as refused:
            if refused.code != HTTPStatus.NOT_FOUND:
                raise

    async def orphan(self, kind: Kind, body: Manifest) -> Manifest | None:
        """Delete this very object and leave its dependents to whoever selects them; the object while it is ending."""
        metadata = body["metadata"]
        options = {"propagationPolicy": "Orphan", "preconditions": {"uid": metadata["uid"]}}
        try:
            answer = await self._write("delete", kind, kind.path(metadata["namespace"], metadata["name"]), options)
        except Refused as refused:
            if refused.code != HTTPStatus.NOT_FOUND:
                raise
            return None
        return slim(answer) if answer.get("kind") == kind.name else None

    async def patch_scale(self, deployment: Manifest, replicas: int) -> Manifest:
        """Set the replicas of this very Deployment and nothing else; gives its Scale."""
        metadata = deployment["metadata"]
        path = DEPLOYMENT.path(metadata["namespace"], metadata["name"], "scale")
        body = {"metadata": {"uid": metadata["uid"]}, "spec": {"replicas": replicas}}
        return await self._write(
            "patch", DEPLOYMENT, path, body, query=_strict(), content=MERGE_PATCH, subresource="scale"
        )

    async def patch_status(self, kind: Kind, body: Manifest, status: Manifest, *, unchanged: bool = False) -> Manifest:
        """Replace the whole status of this very object: a merge would keep what is no longer true.

        `unchanged`: only if nobody has written to it since it was read, for a status that is added to. Stale otherwise.
        """
        metadata = body["metadata"]
        seen = [{"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]}]
        patch = [
            {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
            *(seen if unchanged else []),
            {"op": "add", "path": "/status", "value": status},
        ]
        path = kind.path(metadata["namespace"], metadata["name"], "status")
        return slim(
            await self._write("patch", kind, path, patch, query=_strict(), content=JSON_PATCH, subresource="status")
        )

    async def post_event(self, manifest: Manifest) -> None:
        """Record an Event."""
        await self._write("create", EVENT, EVENT.path(_namespace(manifest)), manifest, query=_strict())

    async def get_lease(self, namespace: str, name: str) -> Manifest | None:
        """The Lease as it is now."""
        return await self.get(LEASE, namespace, name)

    async def create_lease(self, manifest: Manifest) -> Manifest:
        """Create the Lease. The only writes that are allowed without holding it are those of the Lease itself."""
        return await self._call("create", LEASE, LEASE.path(_namespace(manifest)), body=manifest)

    async def update_lease(self, manifest: Manifest) -> Manifest:
        """Replace the Lease, if it is still at the resourceVersion that was read."""
        metadata = manifest["metadata"]
        return await self._call("update", LEASE, LEASE.path(metadata["namespace"], metadata["name"]), body=manifest)

    async def _write(
        self,
        verb: str,
        kind: Kind,
        path: str,
        body: Manifest | Sequence[Manifest],
        query: dict[str, str] | None = None,
        content: str = JSON,
        subresource: str = "",
    ) -> Manifest:
        return await self._call(verb, kind, path, query, body, content, subresource, written_in=_namespace_in(path))

    async def _call(
        self,
        verb: str,
        kind: Kind,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Manifest | Sequence[Manifest] | None = None,
        content: str = JSON,
        subresource: str = "",
        written_in: str = "",
    ) -> Manifest:
        resource = f"{kind.plural}/{subresource}" if subresource else kind.plural
        self._check(kind, resource, verb)
        # Nothing holds up the Lease; what waited for a place is written only if the Lease is held still.
        async with nullcontext() if kind == LEASE else self._calls:
            if written_in and not self._may_write(written_in):
                raise NotLeading(f"{verb} {path}")
            answer = await send(self._client, _METHODS[verb], path, query, body, content)
        counted = "dry-run" if query is not None and "dryRun" in query else verb
        api_calls(counted, resource, answer.code).inc()
        return understood(answer, f"{verb} {path}")

    def _check(self, kind: Kind, resource: str, verb: str) -> None:
        call = kind.group, resource
        if verb not in self._allowed.get(call, frozenset()) | PREVIEW_CALLS.get(call, frozenset()):
            raise LookupError(
                f"neither API_CALLS nor PREVIEW_CALLS lists {verb} {resource}, or the settings leave it out"
            )


_METHODS = {"get": "GET", "list": "GET", "create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE"}


def _strict() -> dict[str, str]:
    return {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}


def _namespace_in(path: str) -> str:
    """The namespace that is written to; nothing is written outside of one."""
    return path.partition("/namespaces/")[2].partition("/")[0]


def _namespace(manifest: Manifest) -> str:
    return manifest["metadata"]["namespace"]

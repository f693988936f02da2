"""What is sent to the API server, what its answers mean, and what waits for a place among many calls."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, cast

import pytest

from sentiment_operator.cluster.errors import Away, NotLeading, Refused, Stale
from sentiment_operator.cluster.kube import CONCURRENT_CALLS, Kube
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import DEPLOYMENT

CANDIDATE: Manifest = {
    "kind": "Deployment",
    "metadata": {"name": "imdb-candidate", "namespace": "shop", "uid": "c1", "resourceVersion": "5"},
}
ENDING: Manifest = {**CANDIDATE, "metadata": {**CANDIDATE["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}


class Reply:
    """An HTTP answer."""

    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, status: int, body: Manifest) -> None:
        self.status = status
        self._body = json.dumps(body).encode()

    async def read(self) -> bytes:
        return self._body

    async def __aenter__(self) -> "Reply":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


class Server:
    """An API server that answers once and keeps what it was sent."""

    def __init__(self, status: int, body: Manifest) -> None:
        self.reply = Reply(status, body)
        self.sent: list[tuple[str, str, Any]] = []

    async def request(self, method: str, path: str, _: Any, body: bytes | None, *__: Any) -> Reply:
        self.sent.append((method, path, json.loads(body or b"null")))
        return self.reply


def status(code: int, reason: str) -> Manifest:
    return {"kind": "Status", "code": code, "reason": reason, "message": reason}


def let_go(server: Server, *, leads: bool = True) -> Manifest | None:
    return asyncio.run(Kube(cast("Any", server), lambda _: leads).orphan(DEPLOYMENT, CANDIDATE))


def test_letting_go_deletes_this_very_object_and_leaves_its_dependents() -> None:
    server = Server(200, ENDING)
    let_go(server)
    options = {"propagationPolicy": "Orphan", "preconditions": {"uid": "c1"}}
    assert server.sent == [("DELETE", "/apis/apps/v1/namespaces/shop/deployments/imdb-candidate", options)]


def test_what_is_let_go_of_is_there_until_its_dependents_are_free() -> None:
    ending = let_go(Server(200, ENDING))
    assert ending is not None
    assert ending["metadata"]["deletionTimestamp"]


@pytest.mark.parametrize(
    "server", [Server(404, status(404, "NotFound")), Server(200, status(200, ""))], ids=["gone before", "gone at once"]
)
def test_what_is_gone_is_no_error(server: Server) -> None:
    assert let_go(server) is None


def test_a_successor_of_the_same_name_is_not_let_go_of() -> None:
    with pytest.raises(Stale):
        let_go(Server(409, status(409, "Conflict")))


def test_a_missing_right_is_told() -> None:
    with pytest.raises(Refused, match="Forbidden"):
        let_go(Server(403, status(403, "Forbidden")))


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ('Internal error occurred: failed calling webhook "policy.example.com": connection refused', Refused),
        ("Internal error occurred: etcdserver: request timed out", Away),
    ],
    ids=["a webhook", "the server itself"],
)
def test_whoever_is_away_is_told_apart(message: str, error: type[Exception]) -> None:
    told = {**status(500, "InternalError"), "message": message}
    with pytest.raises(error, match=message.partition(": ")[2]):
        let_go(Server(500, told))


def test_without_the_lease_nothing_is_let_go_of() -> None:
    server = Server(200, ENDING)
    with pytest.raises(NotLeading):
        let_go(server, leads=False)
    assert server.sent == []


def test_an_object_that_must_be_new_is_applied_at_a_version_that_none_has() -> None:
    manifest: Manifest = {"kind": "Deployment", "metadata": {"name": "imdb", "namespace": "shop"}}
    server = Server(409, status(409, "Conflict"))
    with pytest.raises(Stale):
        asyncio.run(Kube(cast("Any", server), lambda _: True).apply_new(DEPLOYMENT, manifest))
    ((method, _, sent),) = server.sent
    assert (method, sent["metadata"]) == ("PATCH", {"name": "imdb", "namespace": "shop", "resourceVersion": "1"})


class BusyServer(Server):
    """Answers nothing but what is asked of Leases before it is told to."""

    def __init__(self) -> None:
        super().__init__(200, ENDING)
        self.is_full, self.free = asyncio.Event(), asyncio.Event()

    async def request(self, method: str, path: str, _: Any, body: bytes | None, *__: Any) -> Reply:
        reply = await super().request(method, path, _, body)
        if len(self.sent) == CONCURRENT_CALLS:
            self.is_full.set()
        if "/leases/" not in path:
            await self.free.wait()
        return reply


def beside_many_calls(ask: Callable[[Kube, BusyServer, list[bool]], Awaitable[None]]) -> BusyServer:
    """Ask something while as many calls as there are places wait for their answers. The list says who leads."""

    async def story() -> BusyServer:
        server, leads = BusyServer(), [True]
        kube = Kube(cast("Any", server), lambda _: leads[0])
        waiting = [asyncio.create_task(kube.get(DEPLOYMENT, "shop", str(n))) for n in range(CONCURRENT_CALLS)]
        async with asyncio.timeout(10):
            await ask(kube, server, leads)
            server.free.set()
            await asyncio.gather(*waiting)
        return server

    return asyncio.run(story())


def test_a_write_that_waited_while_the_lease_was_lost_is_not_sent() -> None:
    async def write(kube: Kube, server: BusyServer, leads: list[bool]) -> None:
        written = asyncio.create_task(kube.orphan(DEPLOYMENT, CANDIDATE))
        await server.is_full.wait()
        leads[0] = False
        server.free.set()
        with pytest.raises(NotLeading):
            await written

    assert {method for method, _, _ in beside_many_calls(write).sent} == {"GET"}


def test_the_lease_waits_for_no_other_call() -> None:
    async def look(kube: Kube, server: BusyServer, _: list[bool]) -> None:
        await server.is_full.wait()
        await kube.get_lease("shop", "sentiment-operator")

    assert len(beside_many_calls(look).sent) == CONCURRENT_CALLS + 1

"""What a dry run tells, and that nothing is made of what it cannot tell."""

import asyncio
from typing import ClassVar, cast

import pytest

from sentiment_operator import children
from sentiment_operator.children.deployment import deployment
from sentiment_operator.cluster.errors import Away, Refused, Stale
from sentiment_operator.cluster.kube import Kube
from sentiment_operator.cluster.rehearsal import refusals
from sentiment_operator.cluster.transport import Client
from sentiment_operator.deciding.plan import Train
from sentiment_operator.facts.observed import Manifest, Refusal
from tests.support.builders import SETTINGS, model, revision

JOB = children.training_job(model(), Train("1", 1), SETTINGS)
DEPLOYMENT = deployment(model(), revision(), SETTINGS)


class Api:
    """Answers every request in the same way, and keeps what was asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.tried: list[str] = []

    async def rehearse(self, kind: object, manifest: Manifest) -> None:
        self.tried.append(manifest["metadata"]["name"])
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (None, ""),
        (Refused(403, "Forbidden", "exceeded quota"), "exceeded quota"),
        (Refused(422, "Invalid", "a policy says no"), "a policy says no"),
        (Refused(400, "BadRequest", "webhook does not support dry run"), ""),
        (Stale("it exists"), ""),
        (Away("no answer"), ""),
    ],
)
def test_only_a_refusal_is_one(error: Exception | None, told: str) -> None:
    api = Api(error)
    found = asyncio.run(refusals(cast("Kube", api), JOB))
    assert found == ((Refusal("Job", JOB["metadata"]["name"], told),) if told else ())
    assert api.tried == [JOB["metadata"]["name"]]


class Wire:
    """The connection to an API server as far as it is used; keeps the requests."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, dict[str, str]]] = []

    async def request(self, method: str, path: str, query: dict[str, str], *_: object) -> "Wire":
        self.sent.append((method, path, query))
        return self

    async def __aenter__(self) -> "Wire":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    status = 201
    headers: ClassVar[dict[str, str]] = {}

    async def read(self) -> bytes:
        return b'{"kind": "Job", "metadata": {"name": "n"}}'


@pytest.mark.parametrize(
    ("manifest", "method", "path"),
    [
        (JOB, "POST", "/apis/batch/v1/namespaces/reviews/jobs"),
        (DEPLOYMENT, "PATCH", "/apis/apps/v1/namespaces/reviews/deployments/imdb"),
    ],
)
def test_the_api_server_is_told_to_keep_nothing(manifest: Manifest, method: str, path: str) -> None:
    wire = Wire()
    asyncio.run(refusals(Kube(cast("Client", wire), lambda _: True), manifest))
    ((sent_method, sent_path, query),) = wire.sent
    assert (sent_method, sent_path, query["dryRun"]) == (method, path, "All")

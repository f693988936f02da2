"""Stands in for MLflow and for what answers behind every Service, after a fixed time.

A Service answers with the version that its ready pods run.
"""

import asyncio
import hashlib
import json
from typing import Any, Protocol

from aiohttp import web

from sentiment_contract import names

LATENCY_SECONDS = 0.005
POISONED = "poisoned"
"""Part of an address whose MLflow always fails."""
METRICS = {"accuracy": "0.91"}


class Seen(Protocol):
    """What has to be known of the cluster."""

    def serves(self, namespace: str, name: str) -> str:
        """Which version the ready pods of a model run, empty for none."""
        ...

    def is_trained(self, namespace: str, name: str) -> bool:
        """Whether a training of the model got so far that it registers its result."""
        ...


class StandIn:
    """A server on loopback. Every model is registered with the versions that are `known`, and with the one that was trained."""

    def __init__(self, recipe_hash: str, known: tuple[str, ...], trained: str, seen: Seen) -> None:
        self._recipe_hash, self._known, self._trained, self._seen = recipe_hash, known, trained, seen
        self._aliases: dict[str, dict[str, str]] = {}
        self._tags: dict[tuple[str, str], dict[str, str]] = {}
        self._runner: web.AppRunner | None = None
        self.asked = 0
        """Requests that were answered in MLflow's stead."""
        self.probed = 0
        """Requests that were answered in a Service's stead."""
        self.url = ""

    async def begin(self) -> None:
        """Listen."""
        application = web.Application()
        application.router.add_route("*", "/api/2.0/mlflow/{call:.*}", self._registry)
        application.router.add_route("*", f"/{POISONED}/{{rest:.*}}", self._poisoned)
        application.router.add_post("/{namespace}/{service}/predict", self._predict)
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def end(self) -> None:
        """Listen no longer."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _poisoned(self, _: web.Request) -> web.Response:
        await asyncio.sleep(LATENCY_SECONDS)
        return web.json_response({"error_code": "INTERNAL_ERROR", "message": "poisoned"}, status=500)

    async def _predict(self, request: web.Request) -> web.Response:
        self.probed += 1
        await asyncio.sleep(LATENCY_SECONDS)
        version = self._seen.serves(request.match_info["namespace"], request.match_info["service"])
        if not version:
            return web.json_response({}, status=503)
        headers = {"X-Model-Version": version, "X-Model-Digest": self._digest(version)}
        return web.json_response({"sentiment": "positive", "probability": 0.9, "version": version}, headers=headers)

    async def _registry(self, request: web.Request) -> web.Response:
        self.asked += 1
        await asyncio.sleep(LATENCY_SECONDS)
        told: dict[str, Any] = dict(request.query)
        if request.can_read_body:
            told |= json.loads(await request.read())
        status, body = self._answer(request.method, request.match_info["call"], told)
        return web.json_response(body, status=status)

    def _answer(self, method: str, call: str, told: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        match method, call:
            case "GET", "model-versions/search":
                model = told["filter"].removeprefix("name='").removesuffix("'")
                found = [self._version(model, number) for number in range(1, self._count(model) + 1)]
                return 200, {"model_versions": found}
            case "GET", "model-versions/get":
                return 200, {"model_version": self._version(told["name"], int(told["version"]))}
            case "POST", "model-versions/set-tag":
                self._tags.setdefault((told["name"], str(told["version"])), {})[told["key"]] = told["value"]
                return 200, {}
            case "GET", "registered-models/get":
                aliases = self._aliases.get(told["name"], {})
                entries = [{"alias": alias, "version": version} for alias, version in aliases.items()]
                return 200, {"registered_model": {"name": told["name"], "aliases": entries}}
            case "POST", "registered-models/alias":
                self._aliases.setdefault(told["name"], {})[told["alias"]] = told["version"]
                return 200, {}
            case "DELETE", "registered-models/alias":
                self._aliases.get(told["name"], {}).pop(told["alias"], None)
                return 200, {}
            case _:
                return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST"}

    def _count(self, model: str) -> int:
        namespace, _, name = model.partition(".")
        return len(self._known) + self._seen.is_trained(namespace, name)

    def _digest(self, label: str) -> str:
        """Of what was trained, the one that the played trainer answers."""
        return hashlib.sha256((self._recipe_hash if label == self._trained else label).encode()).hexdigest()

    def _version(self, model: str, number: int) -> dict[str, Any]:
        label = (*self._known, self._trained)[number - 1]
        digest = self._digest(label)
        tags = {
            names.REGISTRY_LABEL_TAG + label: self._recipe_hash,
            names.TAG_FINGERPRINT: digest,
            names.TAG_RECIPE_HASH: self._recipe_hash,
            names.TAG_DATA_HASH: digest,
            names.TAG_ARTIFACT_DIGEST: digest,
            names.TAG_METRICS: json.dumps(METRICS),
            **self._tags.get((model, str(number)), {}),
        }
        entries = [{"key": key, "value": value} for key, value in tags.items()]
        return {"name": model, "version": str(number), "run_id": f"run-{number}", "status": "READY", "tags": entries}

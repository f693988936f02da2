"""MLflow by its REST API: which versions are registered, where the aliases point, how far the running trainings are.

Every call has a timeout, and a server that just failed is not asked again for a while, so that an absent MLflow costs a
pass nothing. Whatever it answers comes to a value or a RegistryError. It knows no Kubernetes.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp
from pydantic import ValidationError

from sentiment_operator.bounded import Allowance, TooLong
from sentiment_operator.facts.observed import RegisteredVersion, RegistryAnswer, RegistryAway
from sentiment_operator.metrics import REGISTRY_CALLS
from sentiment_operator.registry.answers import (
    MOST_RUNS,
    PAGE,
    Answer,
    Complaint,
    ExperimentAnswer,
    RegisteredModelAnswer,
    RunningTraining,
    RunsAnswer,
    VersionAnswer,
    VersionsAnswer,
)
from sentiment_operator.registry.restraint import Breaker, Places, RegistryError

TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=3)
QUESTION_SECONDS = 20.0
"""For the versions of a model, however many pages they come in."""
EXPERIMENT_SECONDS = 60.0
"""How long the id of an experiment is remembered: one that is made anew has another."""
MOST_BYTES = 2 << 20
"""Of one answer, decompressed. Read as JSON, the worst of that size takes a hundred megabytes for a moment."""
MOST_BYTES_OF_VERSIONS = 8 << 20
"""Of all pages: some thousands of versions."""
MOST_PAGES = 25
VERSIONS = "model-versions/search"

_DECLINED = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
)
_A = TypeVar("_A", bound=Answer)


class _Declined(RegistryError):
    """MLflow is there and says that the request is wrong."""


class _Absent(_Declined):
    """MLflow says that there is no such thing."""


@dataclass(slots=True)
class Registry:
    """Every MLflow that some model names, behind one HTTP session."""

    session: aiohttp.ClientSession
    monotonic: Callable[[], float] = time.monotonic
    places: Places = field(default_factory=lambda: Places(4))
    """Of the passes: whatever hangs must leave most of them to models that need nothing of it."""
    _breakers: dict[tuple[str, str], Breaker] = field(default_factory=dict[tuple[str, str], Breaker])
    """By server and call: one that fails at a single call is still asked the others."""
    _experiments: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    _experiments_until: float = 0.0

    async def versions(self, tracking_url: str, model: str) -> RegistryAnswer | RegistryAway:
        """The ready versions of a registered model, the oldest first; none where there is no such model. Raises Busy."""
        try:
            found = await self._versions_in_a_pass(tracking_url, model)
        except RegistryError as error:
            return RegistryAway(str(error))
        return RegistryAnswer(tuple(sorted(found, key=lambda version: int(version.number))))

    async def aliases(self, tracking_url: str, model: str) -> Mapping[str, str]:
        """Alias → version number. Raises RegistryError."""
        query = {"name": model}
        try:
            answer = await self._call(tracking_url, "GET", "registered-models/get", RegisteredModelAnswer, query=query)
        except _Absent:
            return {}
        return answer.aliases()

    async def set_alias(self, tracking_url: str, model: str, alias: str, version: str) -> None:
        """Let the alias name the version, or nothing where the version is empty. Raises RegistryError."""
        target = {"name": model, "alias": alias}
        method, body = ("POST", target | {"version": version}) if version else ("DELETE", target)
        try:
            await self._call(tracking_url, method, "registered-models/alias", Answer, body=body)
        except _Absent:
            return

    async def tags(self, tracking_url: str, model: str, version: str) -> Mapping[str, str]:
        """The tags of one model version, none where there is no such version. Raises RegistryError."""
        query = {"name": model, "version": version}
        try:
            answer = await self._call(tracking_url, "GET", "model-versions/get", VersionAnswer, query=query)
        except _Absent:
            return {}
        return answer.tags()

    async def set_tag(self, tracking_url: str, model: str, version: str, key: str, value: str) -> None:
        """Let the tag of a model version have that value. Raises RegistryError."""
        target = {"name": model, "version": version, "key": key, "value": value}
        try:
            await self._call(tracking_url, "POST", "model-versions/set-tag", Answer, body=target)
        except _Absent:
            return

    async def running(self, tracking_url: str, models: Iterable[str]) -> list[RunningTraining]:
        """Every run under way of these registered models, in one question. Raises RegistryError."""
        experiments = [found for model in models if (found := await self._experiment(tracking_url, model))]
        if not experiments:
            return []
        question = {
            "experiment_ids": experiments,
            "filter": "attributes.status = 'RUNNING'",
            "max_results": MOST_RUNS,
        }
        return (await self._call(tracking_url, "POST", "runs/search", RunsAnswer, body=question)).trainings()

    async def _experiment(self, tracking_url: str, model: str) -> str:
        """Id of the experiment that the trainer names like the registered model; empty before the first training."""
        if self.monotonic() >= self._experiments_until:
            self._experiments.clear()
            self._experiments_until = self.monotonic() + EXPERIMENT_SECONDS
        if known := self._experiments.get((tracking_url, model)):
            return known
        query = {"experiment_name": model}
        try:
            answer = await self._call(tracking_url, "GET", "experiments/get-by-name", ExperimentAnswer, query=query)
        except _Absent:
            return ""
        found = answer.experiment.experiment_id
        if found:
            self._experiments[tracking_url, model] = found
        return found

    async def _versions_in_a_pass(self, tracking_url: str, model: str) -> list[RegisteredVersion]:
        breaker, began = self._breaker(tracking_url, VERSIONS), self.monotonic()
        breaker.check(began)
        async with AsyncExitStack() as held:
            if not breaker.is_trusted(began):
                for places in (breaker.places, self.places):
                    await held.enter_async_context(places.taken())
            began = self.monotonic()
            try:
                async with asyncio.timeout(QUESTION_SECONDS):
                    return await self._versions(tracking_url, model)
            except TimeoutError as error:
                raise RegistryError(
                    f"MLflow at {tracking_url} takes too long to tell the versions of {model}"
                ) from error
            finally:
                breaker.took(self.monotonic() - began, self.monotonic())

    async def _versions(self, tracking_url: str, model: str) -> list[RegisteredVersion]:
        query = {"filter": f"name='{model}'", "max_results": str(PAGE)}
        allowance = Allowance(MOST_BYTES, MOST_BYTES_OF_VERSIONS)
        found: list[RegisteredVersion] = []
        for _ in range(MOST_PAGES):
            answer = await self._call(tracking_url, "GET", VERSIONS, VersionsAnswer, query=query, allowance=allowance)
            found += answer.ready()
            if not answer.next_page_token:
                return found
            query["page_token"] = answer.next_page_token
        raise RegistryError(f"MLflow at {tracking_url} says that {model} has more than {MOST_PAGES * PAGE} versions")

    def _breaker(self, tracking_url: str, call: str) -> Breaker:
        return self._breakers.setdefault((tracking_url, call), Breaker())

    async def _call(
        self,
        tracking_url: str,
        method: str,
        call: str,
        form: type[_A],
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        allowance: Allowance | None = None,
    ) -> _A:
        breaker = self._breaker(tracking_url, call)
        tries = breaker.begin(self.monotonic())
        try:
            allowed = allowance or Allowance(MOST_BYTES, MOST_BYTES)
            answer = form.model_validate_json(await self._ask(tracking_url, method, call, query, body, allowed))
        except _Declined:
            breaker.answered()
            REGISTRY_CALLS.labels(call, "declined").inc()
            raise
        except (ValidationError, TooLong) as error:
            # It is there, and what it says of one model says nothing of the others.
            breaker.answered()
            REGISTRY_CALLS.labels(call, "odd").inc()
            raise RegistryError(f"MLflow at {tracking_url} did not answer {call}: {_cause(error)}") from error
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, RegistryError) as error:
            message = f"MLflow at {tracking_url} did not answer {call}: {_cause(error)}"
            breaker.failed(self.monotonic(), message, tried=tries)
            REGISTRY_CALLS.labels(call, "failed").inc()
            raise RegistryError(message) from error
        finally:
            breaker.is_tried &= not tries
        breaker.answered()
        REGISTRY_CALLS.labels(call, "answered").inc()
        return answer

    async def _ask(
        self,
        tracking_url: str,
        method: str,
        call: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        allowance: Allowance,
    ) -> bytes:
        url = f"{tracking_url.rstrip('/')}/api/2.0/mlflow/{call}"
        async with self.session.request(method, url, params=query, json=body, timeout=TIMEOUT) as response:
            raw = await allowance.read(response)
        if response.status == HTTPStatus.NOT_FOUND and b"RESOURCE_DOES_NOT_EXIST" in raw:
            raise _Absent(f"MLflow at {tracking_url} knows nothing of what {call} asks for")
        if response.status in _DECLINED:
            raise _Declined(f"MLflow at {tracking_url} declined {call}: {_said(response.status, raw)}")
        if response.status != HTTPStatus.OK:
            raise RegistryError(_said(response.status, raw))
        return raw


def _said(status: int, raw: bytes) -> str:
    """The error as MLflow tells it. Anything else is not quoted: whoever may write models chooses who is asked here,
    and reads the conditions that this goes into, but may perhaps not ask there."""
    try:
        complaint = Complaint.model_validate_json(raw)
    except ValidationError:
        return f"HTTP {status}, and it does not look like MLflow"
    return f"HTTP {status} {complaint.error_code}: {complaint.message}"[:300]


def _cause(error: Exception) -> str:
    """Why there was no answer. What aiohttp and pydantic say of one that they could not read quotes it."""
    match error:
        case TooLong():
            return f"its answer is {error}"
        case ValidationError():
            return "its answer has not the form of MLflow's"
        case aiohttp.ClientConnectionError() | OSError() | RegistryError():
            return str(error) or "no answer in time"
        case _:
            return f"it does not look like MLflow ({type(error).__name__})"

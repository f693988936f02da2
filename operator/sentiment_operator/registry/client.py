"""MLflow by its REST API: which versions are registered, where the aliases point, how far the running trainings are.

Every call has a timeout, and a server that just failed is not asked again for a few seconds, so that an absent MLflow
costs a pass nothing. It knows no Kubernetes.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp
from pydantic import BaseModel, TypeAdapter, ValidationError

from sentiment_contract import names
from sentiment_contract.search import SearchResult
from sentiment_operator.facts.observed import RegisteredVersion, RegistryAnswer, RegistryAway
from sentiment_operator.metrics import REGISTRY_CALLS

TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=3)
REST_SECONDS = 5.0
"""How long a server that failed is left alone."""
EXPERIMENT_SECONDS = 60.0
"""How long the id of an experiment is remembered: one that is made anew has another."""
PAGE = 200
TAG_IMAGE_DIGEST = "image_digest"

_DECLINED = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
)
_ANSWER = TypeAdapter(dict[str, Any])
_METRICS = TypeAdapter(dict[str, str])


class RegistryError(Exception):
    """MLflow did not answer, or not as it should."""


class _Absent(Exception):
    """MLflow says that there is no such thing."""


class _Declined(RegistryError):
    """MLflow is there and says that the request is wrong."""


@dataclass(slots=True)
class _Breaker:
    """The latest failure of one server."""

    open_until: float = 0.0
    message: str = ""


@dataclass(frozen=True, slots=True)
class RunningTraining:
    """A run that is under way."""

    model_uid: str
    recipe_hash: str
    progress_percent: int


@dataclass(slots=True)
class Registry:
    """Every MLflow that some model names, behind one HTTP session."""

    session: aiohttp.ClientSession
    monotonic: Callable[[], float] = time.monotonic
    _breakers: dict[str, _Breaker] = field(default_factory=dict[str, _Breaker])
    _experiments: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    _experiments_until: float = 0.0

    async def versions(self, tracking_url: str, model: str) -> RegistryAnswer | RegistryAway:
        """The ready versions of a registered model, the oldest first; none where there is no such model."""
        try:
            found = await self._versions(tracking_url, model)
        except RegistryError as error:
            return RegistryAway(str(error))
        return RegistryAnswer(tuple(sorted(found, key=lambda version: int(version.number))))

    async def aliases(self, tracking_url: str, model: str) -> Mapping[str, str]:
        """Alias → version number. Raises RegistryError."""
        try:
            answer = await self._call(tracking_url, "GET", "registered-models/get", query={"name": model})
        except _Absent:
            return {}
        entries: list[dict[str, str]] = answer.get("registered_model", {}).get("aliases") or []
        return {entry["alias"]: str(entry["version"]) for entry in entries}

    async def set_alias(self, tracking_url: str, model: str, alias: str, version: str) -> None:
        """Let the alias name the version, or nothing where the version is empty. Raises RegistryError."""
        target = {"name": model, "alias": alias}
        try:
            if version:
                await self._call(tracking_url, "POST", "registered-models/alias", body=target | {"version": version})
            else:
                await self._call(tracking_url, "DELETE", "registered-models/alias", body=target)
        except _Absent:
            return

    async def tags(self, tracking_url: str, model: str, version: str) -> Mapping[str, str]:
        """The tags of one model version, none where there is no such version. Raises RegistryError."""
        query = {"name": model, "version": version}
        try:
            answer = await self._call(tracking_url, "GET", "model-versions/get", query=query)
        except _Absent:
            return {}
        return _tags(answer.get("model_version", {}))

    async def set_tag(self, tracking_url: str, model: str, version: str, key: str, value: str) -> None:
        """Let the tag of a model version have that value. Raises RegistryError."""
        target = {"name": model, "version": version, "key": key, "value": value}
        try:
            await self._call(tracking_url, "POST", "model-versions/set-tag", body=target)
        except _Absent:
            return

    async def running(self, tracking_url: str, models: Iterable[str]) -> list[RunningTraining]:
        """Every run under way of these registered models, in one question. Raises RegistryError."""
        experiments = [found for model in models if (found := await self._experiment(tracking_url, model))]
        if not experiments:
            return []
        question = {"experiment_ids": experiments, "filter": "attributes.status = 'RUNNING'", "max_results": 1000}
        answer = await self._call(tracking_url, "POST", "runs/search", body=question)
        runs: list[dict[str, Any]] = answer.get("runs") or []
        return [_training(run.get("data", {})) for run in runs]

    async def _experiment(self, tracking_url: str, model: str) -> str:
        """Id of the experiment that the trainer names like the registered model; empty before the first training."""
        if self.monotonic() >= self._experiments_until:
            self._experiments.clear()
            self._experiments_until = self.monotonic() + EXPERIMENT_SECONDS
        if known := self._experiments.get((tracking_url, model)):
            return known
        try:
            answer = await self._call(tracking_url, "GET", "experiments/get-by-name", query={"experiment_name": model})
        except _Absent:
            return ""
        found = str(answer.get("experiment", {}).get("experiment_id", ""))
        if found:
            self._experiments[tracking_url, model] = found
        return found

    async def _versions(self, tracking_url: str, model: str) -> list[RegisteredVersion]:
        query = {"filter": f"name='{model}'", "max_results": str(PAGE)}
        found: list[RegisteredVersion] = []
        while True:
            answer = await self._call(tracking_url, "GET", "model-versions/search", query=query)
            entries: list[dict[str, Any]] = answer.get("model_versions") or []
            found += [_version(entry) for entry in entries if entry.get("status", "READY") == "READY"]
            following = answer.get("next_page_token")
            if not following:
                return found
            query["page_token"] = following

    async def _call(
        self,
        tracking_url: str,
        method: str,
        call: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        breaker = self._breakers.setdefault(tracking_url, _Breaker())
        if self.monotonic() < breaker.open_until:
            raise RegistryError(breaker.message)
        try:
            answer = await self._ask(tracking_url, method, call, query, body)
        except _Declined:
            REGISTRY_CALLS.labels(call, "declined").inc()
            raise
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, RegistryError) as error:
            breaker.message = f"MLflow at {tracking_url} did not answer {call}: {_cause(error)}"
            breaker.open_until = self.monotonic() + REST_SECONDS
            REGISTRY_CALLS.labels(call, "failed").inc()
            raise RegistryError(breaker.message) from error
        REGISTRY_CALLS.labels(call, "answered").inc()
        return answer

    async def _ask(
        self, tracking_url: str, method: str, call: str, query: Mapping[str, str] | None, body: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        url = f"{tracking_url.rstrip('/')}/api/2.0/mlflow/{call}"
        async with self.session.request(method, url, params=query, json=body, timeout=TIMEOUT) as response:
            text = await response.text()
            if response.status == HTTPStatus.NOT_FOUND and "RESOURCE_DOES_NOT_EXIST" in text:
                raise _Absent
            if response.status in _DECLINED:
                raise _Declined(f"MLflow at {tracking_url} declined {call}: {_said(response.status, text)}")
            if response.status != HTTPStatus.OK:
                raise RegistryError(_said(response.status, text))
            try:
                return _ANSWER.validate_json(text)
            except ValidationError as error:
                raise RegistryError("an answer that is no JSON object") from error


class _Complaint(BaseModel):
    """The form in which MLflow tells an error."""

    error_code: str
    message: str = ""


def _said(status: int, text: str) -> str:
    """The error as MLflow tells it. Anything else is not quoted: whoever may write models chooses who is asked here,
    and reads the conditions that this goes into, but may perhaps not ask there."""
    try:
        complaint = _Complaint.model_validate_json(text)
    except ValidationError:
        return f"HTTP {status}, and it does not look like MLflow"
    return f"HTTP {status} {complaint.error_code}: {complaint.message}"[:300]


def _cause(error: Exception) -> str:
    """Why there was no answer. What aiohttp says of one that it could not read quotes it."""
    if isinstance(error, aiohttp.ClientConnectionError | OSError | RegistryError):
        return str(error) or "no answer in time"
    return f"it does not look like MLflow ({type(error).__name__})"


def _tags(entry: Mapping[str, Any]) -> dict[str, str]:
    tags: list[dict[str, str]] = entry.get("tags") or []
    return {tag["key"]: tag.get("value", "") for tag in tags}


def _version(entry: Mapping[str, Any]) -> RegisteredVersion:
    tags = _tags(entry)
    labels = {
        name.removeprefix(names.REGISTRY_LABEL_TAG): value
        for name, value in tags.items()
        if name.startswith(names.REGISTRY_LABEL_TAG)
    }
    return RegisteredVersion(
        number=str(entry["version"]),
        run_id=str(entry.get("run_id", "")),
        labels=labels,
        fingerprint=tags.get(names.TAG_FINGERPRINT, ""),
        data_hash=tags.get(names.TAG_DATA_HASH, ""),
        git_commit=tags.get(names.TAG_GIT_COMMIT, ""),
        git_author=tags.get(names.TAG_GIT_AUTHOR, ""),
        artifact_digest=tags.get(names.TAG_ARTIFACT_DIGEST, ""),
        environment_hash=tags.get(names.TAG_ENVIRONMENT_HASH, ""),
        image_digest=tags.get(TAG_IMAGE_DIGEST, ""),
        metrics=_metrics(tags.get(names.TAG_METRICS, "{}")),
        search=_search_result(tags.get(names.TAG_SEARCH_RESULT, "")),
    )


def _metrics(text: str) -> Mapping[str, str]:
    """Metrics are shown, not relied on: a tag that somebody edited must not stop anything."""
    try:
        return _METRICS.validate_json(text)
    except ValidationError:
        return {}


def _search_result(text: str) -> SearchResult | None:
    """What a search came to is shown, as metrics are."""
    try:
        return SearchResult.model_validate_json(text) if text else None
    except ValidationError:
        return None


def _training(data: Mapping[str, Any]) -> RunningTraining:
    tags = _tags(data)
    metrics: list[dict[str, Any]] = data.get("metrics") or []
    percent = next((metric["value"] for metric in metrics if metric.get("key") == names.PROGRESS_METRIC), 0)
    return RunningTraining(
        model_uid=tags.get(names.TAG_MODEL_UID, ""),
        recipe_hash=tags.get(names.TAG_RECIPE_HASH, ""),
        progress_percent=max(0, min(100, int(percent))),
    )

"""What is read of MLflow's answers, by its REST API: any other form is refused here, and everything else passed over.

A model may name an MLflow that answers what it likes, so nothing behind this trusts a raw answer.
https://mlflow.org/docs/latest/rest-api.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from sentiment_contract import names
from sentiment_contract.search import SearchResult
from sentiment_operator.facts.observed import RegisteredVersion

PAGE = 200
"""Versions that are asked for at a time."""
MOST_RUNS = 1000
TAG_IMAGE_DIGEST = "image_digest"

_METRICS = TypeAdapter(dict[str, str])


@dataclass(frozen=True, slots=True)
class RunningTraining:
    """A run that is under way."""

    model_uid: str
    recipe_hash: str
    progress_percent: int


class Answer(BaseModel):
    """An answer of which nothing is read, and what the others share."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)


@dataclass(frozen=True, slots=True)
class _Tag:
    key: str
    value: str = ""


_Number = Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]


@dataclass(frozen=True, slots=True)
class _Alias:
    alias: str
    version: _Number


class _RegisteredModel(Answer):
    aliases: tuple[_Alias, ...] = ()


class RegisteredModelAnswer(Answer):
    """Of `registered-models/get`."""

    registered_model: _RegisteredModel = _RegisteredModel()

    def aliases(self) -> dict[str, str]:
        """Alias → version number."""
        return {entry.alias: entry.version for entry in self.registered_model.aliases}


class _Tagged(Answer):
    tags: tuple[_Tag, ...] = ()


class VersionAnswer(Answer):
    """Of `model-versions/get`."""

    model_version: _Tagged = _Tagged()

    def tags(self) -> dict[str, str]:
        """The tags of the version."""
        return _by_key(self.model_version.tags)


class _Version(_Tagged):
    version: _Number
    run_id: str = ""
    status: str = "READY"


class VersionsAnswer(Answer):
    """Of `model-versions/search`."""

    model_versions: Annotated[tuple[_Version, ...], Field(max_length=PAGE)] = ()
    next_page_token: str = ""

    def ready(self) -> list[RegisteredVersion]:
        """The versions that are ready."""
        return [_registered(version) for version in self.model_versions if version.status == "READY"]


class _Experiment(Answer):
    experiment_id: str = ""


class ExperimentAnswer(Answer):
    """Of `experiments/get-by-name`."""

    experiment: _Experiment = _Experiment()


@dataclass(frozen=True, slots=True)
class _Metric:
    key: str
    value: float = 0.0


class _RunData(_Tagged):
    metrics: tuple[_Metric, ...] = ()


class _Run(Answer):
    data: _RunData = _RunData()


class RunsAnswer(Answer):
    """Of `runs/search`."""

    runs: Annotated[tuple[_Run, ...], Field(max_length=MOST_RUNS)] = ()

    def trainings(self) -> list[RunningTraining]:
        """How far each run is."""
        return [_training(run.data) for run in self.runs]


class Complaint(BaseModel):
    """The form in which MLflow tells an error."""

    error_code: str
    message: str = ""


def _by_key(tags: Sequence[_Tag]) -> dict[str, str]:
    return {tag.key: tag.value for tag in tags}


def _registered(version: _Version) -> RegisteredVersion:
    tags = _by_key(version.tags)
    labels = {
        name.removeprefix(names.REGISTRY_LABEL_TAG): value
        for name, value in tags.items()
        if name.startswith(names.REGISTRY_LABEL_TAG)
    }
    return RegisteredVersion(
        number=version.version,
        run_id=version.run_id,
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


def _training(data: _RunData) -> RunningTraining:
    tags = _by_key(data.tags)
    percent = next((metric.value for metric in data.metrics if metric.key == names.PROGRESS_METRIC), 0.0)
    return RunningTraining(
        model_uid=tags.get(names.TAG_MODEL_UID, ""),
        recipe_hash=tags.get(names.TAG_RECIPE_HASH, ""),
        progress_percent=max(0, min(100, int(percent))) if isfinite(percent) else 0,
    )

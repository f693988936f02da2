"""One model version per fingerprint, and one tag per label that says which version a label means."""

import logging
from typing import TYPE_CHECKING, cast

from sentiment_contract import names
from sentiment_contract.training import FailureReason
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.registry.record import Lineage, Outcome
from sentiment_trainer.registry.runs import MODEL_FOLDER, TrainingRun

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

log = logging.getLogger(__name__)

_READY = "READY"


def known_version(client: "MlflowClient", lineage: Lineage) -> "ModelVersion | None":
    """The ready version that the label or the fingerprint already names.

    Raises VersionConflict where the label stands for another recipe: what a label means never changes.
    """
    versions = _versions(client, lineage.order.registered_model)
    for version in versions:
        recipe_hash = version.tags.get(lineage.label_tag)
        if recipe_hash == lineage.order.recipe_hash:
            return version
        if recipe_hash is not None:
            raise _conflict(lineage, version.version, recipe_hash)
    return _first_of(versions, lineage.fingerprint)


def add_label(client: "MlflowClient", lineage: Lineage, version: "ModelVersion") -> None:
    """Let the label name this version as well."""
    if lineage.label_tag not in version.tags:
        client.set_model_version_tag(version.name, version.version, lineage.label_tag, lineage.order.recipe_hash)


def register(run: TrainingRun, outcome: Outcome) -> "ModelVersion":
    """Make the run's model a version, with all its tags in one request so that no half-tagged version can exist.

    Where another training of the same fingerprint was quicker, or an answer was lost and the request repeated, the
    oldest version stays and the others go.
    """
    client, lineage = run.client, run.lineage
    name = lineage.order.registered_model
    _ensure_registered_model(client, lineage)
    created = client.create_model_version(
        name,
        source=f"{run.artifact_uri}/{MODEL_FOLDER}",
        run_id=run.id,
        tags=lineage.tags() | outcome.tags() | {lineage.label_tag: lineage.order.recipe_hash},
    )
    same = [v for v in _versions(client, name) if v.tags.get(names.TAG_FINGERPRINT) == lineage.fingerprint]
    oldest = same[0] if same else created
    for other in same[1:]:
        log.warning("version %s of %s repeats version %s and is removed", other.version, name, oldest.version)
        client.delete_model_version(name, other.version)
    add_label(client, lineage, oldest)
    return oldest


def _ensure_registered_model(client: "MlflowClient", lineage: Lineage) -> None:
    from mlflow.exceptions import MlflowException

    name = lineage.order.registered_model
    try:
        client.create_registered_model(name, tags={names.TAG_MODEL_UID: lineage.order.model_uid})
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _versions(client: "MlflowClient", name: str) -> "list[ModelVersion]":
    versions: list[ModelVersion] = []
    token: str | None = None
    while True:
        page = client.search_model_versions(f"name = '{name}'", max_results=200, page_token=token)
        versions.extend(page)
        token = cast("str | None", page.token)  # pyright: ignore[reportUnknownMemberType]  MLflow ships few types
        if not token:
            return sorted((v for v in versions if v.status == _READY), key=lambda version: int(version.version))


def _first_of(versions: "list[ModelVersion]", fingerprint: str) -> "ModelVersion | None":
    return next((v for v in versions if v.tags.get(names.TAG_FINGERPRINT) == fingerprint), None)


def _conflict(lineage: Lineage, version: str, recipe_hash: str) -> TrainingError:
    return TrainingError(
        FailureReason.VERSION_CONFLICT,
        f"Label {lineage.order.label!r} already names version {version} of {lineage.order.registered_model} in MLflow,"
        f" trained from another recipe ({recipe_hash[:10]}, now {lineage.order.recipe_hash[:10]}).",
        "choose a new spec.version.",
    )

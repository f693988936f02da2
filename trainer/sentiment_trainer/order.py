"""Finds out what is to be trained: from the environment, from a file, or from the flags of a person at a laptop."""

import argparse
import os
from pathlib import Path

from pydantic import ValidationError

from sentiment_contract.data import Data, DataChecks, VolumeSource
from sentiment_contract.parameters import Classifier, Parameters, Preset, effective_parameters
from sentiment_contract.recipe import Recipe, followed_label
from sentiment_contract.searching import Search
from sentiment_contract.training import ORDER_VARIABLE, FailureReason, TrainingOrder
from sentiment_trainer.data.files import FetchedFile, identify
from sentiment_trainer.failures import TrainingError

LAPTOP = "local"


def order_from_json(document: str, origin: str) -> TrainingOrder:
    """The order in the document. Raises InvalidOrder with the first fault of each field."""
    try:
        order = TrainingOrder.model_validate_json(document)
    except ValidationError as error:
        raise invalid(f"The training order in {origin} is invalid: {faults_in(error)}.") from error
    if order.recipe.recipe_hash() != order.recipe_hash:
        raise invalid(
            f"The training order in {origin} says recipe hash {order.recipe_hash[:10]},"
            f" its recipe has {order.recipe.recipe_hash()[:10]}: operator and trainer differ in version."
        )
    return order


def order_from_environment() -> TrainingOrder:
    """The order that the operator put into the environment."""
    document = os.environ.get(ORDER_VARIABLE)
    if not document:
        raise TrainingError(
            FailureReason.INVALID_ORDER,
            f"There is nothing to train: {ORDER_VARIABLE} is not set.",
            "use --data FILE, --order FILE, or set the variable. See sentiment-train run --help.",
        )
    return order_from_json(document, ORDER_VARIABLE)


def order_from_file(path: Path) -> TrainingOrder:
    """The order in a JSON file."""
    try:
        return order_from_json(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise invalid(f"The training order {path} cannot be read: {error.strerror}.") from error


def order_from_flags(flags: argparse.Namespace, trainer: str | None = None) -> TrainingOrder:
    """An order for a file of this machine, fitted by that trainer.

    The recipe pins the file's content, so that its hash means what it says.
    """
    path = existing_file(flags.data)
    try:
        parameters = Parameters.model_validate_json(flags.parameters or "{}")
        parameters = parameters.model_copy(
            update={"classifier": Classifier(flags.classifier)} if flags.classifier else {}
        )
        recipe = Recipe(
            data=data_of_flags(flags, identify(path, str(path))),
            parameters=effective_parameters(Preset(flags.preset), parameters),
            trainer=trainer,
            search=Search.model_validate_json(flags.search) if flags.search else None,
        )
    except ValidationError as error:
        raise invalid(f"The flags are invalid: {faults_in(error)}.") from error
    recipe_hash = recipe.recipe_hash()
    return TrainingOrder(
        namespace=LAPTOP,
        model=flags.model,
        model_uid="",
        label=flags.label or followed_label(recipe_hash),
        recipe=recipe,
        recipe_hash=recipe_hash,
        registered_model=f"{LAPTOP}.{flags.model}",
        trackingURL=flags.tracking_url,
    )


def existing_file(path: Path) -> Path:
    """The data file of --data. Raises DataNotFound."""
    if not path.is_file():
        raise TrainingError(FailureReason.DATA_NOT_FOUND, f"File {path} does not exist.", "correct --data.")
    return path


def data_of_flags(flags: argparse.Namespace, file: FetchedFile) -> Data:
    """The data reference that the flags describe, pinned to the content of the file. Raises ValidationError."""
    return Data(
        volume=VolumeSource(claim_name=LAPTOP, path=file.path.name, sha256=file.sha256),
        text_column=flags.text_column,
        label_column=flags.label_column,
        rows=flags.rows,
        test_percent=flags.test_percent,
        checks=DataChecks(min_rows=flags.min_rows),
    )


def faults_in(error: ValidationError) -> str:
    """The first fault of each field, for a person."""
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:5])


def invalid(what: str, command: str = "run") -> TrainingError:
    """What was asked for makes no sense."""
    return TrainingError(
        FailureReason.INVALID_ORDER,
        what,
        f"compare with `sentiment-train {command} --help`, or use images of one version.",
    )

"""Looks up what a branch or tag holds: its commit, the hash of the data file there, and the parameters.

No data is fetched, so it takes seconds and little memory. It must not know who follows the branch.
"""

import os
import tempfile
from pathlib import Path

from pydantic import ValidationError

from sentiment_contract.look_up import LOOK_UP_VARIABLE, LookedUp, LookUpOrder
from sentiment_contract.training import FailureReason
from sentiment_trainer.data.dvc import on_this_machine
from sentiment_trainer.data.git import clone, environment_in
from sentiment_trainer.data.parameters_file import read_parameters
from sentiment_trainer.data.tracked import content_of
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.order import faults_in, invalid
from sentiment_trainer.settings import Settings


def look_up(order: LookUpOrder, settings: Settings) -> LookedUp:
    """The answer. Raises RepositoryUnreachable, CredentialsDenied, RevisionNotFound, DataNotFound, ParametersInvalid."""
    source = order.source
    with tempfile.TemporaryDirectory(dir=settings.scratch, prefix="sentiment-look-up-") as name:
        folder = Path(name)
        checkout = clone(
            on_this_machine(source.repo_url, settings.data_root),
            source.revision,
            folder / "repository",
            environment_in(folder / "home"),
            settings.fetch_timeout_seconds,
        )
        called = f"File {source.path} at revision {source.revision} (commit {checkout.commit[:12]})"
        reference = order.parameters_from
        return LookedUp(
            commit=checkout.commit,
            content=content_of(checkout.folder, source.path, called),
            parameters=read_parameters(checkout.folder, reference, checkout.commit) if reference is not None else None,
        )


def look_up_from_environment() -> LookUpOrder:
    """The order that the operator put into the environment. Raises InvalidOrder."""
    document = os.environ.get(LOOK_UP_VARIABLE)
    if not document:
        raise TrainingError(
            FailureReason.INVALID_ORDER,
            f"There is nothing to look up: {LOOK_UP_VARIABLE} is not set.",
            "set the variable to an order as JSON. The operator does so in the Job that looks up.",
        )
    try:
        return LookUpOrder.model_validate_json(document)
    except ValidationError as error:
        raise invalid(f"The order in {LOOK_UP_VARIABLE} is invalid: {faults_in(error)}.", "look-up") from error

"""Reads the comparison that the operator asks for out of the environment."""

import os

from pydantic import ValidationError

from sentiment_contract.gates import COMPARISON_VARIABLE, ComparisonOrder
from sentiment_contract.training import FailureReason
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.order import faults_in, invalid


def comparison_from_environment() -> ComparisonOrder:
    """The order in the environment. Raises InvalidOrder."""
    document = os.environ.get(COMPARISON_VARIABLE)
    if not document:
        raise TrainingError(
            FailureReason.INVALID_ORDER,
            f"There is nothing to compare: {COMPARISON_VARIABLE} is not set.",
            "use --data FILE with --candidate FILE, or set the variable. See sentiment-train compare --help.",
        )
    try:
        return ComparisonOrder.model_validate_json(document)
    except ValidationError as error:
        raise invalid(
            f"The comparison order in {COMPARISON_VARIABLE} is invalid: {faults_in(error)}.", "compare"
        ) from error

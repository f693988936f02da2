"""What a training Job is told and what it answers.

The order goes in as one JSON document in the environment, the answer comes back as the pod's termination message
(at most 4 kB, a limit of the kubelet). Neither side may need more than these shapes to understand the other.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from sentiment_contract.base import Wire
from sentiment_contract.recipe import Recipe

TRAINING_FORMAT = 1
"""Raised when the same data and parameters would give another artifact; a golden-digest test guards it."""

ORDER_VARIABLE = "SENTIMENT_TRAINING_ORDER"
TERMINATION_MESSAGE_LIMIT = 4096


class TrainingOrder(Wire):
    """One training, as the operator asks for it."""

    namespace: str
    model: str
    model_uid: str
    label: str = Field(description="The version label under which the result is registered.")
    recipe: Recipe
    recipe_hash: str
    registered_model: str = Field(description="Name of the registered model in MLflow.")
    tracking_url: str = Field(
        alias="trackingURL", description="MLflow tracking server, for example http://mlflow.sentiment-system:5000."
    )
    image_digest: str = ""


class Fault(StrEnum):
    """Who has to act after a failed training."""

    DATA = "Data"
    """The data or the recipe is wrong: never retried by itself."""
    LABEL = "Label"
    """The label stands for another recipe: it keeps its meaning, so another label is needed, and no retry helps."""
    SURROUNDINGS = "Surroundings"
    """Something around the training is away: retried with backoff."""
    PRODUCT = "Product"
    """The trainer itself failed: counted and retried at most backoffLimit times."""


class FailureReason(StrEnum):
    """Reason of a failed training, as it stands in the conditions."""

    DATA_NOT_FOUND = "DataNotFound"
    DATA_HASH_MISMATCH = "DataHashMismatch"
    DATA_EMPTY = "DataEmpty"
    DATA_NO_ROWS = "DataNoRows"
    DATA_TOO_FEW_ROWS = "DataTooFewRows"
    DATA_ONE_CLASS = "DataOneClass"
    DATA_UNKNOWN_LABEL = "DataUnknownLabel"
    DATA_COLUMN_MISSING = "DataColumnMissing"
    DATA_NOT_UTF8 = "DataNotUTF8"
    DATA_UNREADABLE = "DataUnreadable"
    DATA_NO_TERMS = "DataNoTerms"
    DATA_CHECK_FAILED = "DataCheckFailed"
    INVALID_ORDER = "InvalidOrder"
    VERSION_CONFLICT = "VersionConflict"
    REPOSITORY_UNREACHABLE = "RepositoryUnreachable"
    REVISION_NOT_FOUND = "RevisionNotFound"
    CREDENTIALS_DENIED = "CredentialsDenied"
    DATA_UNREACHABLE = "DataUnreachable"
    REGISTRY_UNREACHABLE = "RegistryUnreachable"
    PARITY_FAILED = "ParityFailed"
    TRAINER_ERROR = "TrainerError"
    PARAMETERS_INVALID = "ParametersInvalid"
    SEARCH_FAILED = "SearchFailed"


EXIT_CODES: dict[FailureReason, int] = {reason: 10 + position for position, reason in enumerate(FailureReason)}
"""A distinct exit code for each reason, 10 upwards, so that podFailurePolicy can tell them apart."""

_SURROUNDINGS = {
    FailureReason.REPOSITORY_UNREACHABLE,
    FailureReason.REVISION_NOT_FOUND,
    FailureReason.CREDENTIALS_DENIED,
    FailureReason.DATA_UNREACHABLE,
    FailureReason.REGISTRY_UNREACHABLE,
}


def fault_of(reason: FailureReason) -> Fault:
    """Who has to act after this reason."""
    if reason in _SURROUNDINGS:
        return Fault.SURROUNDINGS
    match reason:
        case FailureReason.TRAINER_ERROR:
            return Fault.PRODUCT
        case FailureReason.VERSION_CONFLICT:
            return Fault.LABEL
        case _:
            return Fault.DATA


FINAL_EXIT_CODES: list[int] = sorted(
    EXIT_CODES[reason] for reason in FailureReason if fault_of(reason) is not Fault.PRODUCT
)
"""Exit codes after which the same pod must not be tried again by the Job: the operator decides instead."""


class TrainingSucceeded(Wire):
    """The answer of a finished training: where the result stands and what it is."""

    outcome: Literal["Succeeded"] = "Succeeded"
    run_id: str = Field(alias="runID")
    registry_version: str
    fingerprint: str
    recipe_hash: str
    data_hash: str
    git_commit: str = ""
    git_author: str = ""
    artifact_digest: str
    reused: bool
    metrics: dict[str, str] = Field(
        description="Decimal strings: accuracy, precision, recall, f1, rocAUC, trainRows, testRows."
    )


class TrainingFailed(Wire):
    """The answer of a failed training: what, where, why and what to do next."""

    outcome: Literal["Failed"] = "Failed"
    reason: FailureReason
    message: str = Field(max_length=2000)


TrainingAnswer = TypeAdapter[TrainingSucceeded | TrainingFailed](
    Annotated[TrainingSucceeded | TrainingFailed, Field(discriminator="outcome")]
)

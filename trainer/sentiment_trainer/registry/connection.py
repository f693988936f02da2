"""Talks to MLflow with bounded patience, and says RegistryUnreachable where it stays away.

MLflow takes more than a second to import, so nothing here is imported before the data has passed its checks.
"""

import os
import re
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sentiment_contract.training import FailureReason
from sentiment_trainer.addresses import without_credentials, without_secrets
from sentiment_trainer.failures import TrainingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
}
_PATIENCE = {
    # Pauses of 0, 4, 8, 16 and 32 s: about a minute, enough for a restart of the server. What lasts longer is for the
    # operator to wait for, with a pod that costs nothing meanwhile.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "5",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
}


def connect(tracking_url: str) -> "MlflowClient":
    """A client for tracking and registry. Makes no request yet."""
    os.environ.update(_QUIET)
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    warnings.filterwarnings("ignore", module="mlflow")
    return MlflowClient(tracking_uri=tracking_url, registry_uri=tracking_url)


@contextmanager
def reaching(tracking_url: str, to_do: str) -> Generator[None]:
    """Turn MLflow's and the network's errors into RegistryUnreachable: what was being done, and what was answered."""
    import requests
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, requests.RequestException) as error:
        raise TrainingError(
            FailureReason.REGISTRY_UNREACHABLE,
            f"MLflow at {without_secrets(tracking_url)} could not {to_do}: {_cause(error)}.",
            "check that MLflow runs and answers at spec.registry.trackingURL; training goes on by itself then.",
        ) from error


def _cause(error: Exception) -> str:
    # Three libraries wrap each other's messages; the innermost says what happened.
    text = without_credentials(" ".join(str(error).split()))
    innermost = re.search(r"Caused by \w+\([\"'](?:.*?\): )?(.*)[\"']\)", text)
    return (innermost[1] if innermost else text)[:500].rstrip(".")

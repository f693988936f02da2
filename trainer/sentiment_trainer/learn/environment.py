"""Names the environment that a model was made in. Lineage only: it changes no fingerprint."""

import platform
import sys
import unicodedata
from importlib.metadata import PackageNotFoundError, version

from sentiment_contract.recipe import sha256_of_json

_DECIDING = (
    "numpy",
    "scipy",
    "scikit-learn",
    "mlflow",
    "sentiment-artifact",
    "sentiment-contract",
    "sentiment-trainer",
)


def environment() -> dict[str, str]:
    """What could make equal data and parameters give other bytes: interpreter, libraries, processor family."""
    return {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "machine": platform.machine(),
        "unicode": unicodedata.unidata_version,
        **{name: _version(name) for name in _DECIDING},
    }


def environment_hash() -> str:
    """64 hex digits over all of it."""
    return sha256_of_json(environment())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "source"

"""Wraps the compiled file as an ordinary MLflow model, so that MLflow's own tools can load and serve it.

The code that scores travels inside the model: it needs numpy and safetensors, not this project's packages.
"""

import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

import sentiment_artifact
from sentiment_artifact import digest_of
from sentiment_contract.names import ARTIFACT_PATH
from sentiment_contract.training import TrainingSucceeded
from sentiment_trainer.registry.connection import reaching
from sentiment_trainer.registry.runs import MODEL_FOLDER

_NEEDED = ("mlflow", "numpy", "pandas", "safetensors")
_EXAMPLE_COLUMN = "text"


def package(artifact: Path, folder: Path) -> None:
    """Make `folder` an MLflow model with the compiled file at ARTIFACT_PATH below it. Nothing in it is pickled."""
    import mlflow.pyfunc
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    mlflow.pyfunc.save_model(  # pyright: ignore[reportUnknownMemberType]  MLflow ships few types
        path=str(folder),
        python_model=str(Path(__file__).with_name("served_model.py")),
        artifacts={"model": str(artifact)},
        code_paths=[str(Path(sentiment_artifact.__file__).parent)],
        pip_requirements=[f"{name}=={version(name)}" for name in _NEEDED],
        signature=ModelSignature(
            inputs=Schema([ColSpec(DataType.string, _EXAMPLE_COLUMN)]),
            outputs=Schema([ColSpec(DataType.string, "sentiment"), ColSpec(DataType.double, "probability")]),
        ),
    )
    if not (folder / ARTIFACT_PATH).is_file():
        raise FileNotFoundError(f"MLflow put the compiled model elsewhere than {ARTIFACT_PATH}")


def keep_copy(tracking_url: str, result: TrainingSucceeded, target: Path) -> None:
    """Download the compiled model of a training to `target`, and make sure that it is the one with the digest."""
    with reaching(tracking_url, "give the compiled model"), tempfile.TemporaryDirectory() as folder:
        found = download_compiled(tracking_url, result.run_id, Path(folder))
        if digest_of(found) != result.artifact_digest:
            raise ValueError(f"the compiled model of run {result.run_id} has not the digest {result.artifact_digest}")
        shutil.move(found, target)


def download_compiled(tracking_url: str, run_id: str, folder: Path) -> Path:
    """The compiled model of a run, downloaded below `folder`; its digest is for the caller to compare."""
    import mlflow.artifacts

    source = f"runs:/{run_id}/{MODEL_FOLDER}/{ARTIFACT_PATH}"
    return Path(mlflow.artifacts.download_artifacts(source, dst_path=str(folder), tracking_uri=tracking_url))

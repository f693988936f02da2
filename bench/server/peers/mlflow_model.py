"""Saves the pipeline as an MLflow model whose answers are probabilities: `mlflow_model.py <pipeline> <folder>`.

As cloudpickle, since the format that MLflow prefers refuses what it does not know of a pipeline.
"""

import pickle
import sys
from pathlib import Path

import mlflow.sklearn

pipeline, folder = sys.argv[1:]
mlflow.sklearn.save_model(
    pickle.loads(Path(pipeline).read_bytes()),  # noqa: S301  our own file, of a moment ago
    folder,
    serialization_format="cloudpickle",
    pyfunc_predict_fn="predict_proba",
)

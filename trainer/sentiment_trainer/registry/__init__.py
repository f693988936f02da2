"""Keeps what was learnt: MLflow runs, artifacts and model versions. It must not know how a model is fitted."""

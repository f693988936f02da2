"""The compiled model: written by the trainer, scored by the server, equal to scikit-learn to the last bit.

`write_model` makes the file, `CompiledModel.load` reads it, `digest_of` names it. FORMAT.md beside this package
describes the bytes. Nothing here knows scikit-learn, HTTP, MLflow or Kubernetes.
"""

from sentiment_artifact.compiled import CompiledModel
from sentiment_artifact.digest import digest_of
from sentiment_artifact.model import ArtifactRefused, Forest, Linear, Tfidf, Tree
from sentiment_artifact.score import Engine, Score
from sentiment_artifact.writing import write_model

__all__ = [
    "ArtifactRefused",
    "CompiledModel",
    "Engine",
    "Forest",
    "Linear",
    "Score",
    "Tfidf",
    "Tree",
    "digest_of",
    "write_model",
]

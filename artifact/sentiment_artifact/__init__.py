"""The compiled model: written by the trainer, scored by the server, equal to scikit-learn to the last bit.

`write_model` makes the file, `CompiledModel.load` reads it, `digest_of` names it. FORMAT.md beside this package
describes the bytes. Nothing here knows scikit-learn, HTTP, MLflow or Kubernetes.
"""

from typing import TYPE_CHECKING

from sentiment_artifact.compiled import CompiledModel
from sentiment_artifact.digest import digest_of
from sentiment_artifact.refusal import ArtifactRefused
from sentiment_artifact.score import Engine, Score

if TYPE_CHECKING:
    from sentiment_artifact.model import Forest, Linear, Tfidf, Tree
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


def __getattr__(name: str) -> object:
    """What only the writing side needs is imported when it is asked for: it takes numpy, which a server does without."""
    if name == "write_model":
        from sentiment_artifact import writing

        return writing.write_model
    if name in __all__:
        from sentiment_artifact import model

        return getattr(model, name)
    raise AttributeError(name)

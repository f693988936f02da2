"""Lets a measured training count its terms with native code, or with scikit-learn as where there is none."""

from sentiment_artifact.native.library import library
from sentiment_trainer.learn import features

NATIVE, SCIKIT_LEARN = "native code", "scikit-learn"
NEUTRAL = "#8a8a8a"
"""The colour of what is compared with."""


def who_counts() -> tuple[str, ...]:
    """Native code first, where it was built."""
    return (NATIVE, SCIKIT_LEARN) if library() else (SCIKIT_LEARN,)


def let_count(counted_by: str) -> None:
    """For the rest of this process."""
    if counted_by == SCIKIT_LEARN:
        features.library = lambda: None

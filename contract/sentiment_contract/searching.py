"""Which values of parameters are tried before a version is trained: `spec.training.search`.

It must not know how they are tried, or how trials share pods: that is `search`.
"""

from enum import StrEnum
from typing import Any

from pydantic import Field

from sentiment_contract.base import Wire
from sentiment_contract.parameters import (
    MaxDepth,
    MaxFeatures,
    MinDocumentFrequency,
    MinWordLength,
    NaiveBayesSmoothing,
    NgramMax,
    RegularizationC,
    SublinearTF,
    Trees,
)
from sentiment_contract.values import canonical_decimal


def _tried(described: str, most: int) -> Any:
    """A list of values to try: each once, none where the parameter stays as it is."""
    return Field(
        default=None,
        max_length=most,
        description=f"{described} to try.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )


class SearchedParameters(Wire):
    """Values to try, a list for each parameter that is searched. What has none stays as it is.

    Neither classifier nor seed is searched: a search compares like with like, and a lucky seed proves nothing.
    """

    ngram_max: tuple[NgramMax, ...] | None = _tried("Longest word n-grams", 3)
    min_document_frequency: tuple[MinDocumentFrequency, ...] | None = _tried("Fewest reviews for a term", 16)
    max_features: tuple[MaxFeatures, ...] | None = _tried("Numbers of terms", 16)
    min_word_length: tuple[MinWordLength, ...] | None = _tried("Fewest characters of a word", 2)
    sublinear_tf: tuple[SublinearTF, ...] | None = Field(
        default=None,
        alias="sublinearTF",
        max_length=2,
        description="Ways to count terms to try.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    regularization_c: tuple[RegularizationC, ...] | None = Field(
        default=None,
        alias="regularizationC",
        max_length=64,
        description="Inverse regularisation strengths to try, decimal strings.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    naive_bayes_smoothing: tuple[NaiveBayesSmoothing, ...] | None = _tried("Smoothings of the Naive Bayes weights", 16)
    trees: tuple[Trees, ...] | None = _tried("Numbers of trees", 16)
    max_depth: tuple[MaxDepth, ...] | None = _tried("Depth limits of trees", 16)


class SearchStrategy(StrEnum):
    """Which of all combinations are tried."""

    GRID = "Grid"
    RANDOM = "Random"


class Search(Wire):
    """Which sets of parameters are tried before one of them is trained with."""

    strategy: SearchStrategy = Field(
        default=SearchStrategy.GRID,
        description=(
            "Grid tries every combination of the values, which must not be more than maxTrials; Random tries maxTrials of"
            " them, chosen by the seed."
        ),
    )
    parameters: SearchedParameters = Field(
        description="Values to try, a list for each parameter that is searched. They replace what is set elsewhere."
    )
    max_trials: int = Field(default=32, ge=1, le=200, description="Most combinations to try.")

    def identity(self) -> dict[str, object]:
        """What a hash has to tell of it: the values in one spelling, and how many are drawn where some are."""
        written: dict[str, list[object]] = self.parameters.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        values = {
            name: [canonical_decimal(value) if isinstance(value, str) else value for value in tried]
            for name, tried in written.items()
            if tried
        }
        drawn = {"maxTrials": self.max_trials} if self.strategy is SearchStrategy.RANDOM else {}
        return {"strategy": self.strategy.value, "parameters": values, **drawn}

"""What a model is fitted with: presets, what replaces their values, and what comes of both.

The descriptions are what `kubectl explain` prints. It must not know how a model is fitted, or where its reviews come from.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from sentiment_contract.base import Wire
from sentiment_contract.values import DecimalString, PathInside, canonical_decimal


class Preset(StrEnum):
    """A named set of parameters."""

    FAST = "Fast"
    DEFAULT = "Default"
    BEST = "Best"


class Classifier(StrEnum):
    """Which scikit-learn estimator is fitted on the TF-IDF matrix."""

    LOGISTIC_REGRESSION = "LogisticRegression"
    RANDOM_FOREST = "RandomForest"


NgramMax = Annotated[int, Field(ge=1, le=3, description="Longest word n-gram that becomes a feature.")]
MinDocumentFrequency = Annotated[
    int, Field(ge=1, le=100_000, description="Terms in fewer training reviews than this are dropped.")
]
MaxFeatures = Annotated[int, Field(ge=10, le=5_000_000, description="Keep only this many of the most frequent terms.")]
MinWordLength = Annotated[
    int,
    Field(
        ge=1,
        le=2,
        description='Words of fewer characters are left out. 1 keeps the "8" of "8/10". Absent, and not in the preset: 2.',
    ),
]
SublinearTF = Annotated[bool, Field(description="Use 1 + log(count) in place of the count.")]
RegularizationC = Annotated[
    DecimalString,
    Field(description='Inverse regularisation strength of LogisticRegression, a decimal string such as "30" or "0.5".'),
]
NaiveBayesSmoothing = Annotated[
    DecimalString,
    Field(
        description=(
            "Weigh each term, for LogisticRegression, by the logarithm of how much more often positive reviews hold it than"
            ' negative ones, after both counts were raised by this decimal string, such as "1". "0", or absent and not in'
            " the preset: terms are not weighed."
        )
    ),
]
MaxIterations = Annotated[int, Field(ge=1, le=10_000, description="Iteration limit of the LogisticRegression solver.")]
Trees = Annotated[int, Field(ge=1, le=2_000, description="Number of trees of a RandomForest.")]
MaxDepth = Annotated[int, Field(ge=1, le=200, description="Depth limit of the trees of a RandomForest.")]
Seed = Annotated[int, Field(ge=0, le=2_147_483_647, description="Seed of every random choice.")]


class Parameters(Wire):
    """Overrides of the preset. What is absent, the preset decides."""

    classifier: Classifier | None = Field(default=None, description="Estimator fitted on the TF-IDF features.")
    ngram_max: NgramMax | None = None
    min_document_frequency: MinDocumentFrequency | None = None
    max_features: MaxFeatures | None = None
    min_word_length: MinWordLength | None = None
    sublinear_tf: SublinearTF | None = Field(default=None, alias="sublinearTF")
    regularization_c: RegularizationC | None = Field(default=None, alias="regularizationC")
    naive_bayes_smoothing: NaiveBayesSmoothing | None = None
    max_iterations: MaxIterations | None = None
    trees: Trees | None = None
    max_depth: MaxDepth | None = None
    seed: Seed | None = None


class ParametersFrom(Wire):
    """A file of parameters in the git repository of the data, such as DVC's params.yaml."""

    path: PathInside = Field(
        description="Path of the YAML or JSON file inside the repository, for example params.yaml."
    )
    key: (
        Annotated[
            str,
            StringConstraints(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$", min_length=1, max_length=128),
        ]
        | None
    ) = Field(
        default=None,
        description="Key below which the parameters stand, with dots between levels, for example train. Absent: the whole file.",
    )


class EffectiveParameters(Wire):
    """Every parameter with its value, after preset and overrides: what is trained and recorded.

    None is absent on the wire: the Kubernetes API drops nulls.
    """

    classifier: Classifier = Field(description="Estimator fitted on the TF-IDF features.")
    ngram_max: NgramMax
    min_document_frequency: MinDocumentFrequency
    max_features: MaxFeatures | None = None
    min_word_length: MinWordLength | None = None
    sublinear_tf: SublinearTF = Field(alias="sublinearTF")
    regularization_c: RegularizationC | None = Field(default=None, alias="regularizationC")
    naive_bayes_smoothing: NaiveBayesSmoothing | None = None
    max_iterations: MaxIterations | None = None
    trees: Trees | None = None
    max_depth: MaxDepth | None = None
    seed: Seed


_LINEAR: dict[Preset, dict[str, object]] = {
    Preset.FAST: {"ngram_max": 1, "min_document_frequency": 2, "sublinear_tf": True, "regularization_c": "3"},
    Preset.DEFAULT: {"ngram_max": 2, "min_document_frequency": 2, "sublinear_tf": True, "regularization_c": "30"},
    Preset.BEST: {
        "ngram_max": 3,
        "min_document_frequency": 5,
        "min_word_length": 1,
        "sublinear_tf": True,
        "naive_bayes_smoothing": "3",
        "regularization_c": "30",
    },
}
_FOREST: dict[Preset, dict[str, object]] = {
    Preset.FAST: {
        "ngram_max": 1,
        "min_document_frequency": 5,
        "max_features": 2_000,
        "sublinear_tf": True,
        "trees": 50,
        "max_depth": 20,
    },
    Preset.DEFAULT: {
        "ngram_max": 1,
        "min_document_frequency": 5,
        "max_features": 20_000,
        "sublinear_tf": True,
        "trees": 100,
        "max_depth": 40,
    },
    Preset.BEST: {
        "ngram_max": 1,
        "min_document_frequency": 5,
        "max_features": 20_000,
        "min_word_length": 1,
        "sublinear_tf": True,
        "trees": 300,
        "max_depth": 60,
    },
}
_MEANS_ABSENT: dict[str, object] = {"min_word_length": 2, "naive_bayes_smoothing": "0"}
"""Values that say no more than their absence: left out, so that recipes from before there was a choice keep their hash."""
_UNUSED = {
    Classifier.LOGISTIC_REGRESSION: {"trees": None, "max_depth": None},
    Classifier.RANDOM_FOREST: {"regularization_c": None, "naive_bayes_smoothing": None, "max_iterations": None},
}


def overridden(parameters: Parameters, by: Parameters) -> Parameters:
    """The parameters, with what the others set in place of theirs."""
    return parameters.model_copy(update={name: getattr(by, name) for name in by.model_dump(exclude_none=True)})


def effective_parameters(preset: Preset, overrides: Parameters) -> EffectiveParameters:
    """The values that are trained with: the preset's, replaced by what the overrides set.

    A parameter that the classifier does not use is None whatever was asked for, so that it cannot change a hash.
    """
    classifier = overrides.classifier or Classifier.LOGISTIC_REGRESSION
    table = _LINEAR if classifier is Classifier.LOGISTIC_REGRESSION else _FOREST
    values: dict[str, object] = {"max_features": None, "max_iterations": 200, "seed": 42, **table[preset]}
    values |= overrides.model_dump(exclude_none=True)
    return _settled(values, classifier)


def varied(parameters: EffectiveParameters, values: Mapping[str, object]) -> EffectiveParameters:
    """The parameters with these values, by the names of the fields, in place of theirs."""
    return _settled({**parameters.model_dump(), **values}, parameters.classifier)


def _settled(values: dict[str, object], classifier: Classifier) -> EffectiveParameters:
    """One spelling of everything, and nothing that the classifier does not use."""
    values |= {"classifier": classifier, **_UNUSED[classifier]}
    for name in ("regularization_c", "naive_bayes_smoothing"):
        if values.get(name) is not None:
            values[name] = canonical_decimal(str(values[name]))
    values |= {name: None for name, usual in _MEANS_ABSENT.items() if values.get(name) == usual}
    return EffectiveParameters.model_validate(values)

"""What a model is trained from: the data reference and the parameters, and the hash that names both.

The same models are the `spec.data` and `spec.training.parameters` of the custom resource, so their
descriptions are what `kubectl explain` prints. They must not know how data is fetched or a model is fitted.
"""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from sentiment_contract.base import Wire

DNS_NAME = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
RELATIVE_PATH = r"^[A-Za-z0-9_][A-Za-z0-9_.+=@ -]*(/\.?[A-Za-z0-9_+=@-][A-Za-z0-9_.+=@ -]*)*$"
"""No leading slash and no step upwards; a blank may stand inside, as in the name of Kaggle's IMDB file."""
SHA256 = r"^[0-9a-f]{64}$"
GIT_COMMIT = r"^[0-9a-f]{40}([0-9a-f]{24})?$"
"""A whole commit: it never means anything else, so nothing has to be looked up."""
DECIMAL = r"^[0-9]{1,6}(\.[0-9]{1,6})?$"

ObjectName = Annotated[str, StringConstraints(pattern=DNS_NAME, min_length=1, max_length=253)]
PathInside = Annotated[str, StringConstraints(pattern=RELATIVE_PATH, min_length=1, max_length=512)]
Sha256 = Annotated[str, StringConstraints(pattern=SHA256, min_length=64, max_length=64)]
ColumnName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]+$", min_length=1, max_length=128)]
DecimalString = Annotated[str, StringConstraints(pattern=DECIMAL, min_length=1, max_length=13)]
GitCommit = Annotated[str, StringConstraints(pattern=GIT_COMMIT, min_length=40, max_length=64)]
DataContent = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+:[A-Za-z0-9.]+$", min_length=3, max_length=128)]
TrainerName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", min_length=1, max_length=63)
]


class LocalObjectReference(Wire):
    """A named object in the model's own namespace."""

    name: ObjectName = Field(description="Name of the object, in the namespace of the SentimentModel.")


class DVCSource(Wire):
    """A file that DVC tracks in a git repository."""

    repo_url: Annotated[
        str,
        StringConstraints(pattern=r"^(https?://|ssh://|git@|file:///data/)[!-~]+$", min_length=8, max_length=1024),
    ] = Field(
        alias="repoURL",
        description="Git repository that holds the .dvc files: https, ssh, or file:///data/... together with volumeClaimName.",
    )
    revision: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", min_length=1, max_length=255)
    ] = Field(
        description=(
            "Git commit, tag or branch whose .dvc files name the data. While spec.version is absent, a branch or tag is"
            " followed: other data or parameters become a new version by themselves."
        )
    )
    path: PathInside = Field(description="Path of the data file inside the repository, for example data/train.csv.")
    remote: (
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", min_length=1, max_length=128)] | None
    ) = Field(default=None, description="Name of the DVC remote to read from. Absent: the repository's default remote.")
    volume_claim_name: ObjectName | None = Field(
        default=None,
        description="PersistentVolumeClaim mounted read-only at /data, for a repository or a DVC remote on a volume.",
    )
    credentials_secret_ref: LocalObjectReference | None = Field(
        default=None,
        description=(
            "Secret whose keys become environment variables of the trainer: GIT_USERNAME and GIT_PASSWORD for git over"
            " https, AWS_ACCESS_KEY_ID and the like for the DVC remote."
        ),
    )


class URLSource(Wire):
    """A file behind http or https, pinned by its content."""

    href: Annotated[str, StringConstraints(pattern=r"^https?://[!-~]+$", min_length=10, max_length=2048)] = Field(
        description="Where the CSV or parquet file is downloaded from."
    )
    sha256: Sha256 = Field(description="SHA-256 of the file in lower-case hex. Another content is refused.")


class VolumeSource(Wire):
    """A file on a PersistentVolumeClaim of the model's namespace."""

    claim_name: ObjectName = Field(description="PersistentVolumeClaim, mounted read-only at /data in the training pod.")
    path: PathInside = Field(description="Path of the CSV or parquet file inside the volume, without a leading slash.")
    sha256: Sha256 | None = Field(
        default=None,
        description=(
            "SHA-256 of the file in lower-case hex. Absent: whatever the volume holds is trained on, and changed contents"
            " do not retrain by themselves."
        ),
    )


class DataChecks(Wire):
    """What the data must look like before anything is trained on it."""

    min_rows: int = Field(default=100, ge=2, le=100_000_000, description="Fewer usable rows fail the check.")
    max_empty_percent: int = Field(
        default=1, ge=0, le=100, description="Highest share of rows without text, in percent."
    )
    min_class_share_percent: int = Field(
        default=10, ge=0, le=50, description="Lowest share of the rarer sentiment, in percent."
    )
    max_duplicate_percent: int = Field(
        default=20, ge=0, le=100, description="Highest share of rows whose text stands in the file before, in percent."
    )


class Data(Wire):
    """Where the reviews come from and how they are read."""

    dvc: DVCSource | None = Field(default=None, description="A file that DVC tracks in a git repository.")
    url: URLSource | None = Field(default=None, description="A file behind http or https, pinned by sha256.")
    volume: VolumeSource | None = Field(default=None, description="A file on a PersistentVolumeClaim.")
    text_column: ColumnName = Field(default="review", description="Column that holds the review.")
    label_column: ColumnName = Field(
        default="sentiment", description="Column that holds the sentiment: positive/negative or 1/0."
    )
    rows: int | None = Field(
        default=None,
        ge=2,
        le=100_000_000,
        description="Use only this many rows, chosen by a hash of the text, so that a larger sample holds the smaller one.",
    )
    test_percent: int = Field(
        default=20,
        ge=1,
        le=90,
        description="Share of rows held out for evaluation, in percent; unused where the file has a split column.",
    )
    checks: DataChecks = Field(default=DataChecks(), description="What the data must look like before training starts.")

    @model_validator(mode="after")
    def _exactly_one_source(self) -> "Data":
        if sum(source is not None for source in (self.dvc, self.url, self.volume)) != 1:
            raise ValueError("spec.data: set exactly one of dvc, url, volume")
        return self


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


def canonical_decimal(text: str) -> str:
    """One spelling for one number: "30", "30.0" and "030" give "30"."""
    whole, _, fraction = format(Decimal(text), "f").partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


class Pin(Wire):
    """What a branch or tag was found to hold when it was looked up."""

    commit: GitCommit = Field(description="Commit that the revision stood for. Lineage: it is no part of the hash.")
    content: DataContent = Field(description="Hash that git or DVC names the data file by at that commit.")


class Recipe(Wire):
    """Everything that decides what a version is: the same recipe always names the same training."""

    data: Data = Field(description="The data reference as it was written.")
    parameters: EffectiveParameters = Field(description="Every parameter with its value.")
    pin: Pin | None = Field(
        default=None, description="What data.dvc.revision was found to hold. Absent: the revision is taken as written."
    )
    trainer: TrainerName | None = Field(
        default=None, description="Name of the trainer image it was trained by. Absent: the operator's own."
    )
    search: Search | None = Field(
        default=None, description="How the parameters were searched for. Absent: they were trained with as they stand."
    )

    def recipe_hash(self) -> str:
        """64 hex digits, known before training. Credentials are no part of it: renewing them changes no model.

        Defaults are left out, so that writing one down, or a field that a later release adds, changes no hash. Where a
        revision was looked up, the content that it held stands in place of its name and of the commit: a commit that
        changes neither data nor parameters is the same recipe, and a revert is the earlier one.
        """
        left_out = {"credentials_secret_ref", "revision"} if self.pin is not None else {"credentials_secret_ref"}
        told: dict[str, object] = {
            "data": self.data.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"dvc": left_out}),
            "parameters": self.parameters.model_dump(mode="json", by_alias=True, exclude_none=True),
        }
        if self.pin is not None:
            told["content"] = self.pin.content
        if self.trainer is not None:
            told["trainer"] = self.trainer
        if self.search is not None:
            told["search"] = self.search.identity()
        return sha256_of_json(told)

    def pinned_data(self) -> Data:
        """The data reference to fetch from: at the commit that was looked up, where one was."""
        if self.pin is None or self.data.dvc is None:
            return self.data
        return self.data.model_copy(update={"dvc": self.data.dvc.model_copy(update={"revision": self.pin.commit})})


def sha256_of_json(value: object) -> str:
    """SHA-256 in hex of the value as canonical JSON: sorted keys, no spaces, UTF-8."""
    return hashlib.sha256(
        json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()


def followed_label(recipe_hash: str) -> str:
    """The version label of a model that names none: it follows the recipe."""
    return f"r{recipe_hash[:10]}"

"""What a version must prove before it may serve, and when a figure proves it.

The same `Gate` stands in `spec.gates` of the custom resource. Operator and trainer judge by the one function here, so
that a comparison on a laptop and one in the cluster never disagree. It knows neither how figures are computed nor what
follows from a verdict.
"""

from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from sentiment_contract.base import Wire
from sentiment_contract.recipe import Recipe
from sentiment_contract.training import TrainingFailed
from sentiment_contract.values import ColumnName, DecimalString

COMPARISON_VARIABLE = "SENTIMENT_COMPARISON_ORDER"
CONFIDENCE = 0.95
"""One-sided: in so many of a hundred repetitions the true difference is above the lower bound that is reported."""
COMPARED_METRICS = ("accuracy", "precision", "recall", "f1", "rocAUC")
"""Metrics that a comparison, or a slice, can be measured in. A plain threshold takes any metric of the training."""

MetricName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", min_length=1, max_length=64)]
GateName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", min_length=1, max_length=40)]
_STAGE = "Stage:"
CompareWith = Annotated[
    str,
    StringConstraints(
        pattern=r"^(Serving|Stage:[a-z0-9]([-a-z0-9]*[a-z0-9])?(/[a-z]([-a-z0-9]*[a-z0-9])?)?)$",
        min_length=1,
        max_length=110,
    ),
]
SliceValue = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]+$", min_length=1, max_length=128)]


class Comparator(StrEnum):
    """How a metric relates to its threshold where the gate passes."""

    GREATER_OR_EQUAL = "GreaterOrEqual"
    LESS_OR_EQUAL = "LessOrEqual"


class OnFailure(StrEnum):
    """What follows where a gate is not passed."""

    BLOCK = "Block"
    WARN = "Warn"


class Slice(Wire):
    """A part of the held-out reviews: by length, by the value of a column, or both."""

    min_words: int | None = Field(default=None, ge=1, le=1_000_000, description="Reviews of at least so many words.")
    max_words: int | None = Field(default=None, ge=1, le=1_000_000, description="Reviews of at most so many words.")
    column: ColumnName | None = Field(
        default=None, description="Column of the data file, for example domain. Needs value."
    )
    value: SliceValue | None = Field(default=None, description="What the column holds in the reviews of this slice.")

    def told(self) -> str:
        """The slice in words."""
        words = {
            (True, True): f"{self.min_words} to {self.max_words} words",
            (True, False): f"{self.min_words} words or more",
            (False, True): f"at most {self.max_words} words",
            (False, False): "",
        }[self.min_words is not None, self.max_words is not None]
        return ", ".join(filter(None, (words, f"{self.column}={self.value}" if self.column else "")))


class Gate(Wire):
    """One thing that a new version must prove on reviews that it was not trained on."""

    name: GateName = Field(description="Name of the gate, unique in its model.")
    metric: MetricName = Field(
        description="What is measured: accuracy, precision, recall, f1, rocAUC, or another metric of the training."
    )
    slice: Slice | None = Field(default=None, description="Measure only this part of the held-out reviews.")
    operator: Comparator | None = Field(
        default=None, description="How the metric has to relate to threshold. Absent: GreaterOrEqual."
    )
    threshold: DecimalString | None = Field(
        default=None, description='What the metric is held against, a decimal string such as "0.88".'
    )
    compare_with: CompareWith | None = Field(
        default=None,
        description=(
            "Serving: compare with the version that serves, on the same reviews, none of which either was trained on."
            " Stage:<namespace> or Stage:<namespace>/<model>: with what that model serves (of this name, if none is given),"
            " which has to list this namespace in promotion.allowedNamespaces."
        ),
    )
    max_decrease: DecimalString | None = Field(
        default=None,
        description=(
            'How much lower than that of compareWith the metric may be, such as "0.005". Absent: 0. The gate passes where'
            " this holds with 95 % confidence, so that noise is not called progress."
        ),
    )
    on_failure: OnFailure = Field(
        default=OnFailure.BLOCK,
        description="Block: what fails does not serve. Warn: it serves, and the status says so.",
    )

    @property
    def needs_scoring(self) -> bool:
        """Whether reviews have to be scored for it; else the metrics of the training tell."""
        return self.compare_with is not None or self.slice is not None

    @property
    def stage(self) -> tuple[str, str] | None:
        """Namespace and model whose version it compares with, no model for the one of the same name; None: no stage."""
        if self.compare_with is None or not self.compare_with.startswith(_STAGE):
            return None
        namespace, _, model = self.compare_with.removeprefix(_STAGE).partition("/")
        return namespace, model

    @property
    def beside(self) -> str:
        """What it compares with, in words."""
        return (
            "the serving version"
            if self.stage is None
            else f"the version that {'/'.join(filter(None, self.stage))} serves"
        )


class Contestant(Wire):
    """One trained version that is scored in a comparison."""

    version: str
    registry_version: str
    run_id: str = Field(alias="runID")
    artifact_digest: str
    data_hash: str
    git_commit: str = ""
    recipe: Recipe
    registered_model: str = Field(default="", description="Where it is registered; empty: where the order says.")


class ComparisonOrder(Wire):
    """One comparison, as the operator asks for it."""

    namespace: str
    model: str
    registered_model: str
    tracking_url: str = Field(alias="trackingURL")
    candidate: Contestant
    baseline: Contestant | None = None
    gates: tuple[Gate, ...] = Field(min_length=1, description="Those that need scoring.")
    on_kept_reviews: bool = Field(
        default=False,
        description="The candidate's data are not to be had here: judge by the reviews of its training that MLflow keeps.",
    )


class Measured(Wire):
    """What two versions got on the same reviews. Numbers are decimal strings; one that could not be had is empty."""

    value: str = ""
    baseline_value: str = ""
    low: str = Field(default="", description="Lower bound of value minus baselineValue, one-sided, at CONFIDENCE.")
    high: str = Field(default="", description="Upper bound of the same.")
    p_value: str = Field(
        default="", description="McNemar's exact test, two-sided, on the reviews that one of the two gets wrong."
    )
    samples: int = 0


class Figures(Measured):
    """What was measured for one gate, on the reviews held out from the candidate's data."""

    gate: str
    on_earlier_reviews: Measured | None = Field(
        default=None,
        description=(
            "The same on the reviews that the serving version was judged by, where its data are others: wrong labels in the"
            " new data would otherwise speak for whoever learnt them."
        ),
    )
    problem: str = Field(default="", max_length=300, description="Why there is no figure: what and where.")


class Compared(Wire):
    """The answer of a comparison that could be made."""

    outcome: Literal["Compared"] = "Compared"
    figures: tuple[Figures, ...]


ComparisonAnswer = TypeAdapter[Compared | TrainingFailed](
    Annotated[Compared | TrainingFailed, Field(discriminator="outcome")]
)


class Verdict(StrEnum):
    """What a gate comes to. Whatever cannot be told is not passed."""

    PASSED = "Passed"
    FAILED = "Failed"
    INCONCLUSIVE = "Inconclusive"


def judge(gate: Gate, figures: Figures) -> tuple[Verdict, str]:
    """The verdict, and in one sentence why.

    A comparison is a test of non-inferiority with the margin `maxDecrease`: it passes where the whole one-sided
    confidence interval of the difference lies above the margin, and fails where the measured difference itself does not.
    In between there are too few reviews to tell. Besides, it fails where the version is worse for certain on the reviews
    that the serving version was judged by.
    """
    what = f"{gate.metric}{f' of reviews with {gate.slice.told()}' if gate.slice else ''}"
    value = _number(figures.value)
    if figures.problem or value is None:
        return Verdict.INCONCLUSIVE, figures.problem or f"{what} was not reported"
    if gate.compare_with is None:
        return _judge_threshold(gate, what, value)
    baseline, low = _number(figures.baseline_value), _number(figures.low)
    if baseline is None or low is None:
        return Verdict.INCONCLUSIVE, f"{what} of {gate.beside} was not reported"
    margin = _margin(gate)
    deciding = decisive(gate, figures)
    told = _told(gate, what, deciding)
    if deciding is not figures:
        return Verdict.FAILED, f"on the reviews that {gate.beside} was judged by, {told}"
    if value - baseline < -margin:
        return Verdict.FAILED, told
    if low < -margin:
        return Verdict.INCONCLUSIVE, f"{told}: too few reviews to tell"
    return Verdict.PASSED, told


def decisive(gate: Gate, figures: Figures) -> Measured:
    """The figures that the verdict rests on: those of the earlier reviews where these alone speak against the version."""
    earlier = figures.on_earlier_reviews
    high = _number(earlier.high) if earlier is not None else None
    if earlier is None or high is None or high >= -_margin(gate):
        return figures
    return earlier


def _margin(gate: Gate) -> Decimal:
    return Decimal(gate.max_decrease or "0")


def _told(gate: Gate, what: str, measured: Measured) -> str:
    margin = _margin(gate)
    return (
        f"{what} is {measured.value}, that of {gate.beside} {measured.baseline_value} on the same"
        f" {measured.samples:,} reviews; with {CONFIDENCE * 100:.0f} % confidence the difference is at least"
        f" {measured.low}, and it has to be at least {-margin if margin else 0}"
    )


def _judge_threshold(gate: Gate, what: str, value: Decimal) -> tuple[Verdict, str]:
    threshold = Decimal(gate.threshold or "0")
    if gate.operator is Comparator.LESS_OR_EQUAL:
        passed, bound = value <= threshold, "at most"
    else:
        passed, bound = value >= threshold, "at least"
    verdict = Verdict.PASSED if passed else Verdict.FAILED
    return verdict, f"{what} is {value} and has to be {bound} {threshold}"


def _number(text: str) -> Decimal | None:
    """The number, None where there is none or where it is not finite."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None

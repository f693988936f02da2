"""The record of one trained version as a value: what the operator writes once and nobody changes.

As in model.py, descriptions and bounds are those of the CRD schema. This module knows no client and no clock.
"""

from pydantic import Field

from sentiment_contract.base import Wire
from sentiment_contract.recipe import Recipe
from sentiment_contract.search import SearchResult
from sentiment_contract.values import Sha256
from sentiment_operator.api.model import RegisteredModelName, ShortText, TrackingURL, VersionLabel
from sentiment_operator.api.promotion import ApprovalEvidence, GateEvidence
from sentiment_operator.api.rollout import FailedRollout
from sentiment_operator.api.stages import ModelReference, Origin
from sentiment_operator.api.status import HistoryEntry, Metric


class RegistryReference(Wire):
    """Where in MLflow the version stands."""

    tracking_url: TrackingURL = Field(
        alias="trackingURL", description="MLflow tracking server at the time of training."
    )
    model_name: RegisteredModelName = Field(description="Registered model.")
    version: ShortText = Field(description="Number of the model version.")
    run_id: ShortText = Field(alias="runID", description="Run that produced it.")


class SentimentModelRevisionSpec(Wire):
    """One trained version, complete and immutable."""

    model_ref: ModelReference = Field(description="The model this version belongs to.")
    version: VersionLabel = Field(description="Label of the version.")
    promoted_from: Origin | None = Field(
        default=None, description="The model that proved it before this one. Absent: it was trained here."
    )
    recipe: Recipe | None = Field(
        default=None, description="Data reference and effective parameters it was trained from."
    )
    recipe_hash: Sha256 = Field(description="Hash of the recipe.")
    search: SearchResult | None = Field(
        default=None,
        description="What the search of the recipe came to: what it was trained with. Absent: there was none.",
    )
    fingerprint: Sha256 = Field(description="Hash of data bytes, parameters, sample and split.")
    data_hash: Sha256 = Field(description="SHA-256 of the data file.")
    git_commit: ShortText = Field(default="", description="Commit of the data repository.")
    git_author: ShortText = Field(
        default="", description="E-mail address of who wrote that commit, in lower case. Empty where git tells none."
    )
    registry: RegistryReference = Field(description="Where in MLflow the version stands.")
    artifact_digest: Sha256 = Field(description="SHA-256 of the compiled model.")
    environment_hash: ShortText = Field(default="", description="Hash of the trainer's installed packages.")
    image_digest: ShortText = Field(default="", description="Image that trained it.")
    metrics: tuple[Metric, ...] = Field(default=(), max_length=20, description="Metrics on the held-out reviews.")

    def metric(self, name: str) -> str:
        """The value of one metric as a decimal string, empty if it was not reported."""
        return next((metric.value for metric in self.metrics if metric.name == name), "")


class SentimentModelRevisionStatus(Wire):
    """What a version proved, who let it, and when it served."""

    serving: tuple[HistoryEntry, ...] = Field(default=(), max_length=50, description="When it began to serve.")
    gates: tuple[GateEvidence, ...] = Field(
        default=(), max_length=50, description="What its gates came to, the latest last."
    )
    approvals: tuple[ApprovalEvidence, ...] = Field(
        default=(), max_length=50, description="What people answered, the latest last."
    )
    failed_rollouts: tuple[FailedRollout, ...] = Field(
        default=(), max_length=20, description="Rollouts in which it failed, the latest last."
    )

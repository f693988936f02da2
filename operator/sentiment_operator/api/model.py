"""The SentimentModel as a value: what a person may write. The answer in status: status.py; revisions: revision.py.

The field descriptions are the documentation that `kubectl explain` prints, and the bounds are those of the CRD schema:
both are generated from here. This module knows no client and no clock.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from sentiment_contract.base import Wire
from sentiment_contract.data import Data
from sentiment_contract.gates import Gate
from sentiment_contract.names import GROUP
from sentiment_contract.parameters import Parameters, ParametersFrom, Preset, effective_parameters
from sentiment_contract.recipe import Recipe, followed_label
from sentiment_contract.values import TrainerName
from sentiment_operator.api.notifications import MOST_SINKS, Notification
from sentiment_operator.api.promotion import Promotion
from sentiment_operator.api.resources import SERVER_RESOURCES, TRAINER_RESOURCES, Resources
from sentiment_operator.api.rollout import Rollout
from sentiment_operator.api.search import SearchSpec
from sentiment_operator.remembered import remembered

VERSION = "v1alpha1"

API_VERSION = f"{GROUP}/{VERSION}"

LABEL_PATTERN = r"^[a-z0-9]+([.-][a-z0-9]+)*$"

VersionLabel = Annotated[str, StringConstraints(pattern=LABEL_PATTERN, min_length=1, max_length=40)]

Message = Annotated[str, StringConstraints(max_length=4096)]

ShortText = Annotated[str, StringConstraints(max_length=256)]

Timestamp = Annotated[str, Field(max_length=40, json_schema_extra={"format": "date-time"})]

TrackingURL = Annotated[str, StringConstraints(pattern=r"^https?://[!-~]+$", min_length=10, max_length=1024)]

RegisteredModelName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", min_length=1, max_length=128)
]


class Training(Wire):
    """How a version that does not exist yet is trained."""

    preset: Preset = Field(
        default=Preset.DEFAULT,
        description=(
            "Named set of parameters: Fast trains in seconds, Default is the better model, Best the most accurate one,"
            " which takes longest."
        ),
    )
    parameters: Parameters = Field(
        default=Parameters(),
        description="Overrides of the preset. What is absent, the preset decides; a version records what it came to.",
    )
    parameters_from: ParametersFrom | None = Field(
        default=None,
        description=(
            "Parameters from a file of the repository in data.dvc, read at the commit that is trained from. They override the"
            " preset, and parameters override them."
        ),
    )
    search: SearchSpec | None = Field(
        default=None,
        description=(
            "Sets of parameters to try by cross-validation on the reviews to learn from. The best is trained with. Absent:"
            " the parameters as they stand."
        ),
    )
    trainer: TrainerName | None = Field(
        default=None,
        description="Name of a trainer image, one of the operator's list of trainers. Absent: the operator's own.",
    )
    resources: Resources = Field(
        default=Resources(),
        description=f"Resources of the training pod. Default: {TRAINER_RESOURCES.told()}.",
    )
    active_deadline_seconds: int = Field(
        default=1800,
        ge=30,
        le=604_800,
        description="A training that takes longer is stopped and fails; so is the search before it.",
    )
    backoff_limit: int = Field(
        default=2,
        ge=0,
        le=10,
        description=(
            "How often a crashed training pod is replaced before the training fails; in a search, before its trials count as"
            " failed."
        ),
    )


class Registry(Wire):
    """Which MLflow holds the versions. Immutable."""

    tracking_url: TrackingURL | None = Field(
        default=None,
        alias="trackingURL",
        description=(
            "MLflow tracking server, which has to answer without a login. Absent: the one the operator was installed with."
        ),
    )
    model_name: RegisteredModelName | None = Field(
        default=None, description="Name of the registered model. Absent: <namespace>.<name>."
    )


class Autoscaling(Wire):
    """Bounds and target of the HorizontalPodAutoscaler."""

    min_replicas: int = Field(default=1, ge=1, le=1000, description="Fewest pods.")
    max_replicas: int = Field(default=5, ge=1, le=1000, description="Most pods.")
    target_cpu_utilization_percent: int = Field(
        default=70,
        ge=1,
        le=100,
        alias="targetCPUUtilizationPercent",
        description="Average CPU use, in percent of the request, that the autoscaler aims at.",
    )


class ServiceType(StrEnum):
    """How the Service is reached."""

    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"


class Serving(Wire):
    """How the wanted version is served."""

    resources: Resources = Field(
        default=Resources(),
        description=f"Resources of a serving pod. Default: {SERVER_RESOURCES.told()}.",
    )
    autoscaling: Autoscaling | None = Field(
        default=None, description="Let a HorizontalPodAutoscaler choose the number of pods. Absent: replicas."
    )
    replicas: int | None = Field(
        default=None, ge=1, le=1000, description="Number of pods while autoscaling is absent. Absent: 1."
    )
    service_type: ServiceType = Field(
        default=ServiceType.CLUSTER_IP, description="ClusterIP, or NodePort to be reached from outside the cluster."
    )
    node_port: int | None = Field(
        default=None, ge=1, le=65535, description="Fixed port of a NodePort Service. Absent: the cluster chooses."
    )


class SentimentModelSpec(Wire):
    """What a person wants: data, training, serving, and which version."""

    version: VersionLabel | None = Field(
        default=None,
        description=(
            "Label of the version to serve. A known label is served as recorded, an unknown one is trained."
            " Absent: follow the recipe, or with promotion.from what that model has proven last."
        ),
    )
    suspend: bool = Field(
        default=False,
        description=(
            "True: start no new training and no rollout. What runs is kept as it is, and repaired; serving and rollout"
            " as edited meanwhile come into force when it is false again."
        ),
    )
    data: Data | None = Field(
        default=None,
        description=(
            "The reviews a new version is trained on: exactly one of dvc, url, volume. Absent with promotion.from alone:"
            " such a model trains nothing."
        ),
    )
    training: Training = Field(default=Training(), description="How a new version is trained.")
    registry: Registry = Field(
        default=Registry(), description="Where versions that are trained here are registered. Immutable."
    )
    gates: tuple[Gate, ...] = Field(
        default=(),
        max_length=10,
        description="What a new version must prove before it serves. One that served before needs no new proof.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    promotion: Promotion = Field(default=Promotion(), description="Who has to agree before a new version serves.")
    rollout: Rollout = Field(default=Rollout(), description="How a new version takes over.")
    serving: Serving = Field(default=Serving(), description="How the version is served.")
    notifications: tuple[Notification, ...] = Field(
        default=(),
        max_length=MOST_SINKS,
        description="Who is told of what happens to the model. Where a sink leads, the installation of the operator says.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["sink"]},
    )

    @model_validator(mode="after")
    def _has_one_origin(self) -> "SentimentModelSpec":
        if (self.data is None) == (self.promotion.source is None):
            raise ValueError("set exactly one of data, promotion.from")
        return self

    def recipe(self) -> Recipe | None:
        """What a new version would be trained with: data reference and effective parameters; None: it trains nothing."""
        if self.data is None:
            return None
        return Recipe(
            data=self.data,
            parameters=effective_parameters(self.training.preset, self.training.parameters),
            trainer=self.training.trainer,
            search=self.training.search.of_recipe() if self.training.search is not None else None,
        )

    def own_recipe(self) -> Recipe:
        """The same, of a model that trains. Raises ValueError for one that follows another."""
        recipe = self.recipe()
        if recipe is None:
            raise ValueError("a model that follows another one has no recipe of its own")
        return recipe

    def recipe_hash(self) -> str:
        """The hash of that, empty for a model that trains nothing."""
        return _recipe_hash(self)

    def wanted_label(self) -> str:
        """The label that the spec alone names: as written, or following the recipe. Empty: another model tells."""
        return self.version or (followed_label(self.recipe_hash()) if self.data is not None else "")


@remembered
def _recipe_hash(spec: SentimentModelSpec) -> str:
    recipe = spec.recipe()
    return recipe.recipe_hash() if recipe is not None else ""

"""What objects have in common, as far as this plugin reads it: objects_model.py, objects_revision.py.

A newer operator must not break it: unknown fields are ignored, and what is absent or null has a default.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, cast

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Seen(BaseModel):
    """A part of an object."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        coerce_numbers_to_str=True,
        protected_namespaces=(),
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in cast("dict[Any, Any]", data).items() if value is not None}


class Metadata(Seen):
    """What every object has."""

    name: str
    namespace: str = ""
    generation: int = 0
    creation_timestamp: Moment


class Reference(Seen):
    """A model by its name."""

    name: str


class Place(Seen):
    """Another model: one that is followed, or that a version was taken over from."""

    model_ref: Reference
    namespace: str = ""

    def told(self, otherwise: str = "") -> str:
        """Namespace and name. `otherwise`: the namespace where none is written."""
        return f"{self.namespace or otherwise}/{self.model_ref.name}"


class Metric(Seen):
    """One figure."""

    name: str
    value: str = ""


class Began(Seen):
    """When a version began to serve."""

    version: str
    since: Moment
    reason: str = ""


class GateEvidence(Seen):
    """What one gate came to."""

    name: str
    verdict: str = ""
    on_failure: str = ""
    message: str = ""
    metric: str = ""
    value: str = ""
    threshold: str = ""
    baseline_version: str = ""
    baseline_value: str = ""
    low: str = ""
    time: Moment


class Answer(Seen):
    """What one person answered for a version."""

    approved_by: str
    decision: str
    note: str = ""
    time: Moment


def accuracy(metrics: tuple[Metric, ...]) -> str:
    """The accuracy as a decimal string, empty where none was reported."""
    return next((metric.value for metric in metrics if metric.name == "accuracy"), "")

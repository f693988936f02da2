"""How models stand one behind the other: whom one follows, and who may follow it.

As in model.py, descriptions and bounds are those of the CRD schema. This module knows no client and no clock.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from sentiment_contract.base import Wire

MODEL_NAME_PATTERN = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"

ModelName = Annotated[str, StringConstraints(pattern=MODEL_NAME_PATTERN, min_length=1, max_length=40)]
NamespaceName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", min_length=1, max_length=63)
]


class ModelReference(Wire):
    """A SentimentModel by its name."""

    name: ModelName = Field(description="Name of the SentimentModel.")


class PromotionSource(Wire):
    """The model that another one follows."""

    model_ref: ModelReference = Field(description="The model that is followed.")
    namespace: NamespaceName | None = Field(
        default=None,
        description="Its namespace, if another one: it has to name this model's in spec.promotion.allowedNamespaces.",
    )
    soak_seconds: int = Field(
        default=0,
        ge=0,
        le=31_536_000,
        description="How long a version has to serve there in good health before it may serve here.",
    )


class Origin(Wire):
    """Where a version was taken over from."""

    model_ref: ModelReference = Field(description="The model that served it before.")
    namespace: NamespaceName = Field(description="Namespace of that model.")

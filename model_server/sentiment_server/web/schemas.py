"""Shapes of the plain interface and of the probes. Both ways to an answer, the direct one and FastAPI's, read and write these."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

TEXT_LIMIT = 100_000
BATCH_LIMIT = 256

Text = Annotated[
    str,
    Field(
        max_length=TEXT_LIMIT,
        description="A review in plain text. It may be empty: then the model's base rate answers.",
    ),
]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Review(_Strict):
    """One text to score."""

    text: Text = Field(examples=["A wonderful film, and I loved every minute of it."])


class Reviews(_Strict):
    """Texts to score together."""

    texts: Annotated[list[Text], Field(min_length=1, max_length=BATCH_LIMIT)] = Field(
        examples=[["A wonderful film.", "Two hours of my life that I want back."]]
    )


class Sentiment(_Strict):
    """What the model says about one text."""

    sentiment: Literal["positive", "negative"]
    probability: float = Field(
        ge=0, le=1, description="Probability of the sentiment named here, so usually 0.5 or more."
    )


class Prediction(Sentiment):
    """The answer for one text."""

    version: str = Field(description="Label of the version that answered.")


class Predictions(_Strict):
    """The answers for a batch, in the order of the texts."""

    predictions: list[Sentiment]
    version: str = Field(description="Label of the version that answered.")


class Alive(BaseModel):
    """The process answers."""

    alive: bool = True


class Readiness(BaseModel):
    """Whether new requests should be sent here, and why not."""

    ready: bool
    reason: str = Field(
        description="Loading, RegistryUnreachable, ArtifactMissing, DigestMismatch, ArtifactRefused, Draining or Ready."
    )
    message: str = Field(description="What is wrong, why, and what to do next.")
    model: str
    version: str
    digest: str = Field(description="SHA-256 of the compiled model that answers, or that shall answer.")

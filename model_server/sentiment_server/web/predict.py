"""The plain interface: one text or many, in and out as small JSON objects."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from sentiment_artifact import Score
from sentiment_server.model.serving import Serving
from sentiment_server.web.admission import Admission
from sentiment_server.web.documents import PROBLEMS
from sentiment_server.web.envelope import Predicted, remember
from sentiment_server.web.strict_json import StrictRoute

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


def routes(serving: Serving, admission: Admission) -> APIRouter:
    """`/predict` and `/predict/batch`."""
    router = APIRouter(tags=["Predict"], route_class=StrictRoute, responses=PROBLEMS)

    async def scores_of(request: Request, texts: list[str]) -> list[Score]:
        async with admission.admit():
            scores = await serving.score(texts)
        remember(request, Predicted(texts, scores))
        return scores

    @router.post("/predict")
    async def predict(request: Request, review: Review) -> Prediction:  # pyright: ignore[reportUnusedFunction] - a route
        """Score one review."""
        (score,) = await scores_of(request, [review.text])
        return Prediction(sentiment=score.sentiment, probability=score.probability, version=serving.identity.version)

    @router.post("/predict/batch")
    async def predict_batch(request: Request, reviews: Reviews) -> Predictions:  # pyright: ignore[reportUnusedFunction] - a route
        """Score up to 256 reviews at once."""
        scores = await scores_of(request, reviews.texts)
        answers = [Sentiment(sentiment=score.sentiment, probability=score.probability) for score in scores]
        return Predictions(predictions=answers, version=serving.identity.version)

    return router

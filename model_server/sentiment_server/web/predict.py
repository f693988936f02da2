"""The plain interface as FastAPI routes: one text or many, in and out as small JSON objects."""

from fastapi import APIRouter, Request

from sentiment_server.web.answering import Answering
from sentiment_server.web.documents import PROBLEMS
from sentiment_server.web.routing import StrictRoute
from sentiment_server.web.schemas import Prediction, Predictions, Review, Reviews


def routes(answering: Answering) -> APIRouter:
    """`/predict` and `/predict/batch`."""
    router = APIRouter(tags=["Predict"], route_class=StrictRoute, responses=PROBLEMS)

    @router.post("/predict")
    async def predict(request: Request, review: Review) -> Prediction:  # pyright: ignore[reportUnusedFunction] - a route
        """Score one review."""
        return await answering.review(request.scope, review)

    @router.post("/predict/batch")
    async def predict_batch(request: Request, reviews: Reviews) -> Predictions:  # pyright: ignore[reportUnusedFunction] - a route
        """Score up to 256 reviews at once."""
        return await answering.reviews(request.scope, reviews)

    return router

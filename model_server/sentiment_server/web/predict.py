"""The plain interface as FastAPI routes: one text or many, in and out as small JSON objects."""

from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope, Send

from sentiment_server.web.answering import Answering
from sentiment_server.web.documents import PROBLEMS, STREAM, STREAM_REPLIES
from sentiment_server.web.routing import StrictRoute
from sentiment_server.web.schemas import Prediction, Predictions, Review, Reviews
from sentiment_server.web.stream import Streams


def routes(answering: Answering, streams: Streams) -> APIRouter:
    """`/predict`, `/predict/batch` and `/predict/stream`."""
    router = APIRouter(tags=["Predict"], route_class=StrictRoute, responses=PROBLEMS)

    @router.post("/predict")
    async def predict(request: Request, review: Review) -> Prediction:  # pyright: ignore[reportUnusedFunction] - a route
        """Score one review."""
        return await answering.review(request.scope, review)

    @router.post("/predict/batch")
    async def predict_batch(request: Request, reviews: Reviews) -> Predictions:  # pyright: ignore[reportUnusedFunction] - a route
        """Score up to 256 reviews at once."""
        return await answering.reviews(request.scope, reviews)

    router.include_router(_stream_route(streams))
    return router


class _Exchange(Response):
    """Answers while it reads."""

    def __init__(self, streams: Streams) -> None:
        super().__init__()
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Instead of sending a reply that is there already."""
        await self._streams.exchange(scope, receive, send)


def _stream_route(streams: Streams) -> APIRouter:
    router = APIRouter(tags=["Predict"])

    @router.post("/predict/stream", response_model=None, openapi_extra=STREAM, responses=STREAM_REPLIES)
    async def predict_stream() -> Response:  # pyright: ignore[reportUnusedFunction] - a route
        """Score reviews without end: one JSON object a line, in and out, in bounded memory.

        A line is what `POST /predict` takes, and is answered by a line with what it replies, in order, while later lines
        are on their way. A line that is wrong is answered by its problem document with the number of the line. Read while
        you send: a client that takes no answers is not read from.
        """
        return _Exchange(streams)

    return router

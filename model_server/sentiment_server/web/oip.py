"""The Open Inference Protocol v2, so that clients of KServe, MLServer and Triton work against this server unchanged."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from sentiment_server import __version__
from sentiment_server.model.serving import Serving
from sentiment_server.web.answering import STRINGS, Answering
from sentiment_server.web.documents import PROBLEMS
from sentiment_server.web.oip_types import (
    LABEL,
    PROBABILITY,
    InferReply,
    InferRequest,
    Live,
    ModelMetadata,
    ModelReady,
    Ready,
    ServerMetadata,
    TensorMetadata,
)
from sentiment_server.web.routing import InferRoute


def routes(serving: Serving, answering: Answering) -> APIRouter:
    """Everything below `/v2`."""
    router = APIRouter(tags=["Open Inference Protocol"])
    router.include_router(_server_routes(serving))
    router.include_router(_model_routes(serving, answering))
    router.include_router(_infer_routes(answering))
    return router


def _server_routes(serving: Serving) -> APIRouter:
    router = APIRouter()

    @router.get("/v2")
    async def server_metadata() -> ServerMetadata:  # pyright: ignore[reportUnusedFunction] - a route
        """The server program."""
        return ServerMetadata(name="sentiment-server", version=__version__, extensions=[])

    @router.get("/v2/health/live")
    async def server_live() -> Live:  # pyright: ignore[reportUnusedFunction] - a route
        """The server answers."""
        return Live(live=True)

    @router.get("/v2/health/ready", response_model=Ready, responses={503: {"model": Ready}})
    async def server_ready() -> JSONResponse:  # pyright: ignore[reportUnusedFunction] - a route
        """The server takes inference requests."""
        return JSONResponse(Ready(ready=serving.state.ready).model_dump(), 200 if serving.state.ready else 503)

    return router


def _model_routes(serving: Serving, answering: Answering) -> APIRouter:
    router = APIRouter(responses={404: PROBLEMS[422]})

    @router.get("/v2/models/{model}")
    @router.get("/v2/models/{model}/versions/{version}")
    async def model_metadata(model: str, version: str | None = None) -> ModelMetadata:  # pyright: ignore[reportUnusedFunction] - a route
        """What the model takes and gives."""
        answering.require(model, version)
        return ModelMetadata(
            name=model,
            versions=[serving.identity.version],
            platform="sentiment_compiled",
            inputs=[TensorMetadata(name="text", datatype="BYTES", shape=[-1], parameters=STRINGS)],
            outputs=[
                TensorMetadata(name=LABEL, datatype="BYTES", shape=[-1], parameters=STRINGS),
                TensorMetadata(name=PROBABILITY, datatype="FP64", shape=[-1]),
            ],
        )

    @router.get("/v2/models/{model}/ready", response_model=ModelReady, responses={503: {"model": ModelReady}})
    @router.get(
        "/v2/models/{model}/versions/{version}/ready", response_model=ModelReady, responses={503: {"model": ModelReady}}
    )
    async def model_ready(model: str, version: str | None = None) -> JSONResponse:  # pyright: ignore[reportUnusedFunction] - a route
        """The model takes inference requests."""
        answering.require(model, version)
        ready = serving.state.ready
        return JSONResponse(ModelReady(name=model, ready=ready).model_dump(), 200 if ready else 503)

    return router


def _infer_routes(answering: Answering) -> APIRouter:
    router = APIRouter(route_class=InferRoute, responses={404: PROBLEMS[422], **PROBLEMS})

    @router.post("/v2/models/{model}/infer", response_model_exclude_none=True)
    @router.post("/v2/models/{model}/versions/{version}/infer", response_model_exclude_none=True)
    async def infer(  # pyright: ignore[reportUnusedFunction] - a route
        request: Request, model: str, asked: InferRequest, version: str | None = None
    ) -> InferReply:
        """Score up to 256 reviews at once."""
        return await answering.infer(request.scope, asked, model, version)

    return router

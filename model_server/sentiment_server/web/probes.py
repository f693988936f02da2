"""Is it alive, is it ready, what is it: for the kubelet, the operator and people."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from sentiment_server import __version__
from sentiment_server.model.serving import Serving
from sentiment_server.web.answering import Answering
from sentiment_server.web.schemas import Alive, Readiness


class Version(BaseModel):
    """The chain from the data to this process."""

    model: str
    version: str
    digest: str
    family: str | None = Field(description="linear or forest; null while the model is not loaded.")
    engine: str | None = Field(
        description="native or python: who scores, to the same last bit; null while nobody does."
    )
    same_unicode: bool | None = Field(description="Whether this process has the Unicode tables of the training.")
    lineage: dict[str, str] = Field(description="Commit, data, recipe and run that the version was made from.")
    server: str = Field(description="Version of the server program.")


def routes(serving: Serving, answering: Answering) -> APIRouter:
    """`/healthz`, `/readyz` and `/version`."""
    router = APIRouter(tags=["State"])

    @router.get("/healthz")
    async def healthz() -> Alive:  # pyright: ignore[reportUnusedFunction] - a route
        """The process answers; says nothing about the model, so that no restart is caused by a missing one."""
        return Alive()

    @router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
    async def readyz(request: Request) -> JSONResponse:  # pyright: ignore[reportUnusedFunction] - a route
        """The model is loaded, its digest is the pinned one, and it has scored a known review.

        `/readyz?wait` answers once loading has ended, well or not, or after three seconds.
        """
        status, readiness = await answering.readiness(request.scope)
        return JSONResponse(readiness.model_dump(), status)

    @router.get("/version")
    async def version() -> Version:  # pyright: ignore[reportUnusedFunction] - a route
        """Which model answers here and where it came from."""
        identity, compiled = serving.identity, serving.compiled
        return Version(
            model=identity.model,
            version=identity.version,
            digest=serving.digest,
            family=compiled.family if compiled else None,
            engine=compiled.engine if compiled else None,
            same_unicode=compiled.same_unicode if compiled else None,
            lineage=identity.lineage,
            server=__version__,
        )

    return router

"""Puts the routes, the limits and the errors together into one ASGI application."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from sentiment_contract.rollout import ServedArtifact
from sentiment_server import __version__
from sentiment_server.metrics import Metrics
from sentiment_server.model.background import start
from sentiment_server.model.comparison import Comparison
from sentiment_server.model.serving import Serving
from sentiment_server.model.source import Registry
from sentiment_server.rollout import ALONE, Part, RolloutFile, follow
from sentiment_server.settings import Settings
from sentiment_server.web import documents, oip, predict, probes, problems
from sentiment_server.web.admission import Admission
from sentiment_server.web.copies import Copies
from sentiment_server.web.envelope import Envelope, identity_headers
from sentiment_server.web.mirroring import Mirroring
from sentiment_server.web.receipt import BodyLimits, Receipt

Work = Callable[[], Coroutine[object, object, None]]


def create_app(settings: Settings, serving: Serving, metrics: Metrics) -> ASGIApp:
    """The whole application; it starts to load the model when its lifespan begins."""
    admission = Admission(settings.in_flight_limit)
    comparison = _comparison(settings, admission, metrics)
    copies = Copies(metrics.mirrored)
    metrics.watch_ready(lambda: serving.state.ready)
    metrics.watch_native(lambda: serving.compiled is not None and serving.compiled.engine == "native")
    metrics.watch_comparing(lambda: comparison.comparing)
    api = create_api(serving, admission, lambda: _live(settings, serving, comparison, copies))
    inner = Receipt(Mirroring(api, copies), _body_limits(settings))
    return Envelope(inner, serving, metrics, comparison, log_text=settings.log_text)


def create_api(serving: Serving, admission: Admission, live: Work) -> FastAPI:
    """The routes alone, as `/openapi.json` describes them; `live` runs beside them."""
    app = FastAPI(
        title="Sentiment model server",
        description=documents.DESCRIPTION,
        version=__version__,
        lifespan=_living(serving, live),
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    for router in (predict.routes(serving, admission), oip.routes(serving, admission), probes.routes(serving)):
        app.include_router(router)
    documents.install(app)
    problems.install(app)
    return app


async def _live(settings: Settings, serving: Serving, comparison: Comparison, copies: Copies) -> None:
    """Loads the model, and then plays the part that the rollout setting gives, until it is cancelled."""

    def take(part: Part) -> None:
        comparison.against(part.baseline)
        copies.towards(part.mirror)

    await serving.load_until_ready()
    if settings.rollout_file is not None:
        try:
            await follow(RolloutFile(settings.rollout_file), serving.digest, take, settings.rollout_seconds)
        finally:
            take(ALONE)


def _comparison(settings: Settings, admission: Admission, metrics: Metrics) -> Comparison:
    def source_of(artifact: ServedArtifact) -> Registry:
        assert settings.cache_directory is not None
        return Registry(
            tracking_url=artifact.tracking_url.rstrip("/"),
            registered_model=artifact.registered_model,
            version=artifact.registry_version,
            digest=artifact.digest,
            cache=settings.cache_directory,
            limits=settings.limits,
        )

    return Comparison(source_of, settings.retry, busy=lambda: admission.busy, count=metrics.compared)


def _body_limits(settings: Settings) -> BodyLimits:
    return BodyLimits(
        single=settings.body_limit_bytes,
        batch=settings.batch_body_limit_bytes,
        held=settings.held_bodies_limit_bytes,
        seconds=settings.receipt_seconds,
    )


def _living(serving: Serving, live: Work) -> Callable[[FastAPI], AbstractAsyncContextManager[dict[str, object]]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[dict[str, object]]:
        living = start(live())
        yield {"identity_headers": identity_headers(serving)}
        living.cancel()
        await asyncio.wait([living])

    return lifespan

"""Puts the routes, the limits and the errors together into one ASGI application."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from sentiment_server import __version__
from sentiment_server.metrics import Metrics
from sentiment_server.model.serving import Serving
from sentiment_server.settings import Settings
from sentiment_server.web import documents, oip, predict, probes, problems
from sentiment_server.web.admission import Admission
from sentiment_server.web.envelope import Envelope, identity_headers
from sentiment_server.web.receipt import BodyLimits, Receipt

_logger = logging.getLogger(__name__)


def create_app(settings: Settings, serving: Serving, metrics: Metrics) -> ASGIApp:
    """The whole application; it starts to load the model when its lifespan begins."""
    metrics.watch_ready(lambda: serving.state.ready)
    limits = BodyLimits(
        single=settings.body_limit_bytes,
        batch=settings.batch_body_limit_bytes,
        held=settings.held_bodies_limit_bytes,
        seconds=settings.receipt_seconds,
    )
    inner = Receipt(create_api(serving, Admission(settings.in_flight_limit)), limits)
    return Envelope(inner, serving, metrics, log_text=settings.log_text)


def create_api(serving: Serving, admission: Admission) -> FastAPI:
    """The routes alone, as `/openapi.json` describes them."""
    app = FastAPI(
        title="Sentiment model server",
        description=documents.DESCRIPTION,
        version=__version__,
        lifespan=_loading(serving),
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    for router in (predict.routes(serving, admission), oip.routes(serving, admission), probes.routes(serving)):
        app.include_router(router)
    documents.install(app)
    problems.install(app)
    return app


def _loading(serving: Serving) -> Callable[[FastAPI], AbstractAsyncContextManager[dict[str, object]]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[dict[str, object]]:
        loading = asyncio.create_task(serving.load_until_ready())
        loading.add_done_callback(_report_defect)
        yield {"identity_headers": identity_headers(serving)}
        loading.cancel()
        await asyncio.wait([loading])

    return lifespan


def _report_defect(loading: asyncio.Task[None]) -> None:
    """Every foreseen fault is handled in the loading itself; what is left must not pass in silence."""
    if not loading.cancelled() and (defect := loading.exception()) is not None:
        _logger.critical("The loading of the model failed for good.", exc_info=defect)

"""The FastAPI application: every route, and the description of all of them."""

from fastapi import FastAPI

from sentiment_server import __version__
from sentiment_server.model.serving import Serving
from sentiment_server.web import documents, oip, predict, probes, problem_handlers
from sentiment_server.web.answering import Answering
from sentiment_server.web.stream import Streams


def create_api(serving: Serving, answering: Answering, streams: Streams) -> FastAPI:
    """The routes alone, as `/openapi.json` describes them."""
    app = FastAPI(
        title="Sentiment model server",
        description=documents.DESCRIPTION,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    for router in (
        predict.routes(answering, streams),
        oip.routes(serving, answering),
        probes.routes(serving, answering),
    ):
        app.include_router(router)
    documents.install(app)
    problem_handlers.install(app)
    return app

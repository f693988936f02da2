"""Puts the two ways to an answer, the limits and the work beside them together into one ASGI application."""

from collections.abc import Mapping, Sequence

from starlette.types import ASGIApp

from sentiment_artifact import Score
from sentiment_contract.rollout import ServedArtifact
from sentiment_server.metrics import Metrics
from sentiment_server.model.comparison import Comparison
from sentiment_server.model.serving import Serving
from sentiment_server.model.source import Registry
from sentiment_server.rollout import ALONE, Part, RolloutFile, follow
from sentiment_server.settings import Settings
from sentiment_server.web.admission import Admission
from sentiment_server.web.answering import Answering
from sentiment_server.web.copies import Copies
from sentiment_server.web.direct import Direct
from sentiment_server.web.envelope import Envelope, identity_headers
from sentiment_server.web.lifespan import Living
from sentiment_server.web.mirroring import Mirroring
from sentiment_server.web.ondemand import OnDemand
from sentiment_server.web.receipt import BodyLimits, Held, Receipt
from sentiment_server.web.stream import StreamLimits, Streams
from sentiment_server.web.turn import Limits, Turn


def create_app(settings: Settings, serving: Serving, metrics: Metrics) -> ASGIApp:
    """The whole application; it starts to load the model when its lifespan begins."""
    admission = Admission(settings.in_flight_limit)
    comparison = _comparison(settings, admission, metrics)
    copies = Copies(metrics.mirrored)
    metrics.watch_ready(lambda: serving.state.ready)
    metrics.watch_loaded(lambda: serving.loaded_at)
    metrics.watch_native(lambda: serving.compiled is not None and serving.compiled.engine == "native")
    metrics.watch_comparing(lambda: comparison.comparing)

    def count(texts: Sequence[str], scores: Sequence[Score]) -> None:
        positive = sum([score.positive for score in scores])
        metrics.predicted(positive, len(scores) - positive)
        comparison.offer(texts, scores)

    answers = _answers(
        settings, serving, Answering(serving, admission), Streams(serving, _stream_limits(settings), count)
    )
    held = Held(settings.held_bodies_limit_bytes)
    inner = Receipt(Mirroring(answers, copies), _body_limits(settings), held)
    app = Envelope(inner, serving, metrics, count, log_text=settings.log_text)
    turn = Turn(serving, admission, Limits(settings.body_limit_bytes, held), copies, metrics, count)

    def left_for_connections() -> Mapping[str, object]:
        # What is told of each text is told by the envelope alone.
        plain = {"turn": turn} if settings.direct and not settings.log_text else {}
        return {"identity_headers": identity_headers(serving), **plain}

    return Living(app, lambda: _live(settings, serving, comparison, copies), left_for_connections)


def _answers(settings: Settings, serving: Serving, answering: Answering, streams: Streams) -> ASGIApp:
    def build() -> ASGIApp:
        from sentiment_server.web.api import create_api

        return create_api(serving, answering, streams)

    return Direct(OnDemand(build), answering, streams) if settings.direct else build()


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
        seconds=settings.receipt_seconds,
    )


def _stream_limits(settings: Settings) -> StreamLimits:
    return StreamLimits(settings.body_limit_bytes, settings.stream_limit, settings.stream_idle_seconds)

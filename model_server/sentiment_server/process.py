"""Runs the application under uvicorn, from the first connection to the last reply.

On SIGTERM the server first keeps answering for a while, with `Connection: close` on every reply and readiness gone, so
that clients and load balancers move on; it stops to listen when all have gone, or when the time is over. A second signal
ends it at once.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
from types import FrameType

import uvicorn
from prometheus_client import CollectorRegistry

from sentiment_server.logs import log_event
from sentiment_server.metrics import Metrics, serve_figures
from sentiment_server.model.serving import Serving
from sentiment_server.settings import Settings
from sentiment_server.summing import SummedFigures, tell_figures
from sentiment_server.web.app import create_app
from sentiment_server.web.protocol import ConnectionBounds, GuardedProtocol
from sentiment_server.web.taking_turns import TurnTakingProtocol
from sentiment_server.workers import Workers, listeners

_logger = logging.getLogger(__name__)

_QUIET_SECONDS = 0.5
"""So long nobody may be connected before the server believes that nobody comes any more."""


class DrainingServer(uvicorn.Server):
    """uvicorn's server with a phase of draining before the end."""

    def __init__(self, config: uvicorn.Config, serving: Serving, drain_seconds: float) -> None:
        super().__init__(config)
        self._serving = serving
        self._drain_seconds = drain_seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._draining: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to listen, and says so."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            log_event(
                _logger,
                logging.INFO,
                "listen",
                f"Listening on {self.config.host} port {port}.",
                **{"server.port": port},
            )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came; it may have interrupted anything, so the work is left to the loop."""
        if self._loop is None or self._serving.draining:
            self.should_exit = True
            self.force_exit = self._serving.draining
        else:
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        if self._serving.draining:
            return
        self._serving.drain()
        self._draining = asyncio.create_task(self._end_when_all_have_gone())

    async def _end_when_all_have_gone(self) -> None:
        loop = asyncio.get_running_loop()
        began = busy_at = loop.time()
        while loop.time() - began < self._drain_seconds and loop.time() - busy_at < _QUIET_SECONDS:
            if self.server_state.connections:
                busy_at = loop.time()
            await asyncio.sleep(_QUIET_SECONDS / 10)
        self.should_exit = True


def run(settings: Settings, serving: Serving, listening: socket.socket | None = None) -> int:
    """Serves until a signal ends the process. Returns the exit code. Raises OSError for a port in use.

    `listening`: where a server of one process listens already.
    """
    if settings.processes > 1:
        return _run_workers(settings, serving)
    metrics = Metrics(settings.model, settings.version)
    if settings.metrics_port:
        serve_figures(metrics.registry, settings.host, settings.metrics_port)
    return _serve(settings, serving, metrics, [listening] if listening is not None else None)


def _run_workers(settings: Settings, serving: Serving) -> int:
    def work(number: int, listening: socket.socket, asked: socket.socket) -> int:
        serving.join(number)
        metrics = Metrics(settings.model, settings.version)
        tell_figures(metrics.registry, asked, orphaned=lambda: os.kill(os.getpid(), signal.SIGTERM))
        return _serve(settings, serving, metrics, [listening])

    workers = Workers(listeners(settings.host, settings.port, settings.processes), work)
    if settings.metrics_port:
        registry = CollectorRegistry()
        registry.register(SummedFigures(workers.figures))
        serve_figures(registry, settings.host, settings.metrics_port)
    return workers.wait()


def _serve(settings: Settings, serving: Serving, metrics: Metrics, sockets: list[socket.socket] | None) -> int:
    GuardedProtocol.head_seconds = settings.header_seconds
    GuardedProtocol.bounds = ConnectionBounds(settings.connection_requests, settings.connection_seconds)
    config = uvicorn.Config(
        create_app(settings, serving, metrics),
        host=settings.host,
        port=settings.port,
        loop="auto",
        http=TurnTakingProtocol,
        interface="asgi3",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    server = DrainingServer(config, serving, settings.drain_seconds)
    gc.freeze()
    gc.enable()
    server.run(sockets)
    return 0 if server.started else 1

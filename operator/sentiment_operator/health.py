"""HTTP for Kubernetes and Prometheus: /healthz on one port, /metrics on another.

/healthz fails when the process would do better to be started anew: a pass that hangs, a queue nobody takes from, a
watch that misses events. A blocked event loop fails it by not answering. It cannot fail for anything outside the
process: an API server or MLflow that is away is no reason to restart.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Problems = Callable[[], list[str]]
"""What is wrong with the process, empty while nothing is."""


async def serve_health(port: int, problems: Problems) -> web.AppRunner:
    """Serve /healthz: 200, or 500 with what is wrong."""

    async def healthz(_: web.Request) -> web.Response:
        found = problems()
        return web.Response(text="; ".join(found) or "ok", status=500 if found else 200)

    return await _serve(port, "/healthz", healthz)


async def serve_metrics(port: int, refresh: Callable[[], None]) -> web.AppRunner:
    """Serve /metrics, after the gauges were brought up to date."""

    async def metrics(_: web.Request) -> web.Response:
        refresh()
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return await _serve(port, "/metrics", metrics)


async def _serve(
    port: int, path: str, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.AppRunner:
    application = web.Application()
    application.router.add_get(path, handler)
    runner = web.AppRunner(application, access_log=None, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    return runner
